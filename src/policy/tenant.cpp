#include "tenant.hpp"

#include <selvedge/base/address_list.hpp>
#include <selvedge/base/fingerprint.hpp>
#include <selvedge/policy/identifier.hpp>

namespace selvedge::policy {

std::uint64_t Identifier::tenant_hash(std::string_view name) {
  const base::Fingerprint print = base::fingerprint(name);
  const std::uint64_t hash = print.low ^ print.high;
  return hash == kNoTenant ? 1 : hash;
}

std::uint64_t tenant_of_address(std::string_view address) {
  const std::optional<std::string> network = base::client_network(address);
  return Identifier::tenant_hash(network ? std::string_view(*network) : address);
}

} // namespace selvedge::policy
