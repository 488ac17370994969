#include <src/policy/base64url.hpp>
#include <src/policy/jwt.hpp>
#include <src/policy/jwt_issuer.hpp>
#include <src/policy/strict_json.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/tokens.hpp>

#include <openssl/err.h>
#include <selvedge/policy/identifier.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace selvedge::policy;
using namespace std::chrono_literals;
using nlohmann::json;
namespace test = selvedge::test;

namespace {

constexpr std::chrono::sys_seconds kNow{1'800'000'000s};

std::string bytes_of(std::string_view text) {
  const auto bytes = base64url_decoded(text);
  REQUIRE(bytes);
  return *bytes;
}

const PolicySet& policy() {
  static const PolicySet made = [] {
    PolicyOptions options;
    options.tiers.resize(2);
    options.tiers[0].name = "premium";
    options.tiers[1].name = "free";
    return PolicySet(std::move(options));
  }();
  return made;
}

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

JwtIssuer issuer(JwtOptions options = {}) {
  std::vector<SignatureKey> keys;
  keys.push_back(SignatureKey::of_secret(kSecret));
  return {std::move(options), policy(), std::move(keys)};
}

TokenFinding judged(const json& claims, JwtOptions options = {}) {
  const std::string text = test::TokenKey::secret(kSecret).sign(claims);
  const auto token = parse_jwt(text);
  REQUIRE(token);
  return issuer(std::move(options)).judge(*token, kNow);
}

} // namespace

TEST_CASE("base64url has one text for each value", "[policy][jwt]") {
  CHECK(base64url_decoded("") == "");
  CHECK(base64url_decoded("Zg") == "f");
  CHECK(base64url_decoded("Zm8") == "fo");
  CHECK(base64url_decoded("Zm9v") == "foo");
  CHECK(base64url_decoded("-_-_") == "\xfb\xff\xbf");
  for (const char* text :
       {"Z", "Zm9vY", "Zg==", "Zh", "Zm9", "Zm 8", "Zm8\n", "+/+/", "Zm\xc3\xa9"}) {
    CAPTURE(text);
    CHECK_FALSE(base64url_decoded(text));
  }
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 37 + size);
    CHECK(base64url_decoded(test::base64url(bytes)) == bytes);
  }
}

TEST_CASE("JSON that something is decided by is strict", "[policy][jwt]") {
  const auto value = parse_strict_json(R"({"a":[1,-2,2.5,"x",true,null,{"b":{}}],"c":[]})");
  REQUIRE(value);
  CHECK(*value == json::parse(R"({"a":[1,-2,2.5,"x",true,null,{"b":{}}],"c":[]})"));
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_strict_json(nested(kJsonDepth)));
  CHECK_FALSE(parse_strict_json(nested(kJsonDepth + 1)));
  CHECK_FALSE(parse_strict_json(nested(100000)));
  for (std::string_view text : {"", "{", "{}x", R"({"a":1,"a":1})", R"({"b":{"a":1,"c":2,"a":3}})",
                                "{'a':1}", "nan", "1e999", "\"\xff\"", "[1,]", "// {}"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_strict_json(text));
  }
  CHECK_FALSE(parse_strict_json(std::string_view("{}\0", 3)));
}

TEST_CASE("the signatures of the RFCs are right", "[policy][jwt]") {
  struct Row {
    std::string source;
    SignatureKey key;
    std::string token;
  };
  const std::string claims = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                             "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
  std::vector<Row> rows;
  rows.push_back({"RFC 7515, A.1",
                  SignatureKey::of_secret(
                      bytes_of("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4"
                               "hcgUuTwjAzZr1Z9CAow")),
                  "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + claims +
                      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"});
  rows.push_back(
      {"RFC 7515, A.2",
       SignatureKey::of_rsa(
           bytes_of("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2"
                    "mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
                    "7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
                    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2eth"
                    "FkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"),
           bytes_of("AQAB")),
       "eyJhbGciOiJSUzI1NiJ9" + claims +
           "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
           "O8W"
           "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
           "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS"
           "jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
           "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv"
           "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"});
  rows.push_back(
      {"RFC 7515, A.3",
       SignatureKey::of_p256(bytes_of("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                             bytes_of("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")),
       "eyJhbGciOiJFUzI1NiJ9" + claims +
           "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
           "Kg6NU1Q"});
  rows.push_back(
      {"RFC 8037, A.4",
       SignatureKey::of_ed25519(bytes_of("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
       "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
       "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KA"
       "g"});
  for (const Row& row : rows) {
    CAPTURE(row.source);
    const std::size_t dot = row.token.rfind('.');
    const std::string text = row.token.substr(0, dot);
    const std::string signature = bytes_of(row.token.substr(dot + 1));
    CHECK(row.key.verifies(text, signature));
    CHECK_FALSE(row.key.verifies(text + "a", signature));
    CHECK_FALSE(row.key.verifies(text, signature.substr(1)));
    CHECK_FALSE(row.key.verifies(text, signature + "a"));
    CHECK_FALSE(row.key.verifies(text, ""));
    CHECK_FALSE(row.key.verifies(text, std::string(signature.size(), '\0')));
    for (std::size_t i = 0; i < signature.size(); ++i) {
      std::string other = signature;
      other[i] = static_cast<char>(other[i] ^ 1);
      CHECK_FALSE(row.key.verifies(text, other));
    }
    // Of the same length in the other form, DER is none.
    CHECK_FALSE(row.key.verifies(text, "\x30\x06\x02\x01\x01\x02\x01\x01"));
  }
}

TEST_CASE("a check that fails leaves OpenSSL's queue of errors as it was", "[policy][jwt]") {
  const SignatureKey key = SignatureKey::of_rsa(
      bytes_of(test::TokenKey::rsa().jwk("")["n"].get<std::string>()), bytes_of("AQAB"));
  ::ERR_clear_error();
  CHECK_FALSE(key.verifies("text", std::string(256, 'x')));
  CHECK_FALSE(key.verifies("text", "short"));
  CHECK_THROWS(SignatureKey::of_ed25519("short"));
  CHECK_THROWS(SignatureKey::of_p256(std::string(32, 'x'), std::string(32, 'y')));
  CHECK(::ERR_peek_error() == 0);
}

TEST_CASE("a claim is found by its name, else within objects", "[policy][jwt]") {
  const json claims = json::parse(
      R"({"tier":"a","x.y":"b","x":{"y":"c","z":{"w":"d"}},"https://e.com/x":{"t":"e"},"s":"f"})");
  const auto text = [&claims](std::string_view name) {
    const json* claim = claim_of(claims, name);
    return claim == nullptr ? std::string("-") : claim->get<std::string>();
  };
  CHECK(text("tier") == "a");
  CHECK(text("x.y") == "b");
  CHECK(text("x.z.w") == "d");
  CHECK(text("https://e.com/x.t") == "e");
  for (const char* name : {"", ".", "x.", ".x", "x.q", "s.f", "tier.x", "x.z.w.v"}) {
    CAPTURE(name);
    CHECK(text(name) == "-");
  }
}

TEST_CASE("dates of a token", "[policy][jwt]") {
  const std::int64_t now = kNow.time_since_epoch().count();
  struct Row {
    json claims;
    TokenOutcome outcome;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {{{"tier", "free"}}, TokenOutcome::verified}, // RFC 7519, 4.1.4: exp is optional
      {{{"tier", "free"}, {"exp", now + 1}}, TokenOutcome::verified},
      {{{"tier", "free"}, {"exp", now - 29}}, TokenOutcome::verified}, // the leeway
      {{{"tier", "free"}, {"exp", now - 30}}, TokenOutcome::expired},
      {{{"tier", "free"}, {"exp", static_cast<double>(now) - 29.5}}, TokenOutcome::verified},
      {{{"tier", "free"}, {"exp", static_cast<double>(now) - 30.5}}, TokenOutcome::expired},
      {{{"tier", "free"}, {"nbf", now + 30}}, TokenOutcome::verified},
      {{{"tier", "free"}, {"nbf", now + 31}}, TokenOutcome::expired},
      {{{"tier", "free"}, {"exp", 253402300799}}, TokenOutcome::verified},
      {{{"tier", "free"}, {"exp", 0}}, TokenOutcome::expired},
  }));
  CAPTURE(row.claims.dump());
  CHECK(judged(row.claims).outcome == row.outcome);
}

TEST_CASE("a token is valid from nbf to exp, with the leeway", "[policy][jwt]") {
  const std::int64_t now = kNow.time_since_epoch().count();
  JwtOptions options;
  options.leeway = 5s;
  const TokenFinding finding =
      judged({{"tier", "free"}, {"nbf", now - 60}, {"exp", now + 60}}, options);
  CHECK(finding.from == kNow - 65s);
  CHECK(finding.until == kNow + 65s);
}

TEST_CASE("issuer and audience", "[policy][jwt]") {
  JwtOptions options;
  options.issuer = "https://id.example";
  options.audience = "edge";
  const auto outcome = [&options](const json& iss, const json& aud) {
    return judged({{"tier", "free"}, {"iss", iss}, {"aud", aud}}, options).outcome;
  };
  CHECK(outcome("https://id.example", "edge") == TokenOutcome::verified);
  CHECK(outcome("https://id.example", {"other", "edge"}) == TokenOutcome::verified);
  CHECK(outcome("https://id.example", {"other", 7}) == TokenOutcome::refused);
  CHECK(outcome("https://id.example", "edge2") == TokenOutcome::refused);
  CHECK(outcome("https://id.example", nullptr) == TokenOutcome::refused);
  CHECK(outcome("https://id.example", {{"edge", 1}}) == TokenOutcome::refused);
  CHECK(outcome("https://id.example/", "edge") == TokenOutcome::refused);
  CHECK(outcome({"https://id.example"}, "edge") == TokenOutcome::refused);
  CHECK(judged({{"tier", "free"}}, options).outcome == TokenOutcome::refused);
}

TEST_CASE("tier and tenant of a token", "[policy][jwt]") {
  JwtOptions options;
  options.tier_claim = "plan.name";
  options.tenant_claim = "org.id";
  options.tiers = {{"gold", "premium"}, {"free", "premium"}};
  const auto identity = [&options](const json& plan, const json& org) {
    return judged({{"plan", {{"name", plan}}}, {"org", {{"id", org}}}}, options).identity;
  };
  const std::uint64_t acme = Identifier::tenant_hash("acme");
  CHECK(identity("gold", "acme") == Identity{0, IdentitySource::jwt, acme});
  CHECK(identity("premium", "acme") == Identity{0, IdentitySource::jwt, acme});
  CHECK(identity("free", "acme").tier == 0); // what is given outranks the name
  CHECK(identity("gold", 17).tenant == Identifier::tenant_hash("17"));
  CHECK(identity("gold", -17).tenant == Identifier::tenant_hash("-17"));
  for (const json& org : {json(""), json(1.5), json(nullptr), json::array({"acme"})}) {
    CHECK(identity("gold", org) == Identity{0, IdentitySource::jwt, 0});
  }
  for (const json& plan :
       {json("silver"), json(""), json(1), json(nullptr), json::array({"gold"})}) {
    CHECK(judged({{"plan", {{"name", plan}}}}, options).outcome == TokenOutcome::untiered);
  }
}
