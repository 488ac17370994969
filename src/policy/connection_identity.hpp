// Who asks, by the connection alone. Immutable; thread: any.
#pragma once

#include <selvedge/base/address_list.hpp>
#include <selvedge/policy/identifier.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

class ConnectionIdentity {
public:
  // Throws std::runtime_error that names a tier or a network which is none.
  explicit ConnectionIdentity(const PolicySet& policy);

  // The most telling source wins: certificate, network, server name, listener, default.
  Identity of(const ConnectionFacts& facts) const;

private:
  struct Certificate {
    std::string name;
    Identity identity;
  };
  using Tiers = std::map<std::string, std::uint8_t, std::less<>>;

  std::optional<Identity> of_certificate(const ConnectionFacts& facts) const;
  std::optional<Identity> of_network(const ConnectionFacts& facts) const;
  std::optional<Identity> of_server_name(std::string_view name) const;

  std::vector<Certificate> certificates_; // the first that fits wins
  base::AddressList networks_;
  std::vector<Identity> network_identities_; // as networks_; of no tenant: of each address
  Tiers server_names_;                       // lower case; "*.example.com" as ".example.com"
  Tiers listeners_;
  std::uint8_t default_tier_;
};

} // namespace selvedge::policy
