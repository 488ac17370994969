// Tokens: whatever they are, they are read or refused; what nobody signed is never believed; and
// of what is signed, what is believed has claims that say so.
#include <src/policy/base64url.hpp>
#include <src/policy/jwks.hpp>
#include <src/policy/jwt.hpp>
#include <src/policy/jwt_issuer.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace selvedge;
using namespace selvedge::policy;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};
constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

const PolicySet& policy_set() {
  static const PolicySet made = [] {
    PolicyOptions options;
    options.tiers.emplace_back().name = "premium";
    options.tiers.emplace_back().name = "free";
    return PolicySet(std::move(options));
  }();
  return made;
}

const JwtIssuer& issuer() {
  static const JwtIssuer made = [] {
    JwtOptions options;
    options.audience = "edge";
    options.tier_claim = "plan.tier";
    std::vector<SignatureKey> keys;
    keys.push_back(SignatureKey::of_secret(kSecret));
    return JwtIssuer(std::move(options), policy_set(), std::move(keys));
  }();
  return made;
}

std::string base64url(std::string_view bytes) {
  std::string text(4 * (bytes.size() / 3 + 1) + 1, '\0');
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  text.erase(text.find_last_not_of('=') + 1);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string mac_of(std::string_view text) {
  std::array<unsigned char, 32> mac{};
  unsigned size = 0;
  ::HMAC(::EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return {reinterpret_cast<const char*>(mac.data()), size};
}

// Bytes that come as texts are written back in the same letters.
void read_base64url(std::string_view text) {
  const auto bytes = base64url_decoded(text);
  if (bytes) fuzz::require(base64url(*bytes) == text, "one value has one text");
}

TokenFinding judge(std::string_view text) {
  const auto token = parse_jwt(text);
  if (!token) return {};
  fuzz::require(text.starts_with(token->signed_text), "what is signed is of the token");
  fuzz::require(token->claims.is_object(), "claims are an object");
  const TokenFinding finding = issuer().judge(*token, kNow);
  const bool is_signed = finding.outcome >= TokenOutcome::expired;
  fuzz::require(!is_signed || token->signature == mac_of(token->signed_text),
                "nothing is believed that nobody signed");
  if (finding.outcome != TokenOutcome::verified) {
    fuzz::require(finding.identity == Identity{}, "a bad token names nobody");
    return finding;
  }
  fuzz::require(token->algorithm == JwtAlgorithm::hs256, "by the algorithm of the key");
  fuzz::require(!token->has_critical, "without what is not understood");
  fuzz::require(finding.from <= kNow && kNow < finding.until, "it is valid now");
  fuzz::require(finding.identity.tier < policy_set().tiers().size(), "of a tier that exists");
  fuzz::require(finding.identity.source == IdentitySource::jwt, "by the token");
  return finding;
}

void read_keys(std::string_view text) {
  try {
    for (const SignatureKey& key : parse_jwks(text)) {
      fuzz::require(!key.verifies("text", "signature"), "nobody signed this");
    }
  } catch (const std::runtime_error& error) {
    fuzz::require(*error.what() != '\0', "it is said what is wrong");
  }
}

} // namespace

// A line that is a header, and claims: the two are signed.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string_view whole = input.rest();
  read_base64url(whole);
  judge(whole);
  read_keys(whole);
  const std::string header = base64url(input.line());
  const std::string text = header + "." + base64url(input.rest());
  judge(text + "." + base64url(mac_of(text)));
  return 0;
}
