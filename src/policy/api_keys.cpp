#include "api_keys.hpp"

#include "tenant.hpp"
#include "tier_names.hpp"

#include <selvedge/policy/identifier.hpp>

#include <fmt/format.h>
#include <openssl/sha.h>

#include <charconv>
#include <cstddef>
#include <stdexcept>

namespace selvedge::policy {

ApiKeys::ApiKeys(const PolicySet& policy) {
  const auto& configured = policy.options().identify.api_keys;
  for (std::size_t i = 0; i < configured.size(); ++i) {
    const ApiKeyOptions& one = configured[i];
    const std::optional<Digest> digest = digest_in(one.sha256);
    if (!digest) throw std::runtime_error(fmt::format("api_keys[{}]: no SHA-256 in hex", i));
    const std::uint64_t tenant =
        one.tenant.empty() ? kNoTenant : Identifier::tenant_hash(one.tenant);
    identities_.emplace(*digest,
                        Identity{existing_tier(policy, one.tier), IdentitySource::api_key, tenant});
  }
}

std::optional<Identity> ApiKeys::identity_of(std::string_view key) const {
  Digest digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  const auto found = identities_.find(digest);
  if (found == identities_.end()) return std::nullopt;
  return found->second;
}

std::optional<ApiKeys::Digest> ApiKeys::digest_in(std::string_view hex) {
  Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* first = hex.data() + 2 * i;
    const auto [end, error] = std::from_chars(first, first + 2, digest[i], 16);
    if (error != std::errc() || end != first + 2) return std::nullopt;
  }
  return digest;
}

} // namespace selvedge::policy
