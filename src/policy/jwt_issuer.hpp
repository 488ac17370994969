// What one configuration of tokens says of a token: whether it is one of its issuer, valid now, and
// whom it names. Immutable; thread: any.
#pragma once

#include "jwt.hpp"
#include "key_file.hpp"
#include "signature_key.hpp"
#include "tier_names.hpp"

#include <selvedge/policy/identity.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace selvedge::policy {

// The nearer to being believed, the later.
enum class TokenOutcome : std::uint8_t {
  malformed,
  refused,  // an algorithm that is not accepted, crit, or iss or aud of others
  forged,   // no key says that the signature is right
  expired,  // or not yet valid
  untiered, // of a tier that does not exist
  verified,
};

struct TokenFinding {
  TokenOutcome outcome = TokenOutcome::malformed;
  Identity identity; // when verified; the tenant is kNoTenant when it names none
  // When it is valid, with the leeway; of what is signed.
  std::chrono::sys_seconds from = std::chrono::sys_seconds::min();
  std::chrono::sys_seconds until = std::chrono::sys_seconds::max();
};

class JwtIssuer {
public:
  // Reads the key files. Throws std::runtime_error that names the one and what is wrong with it.
  JwtIssuer(JwtOptions options, const PolicySet& policy);
  // With these keys and no files.
  JwtIssuer(JwtOptions options, const PolicySet& policy, std::vector<SignatureKey> keys);

  const JwtOptions& options() const { return options_; }
  // What can be told without the signature comes first: that is where the time goes.
  TokenFinding judge(const Jwt& token, std::chrono::sys_seconds now) const;
  bool is_outdated() const;

private:
  void read_keys();
  bool accepts(const Jwt& token) const;
  bool is_signed(const Jwt& token) const;

  JwtOptions options_;
  TierNames tiers_;
  std::vector<KeyFile> files_;
  std::vector<SignatureKey> keys_; // of accepted algorithms
};

} // namespace selvedge::policy
