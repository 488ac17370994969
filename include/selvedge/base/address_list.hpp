// Which clients are meant, by their address.
// Thread: any, once made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::base {

// What one client has, as bytes that no other one has: an IPv4 address (its text, also of the one
// that a socket of both families names) or the first 64 bits of an IPv6 one (RFC 6177: a customer
// has at least that). Nothing for what is no address. Allocates nothing.
std::optional<std::string> client_network(std::string_view address);

// Addresses and networks: "127.0.0.1", "10.0.0.0/8", "::1". Throws std::runtime_error that names a
// bad one.
class AddressList {
public:
  explicit AddressList(const std::vector<std::string>& networks);
  bool contains(std::string_view address) const { return most_specific(address).has_value(); }
  // The index of the network with the longest prefix that holds the address, the first of equals;
  // nothing also for what is no address. Allocates nothing.
  std::optional<std::size_t> most_specific(std::string_view address) const;

private:
  struct Network {
    std::array<std::uint8_t, 16> address{}; // IPv4 as ::ffff:0:0/96
    unsigned bits = 128;
  };
  std::vector<Network> networks_;
};

} // namespace selvedge::base
