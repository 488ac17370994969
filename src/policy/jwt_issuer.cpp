#include "jwt_issuer.hpp"

#include "jwks.hpp"
#include "tenant.hpp"

#include <selvedge/policy/identifier.hpp>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace selvedge::policy {

namespace {

using nlohmann::json;

SignatureKey secret_in(const KeyFile& file) {
  std::string text = file.read();
  std::string_view secret = text;
  // An editor's last line end is no part of it.
  if (secret.ends_with('\n')) secret.remove_suffix(1);
  if (secret.ends_with('\r')) secret.remove_suffix(1);
  SignatureKey key = SignatureKey::of_secret(secret);
  ::OPENSSL_cleanse(text.data(), text.size());
  return key;
}

bool is_text(const json* value, std::string_view wanted) {
  return value != nullptr && value->is_string() && value->get_ref<const std::string&>() == wanted;
}

const json* member(const json& claims, const char* name) {
  const auto found = claims.find(name);
  return found == claims.end() ? nullptr : &*found;
}

// RFC 7519, 4.1.3: one text, or an array of them.
bool is_audience(const json* value, std::string_view wanted) {
  if (value == nullptr || !value->is_array()) return is_text(value, wanted);
  return std::any_of(value->begin(), value->end(),
                     [wanted](const json& one) { return is_text(&one, wanted); });
}

std::uint64_t tenant_in(const json& claims, std::string_view name) {
  const json* claim = claim_of(claims, name);
  if (claim == nullptr) return kNoTenant;
  if (claim->is_number_integer()) return Identifier::tenant_hash(claim->dump());
  if (!claim->is_string()) return kNoTenant;
  const auto& text = claim->get_ref<const std::string&>();
  return text.empty() ? kNoTenant : Identifier::tenant_hash(text);
}

} // namespace

JwtIssuer::JwtIssuer(JwtOptions options, const PolicySet& policy)
    : options_(std::move(options)), tiers_(options_.tiers, policy) {
  read_keys();
}

JwtIssuer::JwtIssuer(JwtOptions options, const PolicySet& policy, std::vector<SignatureKey> keys)
    : options_(std::move(options)), tiers_(options_.tiers, policy), keys_(std::move(keys)) {}

void JwtIssuer::read_keys() {
  const auto read = [this](const std::string& path, auto keys_in) {
    if (path.empty()) return;
    const KeyFile& file = files_.emplace_back(path);
    try {
      for (SignatureKey& key : keys_in(file)) keys_.push_back(std::move(key));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("key file '{}': {}", path, error.what()));
    }
  };
  read(options_.jwks_file, [](const KeyFile& file) { return parse_jwks(file.read()); });
  read(options_.secret_file, [](const KeyFile& file) {
    std::vector<SignatureKey> keys;
    keys.push_back(secret_in(file));
    return keys;
  });
  std::erase_if(keys_, [this](const SignatureKey& key) {
    const auto& accepted = options_.algorithms;
    return !accepted.empty() &&
           std::find(accepted.begin(), accepted.end(), key.algorithm()) == accepted.end();
  });
  if (!keys_.empty()) return;
  const std::string& path = options_.jwks_file.empty() ? options_.secret_file : options_.jwks_file;
  throw std::runtime_error(
      fmt::format("key file '{}': holds no key for the algorithms that are accepted", path));
}

TokenFinding JwtIssuer::judge(const Jwt& token, std::chrono::sys_seconds now) const {
  TokenFinding finding;
  finding.outcome = TokenOutcome::refused;
  if (!accepts(token)) return finding;
  finding.outcome = TokenOutcome::forged;
  if (!is_signed(token)) return finding;
  if (token.not_before) finding.from = *token.not_before - options_.leeway;
  if (token.expires) finding.until = *token.expires + options_.leeway;
  finding.outcome = TokenOutcome::expired;
  if (now < finding.from || now >= finding.until) return finding;
  finding.outcome = TokenOutcome::untiered;
  const json* claim = claim_of(token.claims, options_.tier_claim);
  if (claim == nullptr || !claim->is_string()) return finding;
  const auto tier = tiers_.tier_of(claim->get_ref<const std::string&>());
  if (!tier) return finding;
  finding.outcome = TokenOutcome::verified;
  finding.identity = {*tier, IdentitySource::jwt, tenant_in(token.claims, options_.tenant_claim)};
  return finding;
}

bool JwtIssuer::accepts(const Jwt& token) const {
  if (!token.algorithm || token.has_critical) return false;
  const auto is_of_algorithm = [&token](const SignatureKey& key) {
    return key.algorithm() == token.algorithm;
  };
  if (std::none_of(keys_.begin(), keys_.end(), is_of_algorithm)) return false;
  if (!options_.issuer.empty() && !is_text(member(token.claims, "iss"), options_.issuer)) {
    return false;
  }
  return options_.audience.empty() || is_audience(member(token.claims, "aud"), options_.audience);
}

// A key without a name is tried for every token, as is every key for a token that names none.
bool JwtIssuer::is_signed(const Jwt& token) const {
  return std::any_of(keys_.begin(), keys_.end(), [&token](const SignatureKey& key) {
    const bool is_meant = !token.key_id || key.id().empty() || key.id() == *token.key_id;
    return is_meant && key.algorithm() == token.algorithm &&
           key.verifies(token.signed_text, token.signature);
  });
}

bool JwtIssuer::is_outdated() const {
  return std::any_of(files_.begin(), files_.end(),
                     [](const KeyFile& file) { return file.has_changed(); });
}

} // namespace selvedge::policy
