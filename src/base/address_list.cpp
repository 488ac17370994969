#include <selvedge/base/address_list.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace selvedge::base {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr unsigned kV4Prefix = 96; // of ::ffff:0:0/96 (RFC 4291, 2.5.5.2)
constexpr Bytes kV4Network{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::size_t kClientBytes = 8; // of an IPv6 address

struct Address {
  Bytes bytes{};
  bool is_v4 = false;
};

std::optional<Address> parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.empty() || text.size() >= buffer.size() || text.find('\0') != text.npos) {
    return std::nullopt; // inet_pton would see what is in front of it
  }
  std::memcpy(buffer.data(), text.data(), text.size());
  Address address;
  if (::inet_pton(AF_INET, buffer.data(), address.bytes.data() + 12) == 1) {
    address.bytes[10] = address.bytes[11] = 0xFF;
    address.is_v4 = true;
    return address;
  }
  if (::inet_pton(AF_INET6, buffer.data(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

// The first `bits` bits are those of both.
bool is_within(const Bytes& address, const Bytes& network, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(network.begin(), network.begin() + whole, address.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

// Whether nothing is set behind the first `bits` bits.
bool is_network(const Bytes& address, unsigned bits) {
  for (unsigned bit = bits; bit < 128; ++bit) {
    if ((address[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

std::optional<unsigned> prefix_of(std::string_view text, bool is_v4) {
  unsigned bits = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, bits);
  if (error != std::errc() || end != last || bits > (is_v4 ? 32u : 128u)) return std::nullopt;
  return is_v4 ? bits + kV4Prefix : bits;
}

} // namespace

std::optional<std::string> client_network(std::string_view address) {
  const std::optional<Address> parsed = parse(address);
  if (!parsed) return std::nullopt;
  const Bytes& bytes = parsed->bytes;
  if (!is_within(bytes, kV4Network, kV4Prefix)) {
    return std::string(bytes.begin(), bytes.begin() + kClientBytes);
  }
  std::array<char, INET_ADDRSTRLEN> v4{};
  ::inet_ntop(AF_INET, bytes.data() + kV4Prefix / 8, v4.data(), v4.size());
  return v4.data();
}

AddressList::AddressList(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) {
    const std::size_t slash = text.find('/');
    const std::optional<Address> address = parse(std::string_view(text).substr(0, slash));
    std::optional<unsigned> bits = 128;
    if (address && slash != std::string::npos) {
      bits = prefix_of(std::string_view(text).substr(slash + 1), address->is_v4);
    }
    if (!address || !bits) throw std::runtime_error("'" + text + "' is no address or network");
    // 10.1.2.3/8 is more likely a slip than a wish for all of 10.0.0.0/8.
    if (!is_network(address->bytes, *bits)) {
      throw std::runtime_error("'" + text + "' is an address within that network");
    }
    networks_.push_back({address->bytes, *bits});
  }
}

std::optional<std::size_t> AddressList::most_specific(std::string_view address) const {
  std::optional<std::size_t> best;
  if (networks_.empty()) return best;
  const std::optional<Address> parsed = parse(address);
  if (!parsed) return best;
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    if (best && networks_[i].bits <= networks_[*best].bits) continue;
    if (is_within(parsed->bytes, networks_[i].address, networks_[i].bits)) best = i;
  }
  return best;
}

} // namespace selvedge::base
