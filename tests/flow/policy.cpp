// What a policy does to requests: who asks, what they are let have, how they are turned away.
#include <tests/support/catch.hpp>
#include <tests/support/flow.hpp>

#include <selvedge/policy/policy_set.hpp>

using namespace selvedge;
using namespace selvedge::test;
using overload::Importance;
using overload::LoadLevel;
using policy::PolicyOptions;
using proxy::ShedReason;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Fields kFresh{{"cache-control", "max-age=60"}};

policy::TierOptions tier(const char* name, Importance priority, double value) {
  policy::TierOptions tier;
  tier.name = name;
  tier.priority = priority;
  tier.value = value;
  return tier;
}

// Two tiers, told apart by a header that the test's clients are believed; who says nothing is free.
PolicyOptions two_tiers() {
  PolicyOptions options;
  options.tiers = {tier("premium", Importance::premium, 10), tier("free", Importance::free, 0.5)};
  options.identify.header.tier_header = "x-tier";
  options.identify.header.tenant_header = "x-tenant";
  options.identify.header.from = {"192.0.2.0/24"};
  return options;
}

policy::RuleOptions& rule(PolicyOptions& options, const char* name) {
  policy::RuleOptions& rule = options.rules.emplace_back();
  rule.name = name;
  rule.when.tiers = {"free"};
  return rule;
}

Flow flow_with(const PolicyOptions& policy) {
  Flow::Options options;
  options.policy = policy;
  return Flow(options);
}

const Fields kPremium{{"x-tier", "premium"}, {"x-tenant", "acme"}};

// Makes the worker take its load for critical: somebody has waited for too long.
void make_critical(Flow& flow) {
  overload::LoadSample sample;
  sample.elapsed = milliseconds{10};
  sample.oldest_wait = milliseconds{100};
  flow.worker().load().tick(sample);
  REQUIRE(flow.worker().load().level() == LoadLevel::critical);
}

} // namespace

TEST_CASE("a rule sheds who it is about, with a time to come back", "[flow][policy]") {
  PolicyOptions policy = two_tiers();
  policy::RuleOptions& no = rule(policy, "closed for free");
  no.then.shed.status = 503;
  no.then.shed.retry_after = seconds{10};
  Flow flow = flow_with(policy);
  auto client = flow.connect();
  client.get("/a");
  const Answer refused = client.answer();
  CHECK(refused.status == 503);
  const int after = std::stoi(refused.fields.at("retry-after"));
  CHECK(after >= 10);
  CHECK(after <= 16);
  CHECK(flow.origin().fetches() == 0);
  client.get("/a", kPremium);
  flow.origin().answer(200, kFresh, "for who pays");
  CHECK(client.answer().content == "for who pays");
  const auto& shed = flow.proxy().counters().shed[overload::index_of(Importance::free)];
  CHECK(shed[static_cast<std::size_t>(ShedReason::rule)].value() == 1);
}

TEST_CASE("a rate limit is a tenant's own and says what is left", "[flow][policy]") {
  PolicyOptions policy = two_tiers();
  rule(policy, "free rate").then.rate_limit = {.rate = 1, .burst = 2};
  Flow flow = flow_with(policy);
  auto client = flow.connect();
  const Fields one{{"x-tier", "free"}, {"x-tenant", "one"}};
  client.get("/a", one);
  flow.origin().answer(200, kFresh, "a");
  const Answer first = client.answer();
  CHECK(first.status == 200);
  CHECK(first.fields.at("ratelimit-policy") == R"("free rate";q=2;w=2)");
  CHECK(first.fields.at("ratelimit").starts_with(R"("free rate";r=1)"));
  client.get("/a", one);
  CHECK(client.answer().status == 200);
  client.get("/a", one);
  const Answer refused = client.answer();
  CHECK(refused.status == 429);
  CHECK(refused.fields.at("ratelimit").starts_with(R"("free rate";r=0)"));
  CHECK(std::stoi(refused.fields.at("retry-after")) >= 1);
  client.get("/a", {{"x-tier", "free"}, {"x-tenant", "two"}});
  CHECK(client.answer().status == 200);
  client.get("/a", kPremium);
  CHECK_FALSE(client.answer().fields.contains("ratelimit"));
  flow.advance(seconds{2});
  client.get("/a", one);
  CHECK(client.answer().status == 200);
}

TEST_CASE("a tenant has so many requests under way", "[flow][policy]") {
  PolicyOptions policy = two_tiers();
  rule(policy, "one at a time").then.concurrency = 1;
  Flow flow = flow_with(policy);
  const Fields one{{"x-tier", "free"}, {"x-tenant", "one"}};
  auto first = flow.connect();
  auto second = flow.connect();
  first.get("/slow", one);
  second.get("/other", one);
  CHECK(second.answer().status == 429);
  flow.origin().answer(200, kFresh, "slow");
  CHECK(first.answer().status == 200);
  second.get("/slow", one);
  CHECK(second.answer().status == 200);
}

TEST_CASE("a rule redirects with the path and the query that were asked for", "[flow][policy]") {
  PolicyOptions policy = two_tiers();
  rule(policy, "elsewhere").then.redirect = {"https://slow.example{path}{query}", 307};
  Flow flow = flow_with(policy);
  auto client = flow.connect();
  client.get("/a/b?c=d");
  const Answer answer = client.answer();
  CHECK(answer.status == 307);
  CHECK(answer.fields.at("location") == "https://slow.example/a/b?c=d");
}

TEST_CASE("a rule lets low tiers have what is stale, and it is revalidated behind",
          "[flow][policy]") {
  PolicyOptions policy = two_tiers();
  rule(policy, "stale will do").then.serve_stale = seconds{300};
  Flow flow = flow_with(policy);
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=10"}, {"etag", "\"1\""}}, "old");
  CHECK(client.answer().content == "old");
  flow.advance(seconds{20});
  client.get("/a");
  CHECK(client.answer().content == "old");
  CHECK(flow.origin().fetches() == 2);
  flow.origin().answer(200, {{"cache-control", "max-age=10"}, {"etag", "\"2\""}}, "new");
  client.get("/a", kPremium);
  CHECK(client.answer().content == "new");
  flow.advance(seconds{400});  // too stale even for them
  auto later = flow.connect(); // the other connection was idle for too long
  later.get("/a");
  flow.origin().answer(304, {}, "");
  CHECK(later.answer().fields.at("cache-status").find("fwd-status=304") != std::string::npos);
}

TEST_CASE("under a critical load the last tier gets what is stored, and no more",
          "[flow][policy]") {
  Flow flow = flow_with(two_tiers());
  auto client = flow.connect();
  client.get("/stored");
  flow.origin().answer(200, kFresh, "here");
  client.answer();
  make_critical(flow);
  client.get("/stored");
  CHECK(client.answer().content == "here");
  client.get("/not-stored");
  const Answer refused = client.answer();
  CHECK(refused.status == 503);
  CHECK(refused.fields.contains("retry-after"));
  CHECK(flow.origin().fetches() == 1);
  client.get("/not-stored", kPremium);
  flow.origin().answer(200, kFresh, "fetched");
  CHECK(client.answer().content == "fetched");
}

TEST_CASE("a rule may keep the ladder from taking misses away", "[flow][policy]") {
  PolicyOptions policy = two_tiers();
  rule(policy, "misses for all").then.hits_only = policy::Choice::no;
  Flow flow = flow_with(policy);
  make_critical(flow);
  auto client = flow.connect();
  client.get("/not-stored");
  flow.origin().answer(200, kFresh, "fetched");
  CHECK(client.answer().status == 200);
}

TEST_CASE("who is read early and does not fit is refused; others are not", "[flow][policy]") {
  Flow flow = flow_with(two_tiers());
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kFresh, "a");
  client.answer();
  // Of the free tier only the first cohorts fit.
  overload::LoadController& load = flow.worker().load();
  overload::TurnWork work;
  work.served[overload::index_of(Importance::free)] = 1;
  load.note_turn(work, std::chrono::microseconds{100});
  overload::LoadSample sample;
  sample.elapsed = milliseconds{200};
  for (std::uint32_t level = 0; level < overload::kCohorts; ++level) {
    for (int i = 0; i < 2000; ++i) {
      load.note_request(overload::level_of(Importance::free, level));
    }
  }
  load.tick(sample);
  REQUIRE_FALSE(load.admits(overload::level_of(Importance::free, 63)));
  int refused = 0;
  for (int tenant = 0; tenant < 64; ++tenant) {
    client.get("/a", {{"x-tier", "free"}, {"x-tenant", std::to_string(tenant)}});
    refused += client.answer().status == 503 ? 1 : 0;
    client.get("/a", kPremium); // so that the connection is taken for theirs again
    CHECK(client.answer().status == 200);
  }
  CHECK(refused > 32);
  const auto& shed = flow.proxy().counters().shed[overload::index_of(Importance::free)];
  CHECK(shed[static_cast<std::size_t>(ShedReason::overload)].value() ==
        static_cast<std::uint64_t>(refused));
}

TEST_CASE("the accounts say what was served and what was not", "[flow][policy]") {
  PolicyOptions policy = two_tiers();
  policy.economics.origin_gib = 1024 * 1024;
  policy::RuleOptions& no = rule(policy, "not this");
  no.when.paths = {"/no/*"};
  no.then.shed.status = 503;
  Flow flow = flow_with(policy);
  auto client = flow.connect();
  client.get("/ui@2.3.1/a.js", kPremium);
  flow.origin().answer(200, kFresh, std::string(1024, 'x'));
  client.answer();
  client.get("/ui@2.3.1/a.js", kPremium);
  client.answer();
  client.get("/no/a.js");
  client.answer();
  const policy::Ledger* const ledger = &flow.accounts().ledger;
  const auto rows = policy::Ledger::sum({&ledger, 1});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].bundle == "ui");
  CHECK(rows[0].served == 2);
  CHECK(rows[0].value_served == 20'000); // two of 1000 for 10
  CHECK(rows[0].origin_bytes == 1024);
  CHECK(rows[0].origin_cost == 1'000'000);
  CHECK(rows[0].stored_bytes == 1024);
  CHECK(rows[1].shed == 1);
  CHECK(rows[1].value_shed == 500);
}

TEST_CASE("another policy in force counts for connections that are there", "[flow][policy]") {
  Flow flow = flow_with(two_tiers());
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kFresh, "a");
  client.answer();
  PolicyOptions closed;
  closed.tiers = {tier("other", Importance::standard, 0)};
  policy::RuleOptions& no = closed.rules.emplace_back();
  no.name = "closed";
  no.then.shed.status = 503;
  flow.set_policy(closed);
  client.get("/a");
  CHECK(client.answer().status == 503);
  CHECK(flow.accounts().tiers == std::vector<std::string>{"other"});
}
