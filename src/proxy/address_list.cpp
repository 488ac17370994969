#include <selvedge/proxy/address_list.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <stdexcept>

namespace selvedge::proxy {

namespace {

namespace ip = boost::asio::ip;

constexpr unsigned kV4Prefix = 96; // of ::ffff:0:0/96 (RFC 4291, 2.5.5.2)

using Bytes = std::array<std::uint8_t, 16>;

Bytes bytes_of(const ip::address& address) {
  const ip::address_v6 v6 =
      address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
  return v6.to_bytes();
}

// The first `bits` bits are those of both.
bool is_within(const Bytes& address, const Bytes& network, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(network.begin(), network.begin() + whole, address.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

} // namespace

AddressList::AddressList(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) {
    boost::system::error_code bad;
    if (text.find('/') == std::string::npos) {
      const ip::address address = ip::make_address(text, bad);
      if (bad) throw std::runtime_error("'" + text + "' is no address or network");
      networks_.push_back({bytes_of(address), 128});
      continue;
    }
    bool is_exact = true; // 10.1.2.3/8 is more likely a slip than a wish for all of 10.0.0.0/8
    Network network;
    if (const ip::network_v4 v4 = ip::make_network_v4(text, bad); !bad) {
      is_exact = v4.address() == v4.network();
      network = {bytes_of(v4.network()), kV4Prefix + v4.prefix_length()};
    } else if (const ip::network_v6 v6 = ip::make_network_v6(text, bad); !bad) {
      is_exact = v6.address() == v6.network();
      network = {bytes_of(v6.network()), v6.prefix_length()};
    }
    if (bad) throw std::runtime_error("'" + text + "' is no address or network");
    if (!is_exact) throw std::runtime_error("'" + text + "' is an address within that network");
    networks_.push_back(network);
  }
}

bool AddressList::contains(std::string_view address) const {
  boost::system::error_code bad;
  const ip::address parsed = ip::make_address(std::string(address), bad);
  if (bad) return false;
  const Bytes bytes = bytes_of(parsed);
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return is_within(bytes, network.address, network.bits);
  });
}

} // namespace selvedge::proxy
