#include "jwks.hpp"

#include "base64url.hpp"
#include "strict_json.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

namespace selvedge::policy {

namespace {

using nlohmann::json;

// A member's text; nothing when it is not there.
std::optional<std::string> text_in(const json& key, const char* name) {
  const auto member = key.find(name);
  if (member == key.end()) return std::nullopt;
  if (!member->is_string()) throw std::runtime_error(fmt::format("'{}' is not a string", name));
  return member->get<std::string>();
}

std::string bytes_in(const json& key, const char* name) {
  const std::optional<std::string> text = text_in(key, name);
  if (!text) throw std::runtime_error(fmt::format("'{}' is missing", name));
  std::optional<std::string> bytes = base64url_decoded(*text);
  if (!bytes || bytes->empty()) {
    throw std::runtime_error(fmt::format("'{}' is not base64url", name));
  }
  return std::move(*bytes);
}

// Nothing: of a type or a curve that no accepted algorithm uses.
std::optional<JwtAlgorithm> algorithm_for(const json& key) {
  const std::optional<std::string> type = text_in(key, "kty");
  if (!type) throw std::runtime_error("'kty' is missing");
  if (*type == "RSA") return JwtAlgorithm::rs256;
  if (*type == "oct") return JwtAlgorithm::hs256;
  if (*type != "EC" && *type != "OKP") return std::nullopt;
  const std::optional<std::string> curve = text_in(key, "crv");
  if (!curve) throw std::runtime_error("'crv' is missing");
  if (*type == "EC" && *curve == "P-256") return JwtAlgorithm::es256;
  if (*type == "OKP" && *curve == "Ed25519") return JwtAlgorithm::eddsa;
  return std::nullopt;
}

// RFC 7517, 4.2 to 4.4: what the key says that it is for.
bool is_for(const json& key, JwtAlgorithm algorithm) {
  const std::optional<std::string> use = text_in(key, "use");
  if (use && *use != "sig") return false;
  const std::optional<std::string> meant = text_in(key, "alg");
  if (meant && *meant != text_of(algorithm)) return false;
  const auto operations = key.find("key_ops");
  if (operations == key.end()) return true;
  if (!operations->is_array()) throw std::runtime_error("'key_ops' is not an array");
  return std::find(operations->begin(), operations->end(), json("verify")) != operations->end();
}

SignatureKey material_of(const json& key, JwtAlgorithm algorithm) {
  switch (algorithm) {
  case JwtAlgorithm::rs256:
    return SignatureKey::of_rsa(bytes_in(key, "n"), bytes_in(key, "e"));
  case JwtAlgorithm::es256:
    return SignatureKey::of_p256(bytes_in(key, "x"), bytes_in(key, "y"));
  case JwtAlgorithm::eddsa:
    return SignatureKey::of_ed25519(bytes_in(key, "x"));
  case JwtAlgorithm::hs256:
    break;
  }
  std::string secret = bytes_in(key, "k");
  SignatureKey made = SignatureKey::of_secret(secret);
  ::OPENSSL_cleanse(secret.data(), secret.size());
  return made;
}

std::optional<SignatureKey> key_of(const json& key) {
  if (!key.is_object()) throw std::runtime_error("is not an object");
  const std::optional<JwtAlgorithm> algorithm = algorithm_for(key);
  if (!algorithm || !is_for(key, *algorithm)) return std::nullopt;
  return material_of(key, *algorithm).named(text_in(key, "kid").value_or(""));
}

} // namespace

std::vector<SignatureKey> parse_jwks(std::string_view text) {
  const std::optional<json> set = parse_strict_json(text);
  if (!set) throw std::runtime_error("is not JSON, or has a member twice");
  const auto listed = set->is_object() ? set->find("keys") : set->end();
  if (listed == set->end() || !listed->is_array()) {
    throw std::runtime_error("has no array \"keys\" (RFC 7517, 5)");
  }
  std::vector<SignatureKey> keys;
  for (std::size_t i = 0; i < listed->size(); ++i) {
    try {
      std::optional<SignatureKey> key = key_of((*listed)[i]);
      if (key) keys.push_back(std::move(*key));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("keys[{}]: {}", i, error.what()));
    }
  }
  return keys;
}

} // namespace selvedge::policy
