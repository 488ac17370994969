#include "tenant.hpp"

#include <selvedge/base/fingerprint.hpp>
#include <selvedge/policy/identifier.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include <arpa/inet.h>

namespace selvedge::policy {

namespace {

constexpr std::size_t kNetworkBytes = 8;
constexpr std::array<char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\xFF', '\xFF'};

} // namespace

std::uint64_t Identifier::tenant_hash(std::string_view name) {
  const base::Fingerprint print = base::fingerprint(name);
  const std::uint64_t hash = print.low ^ print.high;
  return hash == kNoTenant ? 1 : hash;
}

std::uint64_t tenant_of_address(std::string_view address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.size() >= text.size()) return Identifier::tenant_hash(address);
  std::memcpy(text.data(), address.data(), address.size());
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.data(), bytes.data()) != 1) {
    return Identifier::tenant_hash(address); // of IPv4, which has one text only; or of no network
  }
  if (!std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    return Identifier::tenant_hash({bytes.data(), kNetworkBytes});
  }
  std::array<char, INET_ADDRSTRLEN> v4{}; // as a socket of both families says it
  ::inet_ntop(AF_INET, bytes.data() + kMapped.size(), v4.data(), v4.size());
  return Identifier::tenant_hash(v4.data());
}

} // namespace selvedge::policy
