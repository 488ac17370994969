// What tiers reserve of the cache and of origins, and that others cannot take it.
#include <tests/support/catch.hpp>
#include <tests/support/origin_flow.hpp>

#include <selvedge/proxy/policing.hpp>

using namespace selvedge;
using namespace selvedge::test;
using overload::Importance;
using policy::PolicyOptions;
using std::chrono::seconds;

namespace {

const Fields kHour{{"cache-control", "max-age=3600"}};
const Fields kPremium{{"x-tier", "premium"}};
constexpr std::size_t kPremiumOwner = 0;

policy::TierOptions& add_tier(PolicyOptions& options, const char* name, Importance priority) {
  policy::TierOptions& tier = options.tiers.emplace_back();
  tier.name = name;
  tier.priority = priority;
  return tier;
}

// Who says nothing is free.
PolicyOptions reserving(double cache, double origin) {
  PolicyOptions options;
  policy::TierOptions& premium = add_tier(options, "premium", Importance::premium);
  premium.reserved_cache = cache;
  premium.reserved_origin = origin;
  add_tier(options, "free", Importance::free);
  options.identify.header.tier_header = "x-tier";
  options.identify.header.from = {"192.0.2.0/24"};
  return options;
}

// As the node does when a policy comes into force.
void put_in_force(Flow& flow, const PolicyOptions& options) {
  const proxy::Policing policing(options);
  flow.set_policy(options);
  flow.store().set_reserved(policing.cache_shares());
}

std::string numbered(const char* name, int number) {
  return "/" + std::string(name) + std::to_string(number);
}

void fetch(Flow& flow, Client& client, const std::string& target, const Fields& fields) {
  client.get(target, fields);
  flow.origin().answer(200, kHour, std::string(4000, 'x'));
  REQUIRE(client.answer().status == 200);
}

} // namespace

TEST_CASE("what tiers reserve is their importance's", "[flow][policy][shares]") {
  PolicyOptions options;
  for (const double share : {0.2, 0.1}) {
    const char* const name = options.tiers.empty() ? "gold" : "silver";
    policy::TierOptions& tier = add_tier(options, name, Importance::premium);
    tier.reserved_cache = share;
    tier.reserved_origin = share * 2;
  }
  policy::TierOptions& basic = add_tier(options, "basic", Importance::standard);
  basic.reserved_cache = 0.4;
  basic.reserved_origin = 0.35;
  add_tier(options, "free", Importance::free);
  const proxy::Policing policing(options);
  const auto shares = policing.cache_shares();
  CHECK(shares[0] == Approx(0.3));
  CHECK(shares[1] == Approx(0.4));
  CHECK(shares[2] == 0);
  CHECK(shares[3] == 0);
  const auto rooms = policing.origin_rooms();
  CHECK(rooms[0] == 1);
  CHECK(rooms[1] == Approx(0.4)); // what premium tiers have left
  CHECK(rooms[2] == Approx(0.05));
  CHECK(rooms[3] == Approx(0.05));
}

TEST_CASE("nothing is reserved where no tier says so", "[flow][policy][shares]") {
  const proxy::Policing policing(PolicyOptions{});
  CHECK(policing.cache_shares() == cache::Store::Shares{});
  CHECK(policing.origin_rooms() == overload::kDefaultConcurrencyRooms);
}

TEST_CASE("free misses do not drive out what a premium tier keeps", "[flow][policy][shares]") {
  const bool is_reserved = GENERATE(true, false);
  Flow::Options options;
  options.store.size = 1u << 20;
  Flow flow(options);
  put_in_force(flow, reserving(is_reserved ? 0.3 : 0, 0));
  Client client = flow.connect();
  for (int i = 0; i < 20; ++i) fetch(flow, client, numbered("premium/", i), kPremium);
  for (int i = 0; i < 600; ++i) fetch(flow, client, numbered("free/", i), {});
  REQUIRE(flow.store().stats().evictions > 0);
  std::size_t hits = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string key = "http://node.test" + numbered("premium/", i);
    hits += flow.store().variants({key, base::fingerprint(key)}).size();
  }
  CHECK(hits == (is_reserved ? 20 : 0));
}

TEST_CASE("what is revalidated in the background stays whose it was", "[flow][policy][shares]") {
  Flow flow;
  put_in_force(flow, reserving(0.3, 0));
  Client client = flow.connect();
  const Fields stale{{"cache-control", "max-age=10, stale-while-revalidate=100"},
                     {"etag", "\"1\""}};
  client.get("/a", kPremium);
  flow.origin().answer(200, stale, "first");
  client.answer();
  const auto before = flow.store().stats().bytes_by_owner;
  CHECK(before[kPremiumOwner] > 0);
  flow.advance(seconds{20});
  client.get("/a");
  CHECK(client.answer().content == "first");
  REQUIRE(flow.origin().fetches() == 2);
  const bool is_confirmed = GENERATE(true, false);
  flow.origin().answer(is_confirmed ? 304 : 200, stale, is_confirmed ? "" : "second");
  flow.settle();
  CHECK(flow.store().stats().insertions == 2);
  const auto after = flow.store().stats().bytes_by_owner;
  CHECK(after[kPremiumOwner] > 0);
  for (std::size_t owner = 1; owner < cache::kOwners; ++owner) CHECK(after[owner] == 0);
}

TEST_CASE("free misses leave the room at an origin that a premium tier reserves",
          "[flow][policy][shares]") {
  const auto protocol = GENERATE(OriginFlow::Protocol::http_1, OriginFlow::Protocol::h2);
  OriginFlow node(protocol, 1, [](upstream::OriginOptions& options) {
    options.limits.in_flight = 5;
    options.limits.adaptive = false;
  });
  const PolicyOptions options = reserving(0, 0.8);
  node.flow().set_policy(options);
  node.flow().http_origin().set_rooms(proxy::Policing(options).origin_rooms());
  Client first = node.get("/free/1");
  Client second = node.begin("/free/2"); // of 5, a fifth is for them
  CHECK(node.counters().waiting.value() == 1);
  std::vector<Client> premium;
  for (int i = 0; i < 4; ++i) premium.push_back(node.get(numbered("premium/", i), kPremium));
  CHECK(node.server().requests() == 5);
  // Without the reservation two of five were theirs.
  node.flow().http_origin().set_rooms(overload::kDefaultConcurrencyRooms);
  CHECK(node.counters().waiting.value() == 1);
  for (std::size_t i = 0; i < 5; ++i) node.server().next().answer(200, kHour, "x");
  CHECK(node.answer(first).status == 200);
  REQUIRE(node.until([&] { return node.server().requests() == 6; }));
  node.server().next().answer(200, kHour, "x");
  CHECK(node.answer(second).status == 200);
}
