// The policy's side of `explain`: whom a question describes, what the policy makes of it, and the
// words of the answer.
#include <src/server/explain_api.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <nlohmann/json.hpp>

using namespace selvedge;
using namespace selvedge::server;
using cache::Action;
using http::CacheOutcome;
using Json = nlohmann::json;
using overload::LoadLevel;
using policy::Choice;
using proxy::PolicyQuestion;
using std::chrono::seconds;

namespace {

constexpr base::Instant kNow{base::Steady{std::chrono::hours{100}},
                             std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

policy::RuleOptions rule(const char* name, std::vector<std::string> tiers, LoadLevel load) {
  policy::RuleOptions one;
  one.name = name;
  one.when.tiers = std::move(tiers);
  one.when.load = load;
  return one;
}

policy::PolicyOptions options() {
  policy::PolicyOptions all;
  all.version = "7";
  all.tiers.resize(2);
  all.tiers[0].name = "premium";
  all.tiers[0].priority = overload::Importance::premium;
  all.tiers[0].value = 4;
  all.tiers[0].values = {{"eu", 5}};
  all.tiers[1].name = "free";
  all.tiers[1].priority = overload::Importance::free;
  all.identify.networks = {{"10.0.0.0/8", "premium", ""}};
  all.regions = {{"eu", {"192.0.2.0/24"}}};
  policy::ContentClassOptions maps;
  maps.is = policy::ContentClass::secondary;
  maps.paths = {"*.map"};
  all.classes = {maps};
  policy::RuleOptions shed = rule("maps are shed", {"free"}, LoadLevel::critical);
  shed.when.classes = {policy::ContentClass::secondary};
  shed.then.shed = {503, seconds{10}};
  policy::RuleOptions moved = rule("downloads move", {"free"}, LoadLevel::high);
  moved.when.paths = {"/downloads/*"};
  moved.then.redirect = {"https://slow{path}", 307};
  policy::RuleOptions stale = rule("older answers", {"free"}, LoadLevel::elevated);
  stale.then.serve_stale = seconds{60};
  stale.then.origin = "cheap";
  policy::RuleOptions limit = rule("limited", {"free"}, LoadLevel::calm);
  limit.then.rate_limit = {10, 20};
  limit.then.concurrency = 3;
  all.rules = {shed, moved, stale, limit};
  return all;
}

// What a node with one site, "h", and a policy knows.
class Edge {
public:
  explicit Edge(policy::PolicyOptions policy = options())
      : policing_(std::make_shared<const proxy::Policing>(policy)),
        routing_({{"site", {"h"}, {route()}}}, {{{"app", nullptr}, {"cheap", nullptr}}}, 1000,
                 counters_, boards_) {}

  // Fetched 10 seconds ago.
  void put(const char* key, seconds lifetime, bool may_serve_on_error = false) {
    test::Stored wanted;
    wanted.key = key;
    wanted.freshness.lifetime = lifetime;
    wanted.freshness.response_time = kNow.steady - seconds{10};
    if (may_serve_on_error) wanted.freshness.stale_if_error = seconds{600};
    store.insert(test::stored(wanted, &store.ledger()));
  }

  proxy::Explanation explain(std::string_view target, PolicyQuestion asker) {
    http::RequestHead request = test::request();
    request.authority = "h";
    request.target = target;
    asker.policing = policing_;
    return proxy::explain(request, routing_, store, fills, kNow, asker);
  }
  const proxy::PolicingPtr& policing() const { return policing_; }

  cache::Store store{{}};
  cache::FillTable fills;

private:
  static proxy::RouteOptions route() {
    proxy::RouteOptions route;
    route.name = "route";
    route.prefix = "/";
    route.origin = "app";
    return route;
  }
  proxy::PolicingPtr policing_;
  proxy::RouteCounterMap counters_;
  proxy::ReleaseBoards boards_;
  proxy::Routing routing_;
};

PolicyQuestion as(const char* tier, LoadLevel load = LoadLevel::calm) {
  PolicyQuestion asker;
  asker.tier = tier;
  asker.load = load;
  return asker;
}

std::string refusal(const std::vector<std::string>& descriptions) {
  const auto read = read_asker(descriptions);
  const auto* wrong = std::get_if<std::string>(&read);
  return wrong != nullptr ? *wrong : "none";
}

} // namespace

TEST_CASE("who asks is described in parts", "[server][explain]") {
  const auto read = read_asker({"tier=free,tenant=a=b", "region=eu,listener=tls,client=::1"});
  REQUIRE(std::holds_alternative<PolicyQuestion>(read));
  const auto& asker = std::get<PolicyQuestion>(read);
  CHECK(asker.tier == "free");
  CHECK(asker.tenant == "a=b");
  CHECK(asker.region == "eu");
  CHECK(asker.listener == "tls");
  CHECK(asker.client == "::1");
  const auto nobody = read_asker({});
  CHECK(std::get<PolicyQuestion>(nobody).client == "127.0.0.1");
}

TEST_CASE("who cannot be described is refused", "[server][explain]") {
  CHECK(refusal({"tier"}) == "not who asks, such as tier=free,tenant=acme: 'tier'");
  CHECK(refusal({"tier="}) == "not who asks, such as tier=free,tenant=acme: 'tier='");
  CHECK(refusal({""}) == "not who asks, such as tier=free,tenant=acme: ''");
  CHECK(refusal({"tier=free,"}) == "not who asks, such as tier=free,tenant=acme: ''");
  CHECK(refusal({"teir=free"}) == "who asks has no 'teir' (did you mean 'tier'?)");
  CHECK(refusal({"client=here"}) == "not an address of a client: 'here'");
  Edge node;
  PolicyQuestion asker = as("fre");
  asker.policing = node.policing();
  CHECK(refusal_of(asker) == "there is no tier 'fre' (did you mean 'free'?)");
  asker.tier = "free";
  CHECK(refusal_of(asker) == "");
  asker.region = "ue";
  CHECK(refusal_of(asker) == "there is no region 'ue' (did you mean 'eu'?)");
  asker.region = "eu";
  CHECK(refusal_of(asker) == "");
}

TEST_CASE("a question may name asker and load", "[server][explain]") {
  const auto read = read_explain_question("url=http://h/&as=tier%3Dfree&as=region%3Deu&load=high");
  REQUIRE(std::holds_alternative<ExplainQuestion>(read));
  CHECK(std::get<ExplainQuestion>(read).asker.tier == "free");
  CHECK(std::get<ExplainQuestion>(read).asker.region == "eu");
  CHECK(std::get<ExplainQuestion>(read).load == LoadLevel::high);
  const auto plain = read_explain_question("url=http://h/");
  CHECK_FALSE(std::get<ExplainQuestion>(plain).load);
  CHECK(std::get<std::string>(read_explain_question("url=http://h/&load=hig")) ==
        "load is calm, elevated, high or critical, and not 'hig'");
  CHECK(std::get<std::string>(read_explain_question("url=http://h/&as=x")) ==
        "not who asks, such as tier=free,tenant=acme: 'x'");
}

TEST_CASE("without a description the connection tells who asks", "[server][explain]") {
  Edge node;
  const proxy::Explanation nobody = node.explain("/", {});
  REQUIRE(nobody.policy);
  CHECK(nobody.policy->identity.tier == 1);
  CHECK_FALSE(nobody.policy->is_tier_given);
  PolicyQuestion near;
  near.client = "10.1.1.1";
  const proxy::Explanation known = node.explain("/", near);
  CHECK(known.policy->identity.tier == 0);
  CHECK(policy_json(*known.policy)["source"] == "network");
  const proxy::Explanation given = node.explain("/", as("premium"));
  CHECK(given.policy->identity.tier == 0);
  CHECK(policy_json(*given.policy)["source"] == "given");
}

TEST_CASE("the region counts for the value", "[server][explain]") {
  Edge node;
  PolicyQuestion asker = as("premium");
  CHECK(node.explain("/", asker).policy->value == 0.004);
  asker.region = "eu";
  CHECK(node.explain("/", asker).policy->value == 0.005);
  asker.region = "";
  asker.client = "192.0.2.7";
  CHECK(node.explain("/", asker).policy->value == 0.005);
}

TEST_CASE("the answer says which rule decides and why others do not", "[server][explain]") {
  Edge node;
  const proxy::Explanation explanation = node.explain("/a.map", as("free", LoadLevel::critical));
  REQUIRE(explanation.policy);
  const Json body = policy_json(*explanation.policy);
  CHECK(body["version"] == "7");
  CHECK(body["tier"] == "free");
  CHECK(body["class"] == "secondary");
  CHECK(body["load"] == "critical");
  CHECK(body["importance"] == "free");
  CHECK(body["verdict"]["shed"] == Json{{"status", 503}, {"retry_after", 10}});
  CHECK(body["verdict"]["rate_limit"] == Json{{"rate", 10.0}, {"burst", 20}});
  CHECK(body["verdict"]["concurrency"] == 3);
  CHECK(body["verdict"]["serve_stale"] == 60);
  CHECK(body["verdict"]["origin"] == "cheap");
  CHECK(body["verdict"]["redirect"].is_null());
  CHECK(body["decided_by"] == Json{{"shed", "maps are shed"},
                                   {"serve_stale", "older answers"},
                                   {"origin", "older answers"},
                                   {"rate_limit", "limited"},
                                   {"concurrency", "limited"}});
  REQUIRE(body["rules"].size() == 4);
  CHECK(body["rules"][0]["matches"] == true);
  CHECK(body["rules"][0]["decides"] == Json{"shed"});
  CHECK(body["rules"][1]["matches"] == false);
  CHECK(body["rules"][1]["because"] == "path");
  const Json ladder{{"serves_stale", true}, {"hits_only", true}, {"revalidates", true}};
  CHECK(body["ladder"] == ladder);
}

TEST_CASE("the policy's origin is the one that would be asked", "[server][explain]") {
  Edge node;
  CHECK(node.explain("/a", as("free")).origin == "app");
  CHECK(node.explain("/a", as("free", LoadLevel::elevated)).origin == "cheap");
  CHECK(node.explain("/a", as("premium", LoadLevel::elevated)).origin == "app");
}

TEST_CASE("what the policy does itself is the outcome", "[server][explain]") {
  struct Row {
    const char* target;
    const char* tier;
    LoadLevel load;
    CacheOutcome outcome;
    const char* source; // of the rule
  };
  const Row rows[] = {
      {"/a.map", "free", LoadLevel::critical, CacheOutcome::shed, "maps are shed"},
      {"/a.map", "premium", LoadLevel::critical, CacheOutcome::miss, "RFC 9111, 4"},
      {"/downloads/x", "free", LoadLevel::high, CacheOutcome::synthetic, "downloads move"},
      {"/downloads/x", "free", LoadLevel::calm, CacheOutcome::miss, "RFC 9111, 4"},
      // By the load, without any rule.
      {"/missing", "free", LoadLevel::critical, CacheOutcome::shed, "the load, without any rule"},
      {"/missing", "free", LoadLevel::high, CacheOutcome::miss, "RFC 9111, 4"},
      {"/fresh", "free", LoadLevel::critical, CacheOutcome::hit, "RFC 9111, 4.2"},
      // Within serve_stale, within the window of the load, and neither.
      {"/stale", "free", LoadLevel::elevated, CacheOutcome::stale,
       "the policy's `serve_stale` and `stale_window`"},
      {"/older", "free", LoadLevel::high, CacheOutcome::stale,
       "the policy's `serve_stale` and `stale_window`"},
      {"/stale", "free", LoadLevel::calm, CacheOutcome::miss, "RFC 9111, 4.2.4"},
      {"/stale", "premium", LoadLevel::critical, CacheOutcome::miss, "RFC 9111, 4.2.4"},
  };
  policy::PolicyOptions policy = options();
  for (const Row& row : rows) {
    CAPTURE(row.target, row.tier, text_of(row.load));
    if (std::string_view(row.target) == "/older") policy.rules[2].then.serve_stale = seconds{1};
    Edge node(policy);
    node.put("http://h/fresh", seconds{60});
    node.put("http://h/stale", seconds{5});
    node.put("http://h/older", seconds{5});
    const proxy::Explanation explanation = node.explain(row.target, as(row.tier, row.load));
    CHECK(outcome_of(explanation, http::Method::get) == row.outcome);
    CHECK(rule_of(explanation).source == row.source);
    CHECK_FALSE(rule_of(explanation).meaning.empty());
  }
}

TEST_CASE("hits only, by a rule", "[server][explain]") {
  policy::PolicyOptions policy = options();
  policy.rules[3].then.hits_only = Choice::yes;
  Edge node(policy);
  node.put("http://h/kept", seconds{5}, true);
  const proxy::Explanation missing = node.explain("/missing", as("free"));
  CHECK(effect_of(missing) == PolicyEffect::stopped);
  CHECK(outcome_of(missing, http::Method::get) == CacheOutcome::shed);
  CHECK(rule_of(missing).source == "limited");
  // RFC 5861, 4: what may be served when the origin fails may be so when it is not asked.
  const proxy::Explanation kept = node.explain("/kept", as("free"));
  CHECK(outcome_of(kept, http::Method::get) == CacheOutcome::stale);
  // A rule that says no comes before the load.
  policy.rules[3].then.hits_only = Choice::no;
  Edge open(policy);
  CHECK(effect_of(open.explain("/missing", as("free", LoadLevel::critical))) == PolicyEffect::none);
}

TEST_CASE("asking uses up no limit, and no policy means none is told", "[server][explain]") {
  Edge node;
  proxy::Explanation explanation;
  CHECK(effect_of(explanation) == PolicyEffect::none);
  for (int i = 0; i < 100; ++i) explanation = node.explain("/a", as("free"));
  CHECK(effect_of(explanation) == PolicyEffect::none);
  CHECK(explanation.policy->verdict.rate_limit != nullptr);
}

TEST_CASE("a load is named as in rules", "[server][explain]") {
  CHECK(load_named("calm") == LoadLevel::calm);
  CHECK(load_named("critical") == LoadLevel::critical);
  CHECK_FALSE(load_named("Critical"));
  CHECK_FALSE(load_named(""));
}
