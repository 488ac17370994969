// Keys that clients were given, by their hashes. Immutable; thread: any.
#pragma once

#include <selvedge/policy/identity.hpp>
#include <selvedge/policy/policy_set.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace selvedge::policy {

class ApiKeys {
public:
  // Throws std::runtime_error that names a tier which does not exist, or says which hash is none.
  explicit ApiKeys(const PolicySet& policy);

  bool empty() const { return identities_.empty(); }
  // Hashes the key. How long it looks tells of the hash only, which says nothing of other keys.
  std::optional<Identity> identity_of(std::string_view key) const;

private:
  using Digest = std::array<std::uint8_t, 32>; // SHA-256
  static std::optional<Digest> digest_in(std::string_view hex);

  std::map<Digest, Identity> identities_; // of no tenant: of each address
};

} // namespace selvedge::policy
