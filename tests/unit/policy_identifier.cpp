// Who asks by the connection, an API key or a believed proxy; and keys that cannot be used.
#include <selvedge/policy/identifier.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/key_file.hpp>
#include <tests/support/tokens.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace selvedge;
using namespace selvedge::policy;

namespace {

// Of the keys "key-a" and "key-b".
constexpr const char* kHashA = "F10F781241E2246678B6B45C857069208152A53863E47FAC33F607AB405006F4";
constexpr const char* kHashB = "a30534a53b23547377ddccbd1ac85a8a84c13db43493c16e55a6abc7b0eba634";

PolicyOptions options() {
  PolicyOptions made;
  for (const char* name : {"premium", "standard", "free"}) made.tiers.emplace_back().name = name;
  return made;
}

IdentifierPtr identifier_of(PolicyOptions made) {
  return std::make_shared<const Identifier>(std::make_shared<const PolicySet>(std::move(made)));
}

std::uint64_t hash(std::string_view name) {
  return Identifier::tenant_hash(name);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Worker {
  explicit Worker(PolicyOptions made) : identifier(identifier_of(std::move(made))) {}

  Identity ask(const Fields& fields, std::string_view peer = "192.0.2.7",
               std::vector<std::string> certificate = {}) {
    http::RequestHead request;
    for (const auto& [name, value] : fields) request.fields.add(name, value);
    const Identity connection = identifier->of_connection({peer, "", "", certificate});
    return identifier->of_request(request, peer, connection, cache, clock.now(), counters);
  }

  IdentifierPtr identifier;
  TokenCache cache{16};
  IdentityCounters counters;
  base::ManualClock clock;
};

} // namespace

TEST_CASE("a connection is known by what tells most", "[policy][identifier]") {
  PolicyOptions made = options();
  made.identify.certificates = {{"spiffe://acme/edge", "premium", "acme"},
                                {"b.test", "standard", ""}};
  made.identify.networks = {{"10.0.0.0/8", "standard", ""},
                            {"10.1.0.0/16", "premium", "lab"},
                            {"2001:db8::/32", "standard", ""}};
  made.identify.server_names = {{"Pro.Example.com", "premium"},
                                {"*.example.com", "standard"},
                                {"*.free.example.com", "free"}};
  made.identify.listeners = {{"paid", "premium"}};
  const IdentifierPtr identifier = identifier_of(made);
  const std::vector<std::string> acme{"edge", "b.test", "spiffe://acme/edge"};
  const std::vector<std::string> b{"b.test"};
  const std::vector<std::string> stranger{"c.test"};
  struct Row {
    ConnectionFacts facts;
    Identity identity;
  };
  using Source = IdentitySource;
  const std::vector<Row> rows{
      {{"192.0.2.7", "", "", {}}, {2, Source::none, hash("192.0.2.7")}},
      {{"192.0.2.7", "paid", "", {}}, {0, Source::listener, hash("192.0.2.7")}},
      {{"192.0.2.7", "paid", "a.example.com", {}}, {1, Source::server_name, hash("192.0.2.7")}},
      {{"192.0.2.7", "", "pro.example.com", {}}, {0, Source::server_name, hash("192.0.2.7")}},
      {{"192.0.2.7", "", "x.pro.example.com", {}}, {1, Source::server_name, hash("192.0.2.7")}},
      {{"192.0.2.7", "", "x.free.example.com", {}}, {2, Source::server_name, hash("192.0.2.7")}},
      {{"192.0.2.7", "paid", "example.com", {}}, {0, Source::listener, hash("192.0.2.7")}},
      {{"192.0.2.7", "paid", ".example.com", {}}, {0, Source::listener, hash("192.0.2.7")}},
      {{"10.2.0.1", "", "pro.example.com", {}}, {1, Source::network, hash("10.2.0.1")}},
      {{"10.1.0.1", "", "", {}}, {0, Source::network, hash("lab")}},
      {{"10.1.0.1", "", "", acme}, {0, Source::certificate, hash("acme")}},
      {{"10.1.0.1", "", "", b}, {1, Source::certificate, hash("b.test")}},
      {{"10.1.0.1", "", "", stranger}, {0, Source::network, hash("lab")}},
      {{"", "", "", {}}, {2, Source::none, hash("")}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.facts.peer_address, row.facts.server_name, row.facts.listener);
    const Identity identity = identifier->of_connection(row.facts);
    CHECK(identity == row.identity);
  }
}

TEST_CASE("a client of IPv6 is one by the first half of its address", "[policy][identifier]") {
  const IdentifierPtr identifier = identifier_of(options());
  const auto tenant = [&identifier](std::string_view address) {
    return identifier->of_connection({address, "", "", {}}).tenant;
  };
  CHECK(tenant("2001:db8:0:1::1") == tenant("2001:db8:0:1:ffff::2"));
  CHECK(tenant("2001:db8:0:1::1") != tenant("2001:db8:0:2::1"));
  CHECK(tenant("::ffff:192.0.2.7") == tenant("192.0.2.7"));
  CHECK(tenant("192.0.2.7") != tenant("192.0.2.8"));
}

TEST_CASE("a policy that asks nothing of requests does not look at them", "[policy][identifier]") {
  Worker worker(options());
  CHECK_FALSE(worker.identifier->looks_at_requests());
  CHECK(worker.identifier->credential_fields().empty());
  CHECK_FALSE(worker.identifier->is_outdated());
  CHECK(worker.ask({{"authorization", "Bearer x"}, {"x-api-key", "key-a"}}).source ==
        IdentitySource::none);
  CHECK(worker.counters.tokens_malformed.value() == 0);
}

TEST_CASE("API keys are known by their hashes", "[policy][identifier]") {
  PolicyOptions made = options();
  made.identify.api_keys = {{kHashA, "premium", "acme"}, {kHashB, "standard", ""}};
  Worker worker(made);
  CHECK(worker.identifier->looks_at_requests());
  CHECK(worker.identifier->credential_fields() == std::vector<std::string>{"x-api-key"});
  const Identity acme{0, IdentitySource::api_key, hash("acme")};
  for (int i = 0; i < 3; ++i) {
    CHECK(worker.ask({{"X-API-Key", "key-a"}}) == acme);
    // Remembered without the address of who came first.
    const std::string peer = "192.0.2." + std::to_string(i);
    CHECK(worker.ask({{"x-api-key", "key-b"}}, peer) ==
          Identity{1, IdentitySource::api_key, hash(peer)});
  }
  CHECK(worker.cache.size() == 2);
  CHECK(worker.counters.api_keys_unknown.value() == 0);
  CHECK(worker.ask({{"x-api-key", kHashA}}).source == IdentitySource::none);
  CHECK(worker.ask({{"x-api-key", "key-c"}}).source == IdentitySource::none);
  CHECK(worker.ask({{"x-api-key", "key-c"}}).source == IdentitySource::none);
  CHECK(worker.ask({{"x-api-key", "key-a"}, {"x-api-key", "key-a"}}).source ==
        IdentitySource::none);
  CHECK(worker.ask({{"x-api-key", std::string(Identifier::kTokenBytes + 1, 'a')}}).source ==
        IdentitySource::none);
  CHECK(worker.counters.api_keys_unknown.value() == 5);
  CHECK(worker.ask({{"x-api-key", ""}}).source == IdentitySource::none);
  CHECK(worker.counters.api_keys_unknown.value() == 5);
}

TEST_CASE("a proxy is believed by its address", "[policy][identifier]") {
  PolicyOptions made = options();
  made.identify.header = {"X-Tier", "X-Tenant", {"10.0.0.0/8"}, {{"gold", "premium"}}};
  Worker worker(made);
  CHECK(worker.identifier->credential_fields() == std::vector<std::string>{"x-tier", "x-tenant"});
  const auto source = IdentitySource::header;
  CHECK(worker.ask({{"x-tier", "gold"}, {"x-tenant", "acme"}}, "10.0.0.1") ==
        Identity{0, source, hash("acme")});
  CHECK(worker.ask({{"x-tier", "standard"}}, "10.0.0.1") == Identity{1, source, hash("10.0.0.1")});
  for (const char* peer : {"192.0.2.7", "11.0.0.1", "", "::1"}) {
    CAPTURE(peer);
    CHECK(worker.ask({{"x-tier", "gold"}}, peer).source == IdentitySource::none);
  }
  CHECK(worker.ask({{"x-tier", "silver"}}, "10.0.0.1").source == IdentitySource::none);
  CHECK(worker.ask({{"x-tenant", "acme"}}, "10.0.0.1").source == IdentitySource::none);
  CHECK(worker.ask({{"x-tier", "gold"}, {"x-tier", "gold"}}, "10.0.0.1").source ==
        IdentitySource::none);
}

TEST_CASE("what a request says outranks its connection", "[policy][identifier]") {
  PolicyOptions made = options();
  made.identify.api_keys = {{kHashA, "free", "acme"}};
  made.identify.header = {"x-tier", "", {"10.0.0.0/8"}, {}};
  made.identify.certificates = {{"b.test", "premium", ""}};
  Worker worker(made);
  const Fields tier{{"x-tier", "standard"}};
  const Fields both{{"x-tier", "standard"}, {"x-api-key", "key-a"}};
  const Fields unknown{{"x-tier", "standard"}, {"x-api-key", "key-c"}};
  CHECK(worker.ask({}, "10.0.0.1", {"b.test"}).source == IdentitySource::certificate);
  CHECK(worker.ask(tier, "10.0.0.1", {"b.test"}).source == IdentitySource::header);
  CHECK(worker.ask(both, "10.0.0.1", {"b.test"}).source == IdentitySource::api_key);
  CHECK(worker.ask(unknown, "10.0.0.1", {"b.test"}).source == IdentitySource::header);
}

TEST_CASE("a cache of tokens holds no more than it may", "[policy][identifier]") {
  PolicyOptions made = options();
  made.identify.api_keys = {{kHashA, "premium", "acme"}};
  Worker worker(made);
  REQUIRE(worker.ask({{"x-api-key", "key-a"}}).source == IdentitySource::api_key);
  for (int i = 0; i < 1000; ++i) worker.ask({{"x-api-key", std::to_string(i)}});
  CHECK(worker.cache.size() == 5); // one, and a quarter of 16
  const Worker other(made);
  http::RequestHead request;
  other.identifier->of_request(request, "", {}, worker.cache, worker.clock.now(), worker.counters);
  CHECK(worker.cache.size() == 0);
}

TEST_CASE("a tenant's hash is the same all the time and never that of nobody",
          "[policy][identifier]") {
  CHECK(hash("acme") == hash("acme"));
  CHECK(hash("acme") != hash("acne"));
  CHECK(hash("") != 0);
}

TEST_CASE("a key file that cannot be used is named", "[policy][identifier]") {
  const auto refusal_of = [](const JwtOptions& jwt) -> std::string {
    PolicyOptions made = options();
    made.identify.jwt = {jwt};
    try {
      identifier_of(made);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  const test::KeyFile weak{test::jwks({test::TokenKey::rsa(1024).jwk("r")})};
  const test::KeyFile good{test::jwks({test::TokenKey::rsa().jwk("r")})};
  const test::KeyFile short_secret{"secret\n"};
  const test::KeyFile text{"no JSON"};
  JwtOptions jwt;
  jwt.jwks_file = weak.path();
  CHECK(refusal_of(jwt) ==
        "key file '" + weak.path() + "': keys[0]: an RSA key of 1024 bits; it needs 2048 to 16384");
  jwt.jwks_file = text.path();
  CHECK(refusal_of(jwt).find(text.path()) != std::string::npos);
  jwt.jwks_file = text.path() + ".missing";
  CHECK(refusal_of(jwt) == "cannot find key file '" + text.path() + ".missing'");
  jwt.jwks_file = good.path();
  CHECK(refusal_of(jwt).empty());
  jwt.algorithms = {JwtAlgorithm::eddsa};
  CHECK(refusal_of(jwt) ==
        "key file '" + good.path() + "': holds no key for the algorithms that are accepted");
  jwt = {};
  jwt.secret_file = short_secret.path();
  CHECK(refusal_of(jwt) ==
        "key file '" + short_secret.path() + "': a secret of 6 bytes; HS256 needs 32 at least");
}
