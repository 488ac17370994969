// Tokens in requests: which are believed, which are not, and what is counted.
#include <selvedge/policy/identifier.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/key_file.hpp>
#include <tests/support/tokens.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace selvedge;
using namespace selvedge::policy;
using namespace std::chrono_literals;
using nlohmann::json;
using test::KeyFile;
using test::TokenKey;

namespace {

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kOtherSecret = "fedcba9876543210fedcba9876543210";
constexpr std::string_view kPeer = "192.0.2.7";

const TokenKey& rsa_key() {
  static const TokenKey key = TokenKey::rsa();
  return key;
}

struct Counts {
  std::uint64_t verified = 0, cached = 0, expired = 0, forged = 0, refused = 0;
  std::uint64_t malformed = 0, oversized = 0, untiered = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};

Counts counts_of(const IdentityCounters& counters) {
  return {counters.tokens_verified.value(),  counters.tokens_cached.value(),
          counters.tokens_expired.value(),   counters.tokens_forged.value(),
          counters.tokens_refused.value(),   counters.tokens_malformed.value(),
          counters.tokens_oversized.value(), counters.tokens_untiered.value()};
}

// Tiers premium, standard and free, the last being the default.
IdentifierPtr identifier_with(std::vector<JwtOptions> jwt) {
  PolicyOptions options;
  for (const char* name : {"premium", "standard", "free"}) {
    options.tiers.emplace_back().name = name;
  }
  options.identify.jwt = std::move(jwt);
  return std::make_shared<const Identifier>(std::make_shared<const PolicySet>(std::move(options)));
}

// A worker and an identifier: HS256 by a secret, and RS256 by the key "r".
struct Fixture {
  KeyFile keys{test::jwks({rsa_key().jwk("r")})};
  KeyFile secret{std::string(kSecret) + "\n"};
  IdentifierPtr identifier = identifier_with({options()});
  TokenCache cache{64};
  IdentityCounters counters;
  base::ManualClock clock;

  JwtOptions options() const {
    JwtOptions jwt;
    jwt.jwks_file = keys.path();
    jwt.secret_file = secret.path();
    jwt.issuer = "https://id.example";
    jwt.audience = "edge";
    return jwt;
  }
  std::int64_t now() const { return clock.now().wall.time_since_epoch().count(); }
  json claims() const {
    return {{"iss", "https://id.example"},
            {"aud", "edge"},
            {"exp", now() + 600},
            {"tier", "premium"},
            {"sub", "acme"}};
  }
  json with(const char* name, const json& value) const {
    json made = claims();
    made[name] = value;
    return made;
  }
  Identity connection() const { return identifier->of_connection({kPeer, "", "", {}}); }
  Identity ask(const http::RequestHead& request) {
    return identifier->of_request(request, kPeer, connection(), cache, clock.now(), counters);
  }
  Identity ask_bearing(const std::string& token) {
    const std::string value = "Bearer " + token;
    http::RequestHead request;
    request.fields.add(http::FieldName::authorization, value);
    return ask(request);
  }
};

const TokenKey& secret_key() {
  static const TokenKey key = TokenKey::secret(kSecret);
  return key;
}

struct Bad {
  std::string what;
  std::string token;
  Counts counts;
};

constexpr Counts kMalformed{.malformed = 1};
constexpr Counts kRefused{.refused = 1};
constexpr Counts kForged{.forged = 1};
constexpr Counts kExpired{.expired = 1};
constexpr Counts kUntiered{.untiered = 1};

std::vector<Bad> bad_dates(const Fixture& f) {
  const auto sign = [](const json& claims) { return secret_key().sign(claims); };
  const std::string open = R"({"alg":"HS256"})";
  const auto written = [&open](const std::string& date) {
    const std::string claims =
        R"({"iss":"https://id.example","aud":"edge","tier":"premium","exp":)";
    return secret_key().sign_texts(open, claims + date + "}");
  };
  return {
      {"expired", sign(f.with("exp", f.now() - 30)), kExpired},
      {"nbf in the future", sign(f.with("nbf", f.now() + 31)), kExpired},
      {"exp as a string", sign(f.with("exp", "1800000000")), kMalformed},
      {"exp null", sign(f.with("exp", nullptr)), kMalformed},
      {"exp negative", sign(f.with("exp", -1)), kExpired},
      {"exp very negative", written("-1e300"), kMalformed},
      {"exp in milliseconds", sign(f.with("exp", (f.now() + 600) * 1000)), kMalformed},
      {"exp beyond 64 bits", written("99999999999999999999999"), kMalformed},
      {"exp beyond a double", written("1e999"), kMalformed},
      {"exp a float, past", sign(f.with("exp", static_cast<double>(f.now()) - 30.5)), kExpired},
      {"nbf an array", sign(f.with("nbf", json::array())), kMalformed},
  };
}

std::vector<Bad> bad_signatures(const Fixture& f) {
  const std::string good = secret_key().sign(f.claims());
  const std::string unsigned_part = good.substr(0, good.rfind('.'));
  const auto unsecured = [&f](const std::string& algorithm) {
    return test::base64url(json{{"alg", algorithm}}.dump()) + "." +
           test::base64url(f.claims().dump()) + ".";
  };
  std::string forged = good;
  forged[good.rfind('.') + 1] = forged[good.rfind('.') + 1] == 'A' ? 'B' : 'A';
  const std::string public_key = rsa_key().jwk("r")["n"];
  return {
      {"a forged signature", forged, kForged},
      {"by another secret", TokenKey::secret(kOtherSecret).sign(f.claims()), kForged},
      {"a truncated signature", good.substr(0, good.size() - 3), kForged},
      {"a signature and more", good + "AAAA", kForged},
      {"by another RSA key", TokenKey::rsa().sign(f.claims(), "r"), kForged},
      {"an unknown kid", rsa_key().sign(f.claims(), "unknown"), kForged},
      {"HS256 by the modulus", TokenKey::secret(public_key).sign(f.claims(), "r"), kForged},
      {"none", unsecured("none"), kRefused},
      {"None", unsecured("None"), kRefused},
      {"NONE", unsecured("NONE"), kRefused},
      {"nOnE", unsecured("nOnE"), kRefused},
      {"none with a signature", unsecured("none") + good.substr(good.rfind('.') + 1), kRefused},
      {"an empty alg", unsecured(""), kRefused},
      {"alg in lower case", unsecured("hs256") + "AAAA", kRefused},
      {"ES256, which no key is for", TokenKey::p256().sign(f.claims()), kRefused},
      {"no signature", unsigned_part + ".", kMalformed},
      {"no signature and no dot", unsigned_part, kMalformed},
  };
}

std::vector<Bad> bad_claims(const Fixture& f) {
  const auto sign = [](const json& claims) { return secret_key().sign(claims); };
  json aimless = f.claims();
  aimless.erase("aud");
  json tierless = f.claims();
  tierless.erase("tier");
  return {
      {"another issuer", sign(f.with("iss", "https://evil.example")), kRefused},
      {"another audience", sign(f.with("aud", {"shop", "mail"})), kRefused},
      {"no audience", sign(aimless), kRefused},
      {"an unknown tier", sign(f.with("tier", "emperor")), kUntiered},
      {"a tier with a NUL", sign(f.with("tier", std::string("premium\0", 8))), kUntiered},
      {"a tier that is none", sign(f.with("tier", 0)), kUntiered},
      {"no tier", sign(tierless), kUntiered},
  };
}

std::vector<Bad> bad_forms(const Fixture& f) {
  const std::string good = secret_key().sign(f.claims());
  const std::size_t first = good.find('.');
  const std::string open = R"({"alg":"HS256"})";
  const auto of_texts = [](const std::string& header, const std::string& claims) {
    return secret_key().sign_texts(header, claims);
  };
  const std::string claims = f.claims().dump();
  const std::string twice = claims.substr(0, claims.size() - 1) + R"(,"tier":"premium"})";
  const std::string deep = std::string(2000, '[') + std::string(2000, ']');
  std::string nul = claims;
  nul.insert(1, 1, '\0');
  return {
      {"nothing but dots", "..", kMalformed},
      {"one text", "token", kMalformed},
      {"four parts", good + ".AAAA", kMalformed},
      {"five parts", good + ".AAAA.AAAA", kMalformed},
      {"no header", good.substr(first), kMalformed},
      {"no claims", good.substr(0, first + 1) + good.substr(good.rfind('.')), kMalformed},
      {"padding", good + "=", kMalformed},
      {"a stray character", "*" + good, kMalformed},
      {"a space within", good.substr(0, 9) + " " + good.substr(9), kMalformed},
      {"a NUL within", std::string(good).insert(9, 1, '\0'), kMalformed},
      {"a NUL at the end", good + std::string(1, '\0'), kMalformed},
      {"a header that is not JSON", of_texts("HS256", claims), kMalformed},
      {"a header that is an array", of_texts(R"(["HS256"])", claims), kMalformed},
      {"a header without alg", of_texts("{}", claims), kMalformed},
      {"alg that is no string", of_texts(R"({"alg":["HS256"]})", claims), kMalformed},
      {"alg twice", of_texts(R"({"alg":"none","alg":"HS256"})", claims), kMalformed},
      {"kid that is no string", of_texts(R"({"alg":"HS256","kid":1})", claims), kMalformed},
      {"crit", of_texts(R"({"alg":"HS256","crit":["exp"],"exp":1})", claims), kRefused},
      {"empty crit", of_texts(R"({"alg":"HS256","crit":[]})", claims), kRefused},
      {"claims that are not JSON", of_texts(open, "premium"), kMalformed},
      {"claims that are an array", of_texts(open, "[" + claims + "]"), kMalformed},
      {"a claim twice", of_texts(open, twice), kMalformed},
      {"claims nested deeply", of_texts(open, R"({"a":)" + deep + "}"), kMalformed},
      {"claims and a NUL", of_texts(open, claims + std::string(1, '\0')), kMalformed},
      {"a NUL in claims", of_texts(open, nul), kMalformed},
      {"bytes that are no text", of_texts(open, "{\"a\":\"\xff\"}"), kMalformed},
      {"oversized",
       of_texts(open, R"({"a":)" + std::string(10000, '[') + std::string(10000, ']') + "}"),
       Counts{.oversized = 1}},
  };
}

void check(const std::vector<Bad>& rows) {
  for (const Bad& row : rows) {
    CAPTURE(row.what);
    Fixture f;
    CHECK(f.ask_bearing(row.token) == f.connection());
    CHECK(counts_of(f.counters) == row.counts);
    // Again: remembered, unless it is not even looked at.
    CHECK(f.ask_bearing(row.token) == f.connection());
    Counts twice = row.counts;
    (row.counts.oversized > 0 ? twice.oversized : twice.cached) += 1;
    CHECK(counts_of(f.counters) == twice);
  }
}

} // namespace

TEST_CASE("the token that the bad ones are made from is good", "[policy][identifier]") {
  Fixture f;
  const Identity wanted{0, IdentitySource::jwt, Identifier::tenant_hash("acme")};
  CHECK(f.ask_bearing(secret_key().sign(f.claims())) == wanted);
  CHECK(f.ask_bearing(rsa_key().sign(f.claims())) == wanted);
  CHECK(f.ask_bearing(rsa_key().sign(f.claims(), "r")) == wanted);
  CHECK(counts_of(f.counters) == Counts{.verified = 3});
}

TEST_CASE("bad tokens are as none, and counted", "[policy][identifier]") {
  const Fixture f;
  SECTION("dates") {
    check(bad_dates(f));
  }
  SECTION("signatures") {
    check(bad_signatures(f));
  }
  SECTION("claims") {
    check(bad_claims(f));
  }
  SECTION("forms") {
    check(bad_forms(f));
  }
}

TEST_CASE("a token is good until it expires, also when it is remembered", "[policy][identifier]") {
  Fixture f;
  const std::string token = secret_key().sign(f.claims());
  REQUIRE(f.ask_bearing(token).source == IdentitySource::jwt);
  f.clock.advance(629s);
  CHECK(f.ask_bearing(token).source == IdentitySource::jwt);
  CHECK(counts_of(f.counters) == Counts{.verified = 1, .cached = 1});
  f.clock.advance(1s);
  CHECK(f.ask_bearing(token) == f.connection());
  CHECK(counts_of(f.counters) == Counts{.verified = 1, .cached = 1, .expired = 1});
}

TEST_CASE("a token becomes good at nbf", "[policy][identifier]") {
  Fixture f;
  const std::string token = secret_key().sign(f.with("nbf", f.now() + 40));
  CHECK(f.ask_bearing(token) == f.connection());
  f.clock.advance(9s);
  CHECK(f.ask_bearing(token) == f.connection());
  f.clock.advance(1s);
  CHECK(f.ask_bearing(token).source == IdentitySource::jwt);
  CHECK(counts_of(f.counters) == Counts{.verified = 1, .cached = 1, .expired = 1});
}

TEST_CASE("a key that has been replaced counts no more", "[policy][identifier]") {
  Fixture f;
  const std::string token = secret_key().sign(f.claims());
  REQUIRE(f.ask_bearing(token).source == IdentitySource::jwt);
  CHECK_FALSE(f.identifier->is_outdated());
  f.secret.write(kOtherSecret);
  CHECK(f.identifier->is_outdated());
  f.identifier = identifier_with({f.options()});
  CHECK_FALSE(f.identifier->is_outdated());
  CHECK(f.ask_bearing(token) == f.connection());
  CHECK(f.ask_bearing(TokenKey::secret(kOtherSecret).sign(f.claims())).source ==
        IdentitySource::jwt);
  f.keys.write(test::jwks({rsa_key().jwk("other")}));
  CHECK(f.identifier->is_outdated());
  f.keys.remove();
  f.secret.remove();
  CHECK_FALSE(f.identifier->is_outdated()); // what was read goes on to work
}

TEST_CASE("where a token is looked for", "[policy][identifier]") {
  Fixture f;
  JwtOptions of_header = f.options();
  of_header.header = "X-Token";
  JwtOptions of_cookie = f.options();
  of_cookie.cookie = "session";
  f.identifier = identifier_with({f.options(), of_header, of_cookie});
  CHECK(f.identifier->credential_fields() ==
        std::vector<std::string>{"authorization", "x-token", "cookie"});
  const std::string token = secret_key().sign(f.claims());
  const std::string standard = secret_key().sign(f.with("tier", "standard"));
  const auto tier = [&f](std::initializer_list<std::pair<std::string, std::string>> fields) {
    http::RequestHead request;
    for (const auto& [name, value] : fields) request.fields.add(name, value);
    const Identity identity = f.ask(request);
    return identity.source == IdentitySource::jwt ? int{identity.tier} : -1;
  };
  CHECK(tier({{"Authorization", "Bearer " + token}}) == 0);
  CHECK(tier({{"authorization", "bEARER   " + token + " "}}) == 0);
  CHECK(tier({{"x-token", token}}) == 0);
  CHECK(tier({{"X-TOKEN", token}}) == 0);
  CHECK(tier({{"cookie", "a=b; session=" + token + "; c=d"}}) == 0);
  CHECK(tier({{"cookie", "a=b"}, {"cookie", "session=" + token}}) == 0);
  CHECK(tier({{"cookie", "session=" + token + ";session=" + standard}}) == 0);
  CHECK(tier({{"authorization", "Bearer " + standard}, {"x-token", token}}) == 1);
  CHECK(tier({{"authorization", "Basic dXNlcg=="}, {"x-token", token}}) == 0);
  CHECK(tier({{"x-token", ""}, {"cookie", "session=" + token}}) == 0);
  const Counts before = counts_of(f.counters);
  CHECK(tier({{"authorization", "Basic " + token}}) == -1);
  CHECK(tier({{"authorization", token}}) == -1);
  CHECK(tier({{"cookie", "xsession=" + token + "; Session=" + token + "; session="}}) == -1);
  CHECK(tier({{"cookie", ";;=; session"}}) == -1);
  CHECK(tier({}) == -1);
  CHECK(counts_of(f.counters) == before); // these carry none
  CHECK(tier({{"x-token", "Bearer " + token}}) == -1);
  CHECK(tier({{"authorization", "Bearer"}}) == -1);
  CHECK(tier({{"authorization", "Bearer " + token}, {"Authorization", "Bearer " + token}}) == -1);
  CHECK(tier({{"x-token", token}, {"x-token", token}}) == -1);
  CHECK(counts_of(f.counters).malformed == before.malformed + 4);
}

TEST_CASE("two issuers in one header", "[policy][identifier]") {
  Fixture f;
  const KeyFile other_secret{kOtherSecret};
  JwtOptions other;
  other.secret_file = other_secret.path();
  SECTION("told apart by iss") {
    other.issuer = "https://other.example";
  }
  SECTION("told apart by the key") {}
  other.tiers = {{"premium", "standard"}};
  const TokenKey other_key = TokenKey::secret(kOtherSecret);
  const bool is_other_first = GENERATE(false, true);
  f.identifier = is_other_first ? identifier_with({other, f.options()})
                                : identifier_with({f.options(), other});
  const json others = f.with("iss", "https://other.example");
  CHECK(f.ask_bearing(secret_key().sign(f.claims())).tier == 0);
  CHECK(f.ask_bearing(other_key.sign(others)).tier == 1);
  CHECK(f.ask_bearing(other_key.sign(others)).tier == 1);
  CHECK(counts_of(f.counters) == Counts{.verified = 2, .cached = 1});
  CHECK(f.ask_bearing(secret_key().sign(others)) == f.connection());
  CHECK(counts_of(f.counters).forged == 1);
}

TEST_CASE("an issuer's token in another's place is not its token", "[policy][identifier]") {
  Fixture f;
  const KeyFile other_secret{kOtherSecret};
  JwtOptions other;
  other.secret_file = other_secret.path();
  other.header = "x-token";
  f.identifier = identifier_with({f.options(), other});
  const std::string token = secret_key().sign(f.claims());
  REQUIRE(f.ask_bearing(token).source == IdentitySource::jwt);
  http::RequestHead request;
  request.fields.add("x-token", token);
  CHECK(f.ask(request) == f.connection());
  CHECK(counts_of(f.counters) == Counts{.verified = 1, .forged = 1});
}

TEST_CASE("only the algorithms that are given are accepted", "[policy][identifier]") {
  Fixture f;
  JwtOptions options = f.options();
  options.algorithms = {JwtAlgorithm::rs256};
  f.identifier = identifier_with({options});
  CHECK(f.ask_bearing(rsa_key().sign(f.claims())).source == IdentitySource::jwt);
  CHECK(f.ask_bearing(secret_key().sign(f.claims())) == f.connection());
  CHECK(counts_of(f.counters) == Counts{.verified = 1, .refused = 1});
}
