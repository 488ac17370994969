#include "connection_identity.hpp"

#include "tenant.hpp"
#include "tier_names.hpp"

#include <algorithm>

namespace selvedge::policy {

namespace {

std::vector<std::string> networks_in(const PolicySet& policy) {
  std::vector<std::string> networks;
  for (const NetworkTierOptions& one : policy.options().identify.networks) {
    networks.push_back(one.network);
  }
  return networks;
}

// As the map of server names has it.
std::string key_of(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name.starts_with("*.") ? name.substr(1) : name;
}

} // namespace

ConnectionIdentity::ConnectionIdentity(const PolicySet& policy)
    : networks_(networks_in(policy)), default_tier_(policy.default_tier()) {
  const IdentifyOptions& identify = policy.options().identify;
  for (const CertificateTierOptions& one : identify.certificates) {
    const std::string& tenant = one.tenant.empty() ? one.name : one.tenant;
    certificates_.push_back({one.name,
                             {existing_tier(policy, one.tier), IdentitySource::certificate,
                              Identifier::tenant_hash(tenant)}});
  }
  for (const NetworkTierOptions& one : identify.networks) {
    network_identities_.push_back(
        {existing_tier(policy, one.tier), IdentitySource::network,
         one.tenant.empty() ? kNoTenant : Identifier::tenant_hash(one.tenant)});
  }
  for (const ServerNameTierOptions& one : identify.server_names) {
    server_names_.emplace(key_of(one.name), existing_tier(policy, one.tier));
  }
  for (const ListenerTierOptions& one : identify.listeners) {
    listeners_.emplace(one.listener, existing_tier(policy, one.tier));
  }
}

Identity ConnectionIdentity::of(const ConnectionFacts& facts) const {
  std::optional<Identity> found = of_certificate(facts);
  if (!found) found = of_network(facts);
  if (!found) found = of_server_name(facts.server_name);
  if (!found) {
    const auto listener = listeners_.find(facts.listener);
    found = listener == listeners_.end()
                ? Identity{default_tier_, IdentitySource::none, kNoTenant}
                : Identity{listener->second, IdentitySource::listener, kNoTenant};
  }
  if (found->tenant == kNoTenant) found->tenant = tenant_of_address(facts.peer_address);
  return *found;
}

std::optional<Identity> ConnectionIdentity::of_certificate(const ConnectionFacts& facts) const {
  const auto& names = facts.certificate_names;
  if (names.empty()) return std::nullopt;
  const auto found = std::find_if(
      certificates_.begin(), certificates_.end(), [&names](const Certificate& certificate) {
        return std::find(names.begin(), names.end(), certificate.name) != names.end();
      });
  if (found == certificates_.end()) return std::nullopt;
  return found->identity;
}

std::optional<Identity> ConnectionIdentity::of_network(const ConnectionFacts& facts) const {
  const auto index = networks_.most_specific(facts.peer_address);
  if (!index) return std::nullopt;
  return network_identities_[*index];
}

// The name itself, else the longest wildcard that it ends with.
std::optional<Identity> ConnectionIdentity::of_server_name(std::string_view name) const {
  if (name.empty() || server_names_.empty()) return std::nullopt;
  auto found = name.front() == '.' ? server_names_.end() : server_names_.find(name);
  for (std::size_t dot = name.find('.', 1);
       found == server_names_.end() && dot != std::string_view::npos;
       dot = name.find('.', dot + 1)) {
    found = server_names_.find(name.substr(dot));
  }
  if (found == server_names_.end()) return std::nullopt;
  return Identity{found->second, IdentitySource::server_name, kNoTenant};
}

} // namespace selvedge::policy
