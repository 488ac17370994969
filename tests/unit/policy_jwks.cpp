#include <src/policy/jwks.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/tokens.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace selvedge::policy;
using nlohmann::json;
namespace test = selvedge::test;

namespace {

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

std::size_t count_of(const json& key) {
  return parse_jwks(test::jwks({key})).size();
}

// What is said of a set with that key in second place.
std::string refusal_of(const json& key) {
  try {
    parse_jwks(test::jwks({test::TokenKey::p256().jwk("good"), key}));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

json with(json key, const char* name, const json& value) {
  key[name] = value;
  return key;
}

json without(json key, const char* name) {
  key.erase(name);
  return key;
}

} // namespace

TEST_CASE("keys of every kind are read from a JWK Set", "[policy][jwks]") {
  std::vector<test::TokenKey> signers;
  signers.push_back(test::TokenKey::rsa());
  signers.push_back(test::TokenKey::p256());
  signers.push_back(test::TokenKey::ed25519());
  signers.push_back(test::TokenKey::secret(kSecret));
  const auto keys =
      parse_jwks(test::jwks({signers[0].jwk("a"), signers[1].jwk("b"), signers[2].jwk("c"),
                             without(signers[3].jwk(""), "kid")}));
  REQUIRE(keys.size() == 4);
  CHECK(keys[0].id() == "a");
  CHECK(keys[3].id().empty());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(text_of(keys[i].algorithm()) == signers[i].algorithm());
    const std::string token = signers[i].sign(json{{"n", i}});
    const std::size_t dot = token.rfind('.');
    const std::string text = token.substr(0, dot);
    std::string signature(token.size(), '\0');
    const std::string padded = token.substr(dot + 1);
    for (std::size_t other = 0; other < keys.size(); ++other) {
      const auto bytes = [&padded] {
        std::string standard = padded;
        for (char& c : standard) c = c == '-' ? '+' : c == '_' ? '/' : c;
        const std::size_t fill = (4 - standard.size() % 4) % 4;
        standard.append(fill, '=');
        std::string out(standard.size(), '\0');
        const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                         reinterpret_cast<const unsigned char*>(standard.data()),
                                         static_cast<int>(standard.size()));
        out.resize(static_cast<std::size_t>(size) - fill);
        return out;
      }();
      CHECK(keys[other].verifies(text, bytes) == (other == i));
    }
  }
}

TEST_CASE("keys for something else are passed over", "[policy][jwks]") {
  const json key = test::TokenKey::p256().jwk("k");
  CHECK(count_of(key) == 1);
  CHECK(count_of(with(key, "use", "sig")) == 1);
  CHECK(count_of(with(key, "alg", "ES256")) == 1);
  CHECK(count_of(with(key, "key_ops", {"sign", "verify"})) == 1);
  CHECK(count_of(with(key, "x5c", {"text"})) == 1); // RFC 7517, 4: members that are not known
  CHECK(count_of(with(key, "use", "enc")) == 0);
  CHECK(count_of(with(key, "alg", "ES384")) == 0);
  CHECK(count_of(with(key, "alg", "HS256")) == 0);
  CHECK(count_of(with(key, "key_ops", json::array({"sign"}))) == 0);
  CHECK(count_of(with(key, "crv", "P-384")) == 0);
  CHECK(count_of(with(key, "kty", "AKP")) == 0);
  CHECK(count_of({{"kty", "OKP"}, {"crv", "X25519"}, {"x", "AA"}}) == 0);
  const json rsa = test::TokenKey::rsa().jwk("r");
  CHECK(count_of(with(rsa, "alg", "PS256")) == 0);
  CHECK(parse_jwks(R"({"keys":[]})").empty());
}

TEST_CASE("a bad key is named with what is wrong", "[policy][jwks]") {
  const json curve = test::TokenKey::p256().jwk("k");
  const json rsa = test::TokenKey::rsa().jwk("r");
  struct Row {
    json key;
    std::string text;
  };
  const std::vector<Row> rows{
      {test::TokenKey::rsa(1024).jwk("r"), "RSA key of 1024 bits"},
      {with(rsa, "e", "AA"), "RSA"},
      {without(rsa, "n"), "'n' is missing"},
      {with(rsa, "n", "+/+/"), "'n' is not base64url"},
      {with(rsa, "n", 7), "'n' is not a string"},
      {with(curve, "x", "AAAA"), "32 bytes"},
      {with(curve, "y", curve["x"]), "no point of the curve"},
      {without(curve, "crv"), "'crv' is missing"},
      {without(curve, "kty"), "'kty' is missing"},
      {with(curve, "kid", 1), "'kid' is not a string"},
      {with(curve, "key_ops", "verify"), "'key_ops' is not an array"},
      {{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AAAA"}}, "32 bytes"},
      {{{"kty", "oct"}, {"k", "c2hvcnQ"}}, "a secret of 5 bytes"}, // RFC 7518, 3.2
      {json("text"), "is not an object"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.key.dump(), row.text);
    const std::string refusal = refusal_of(row.key);
    CHECK(refusal.starts_with("keys[1]: "));
    CHECK(refusal.find(row.text) != std::string::npos);
  }
}

TEST_CASE("what is no JWK Set is refused", "[policy][jwks]") {
  for (const char* text :
       {"", "{}", "[]", "7", "{\"keys\":{}}", "{\"keys\":[]", "{\"keys\":[],\"keys\":[]}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_jwks(text), std::runtime_error);
  }
}
