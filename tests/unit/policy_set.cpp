#include <selvedge/policy/policy_set.hpp>
#include <tests/support/catch.hpp>

#include <functional>
#include <string>

using namespace selvedge;
using namespace selvedge::policy;
using overload::Importance;
using overload::LoadLevel;
using namespace std::chrono;

namespace {

TierOptions tier(const std::string& name, Importance priority) {
  TierOptions options;
  options.name = name;
  options.priority = priority;
  return options;
}

RegionOptions region(const std::string& name, std::vector<std::string> networks) {
  RegionOptions options;
  options.name = name;
  options.networks = std::move(networks);
  return options;
}

RuleOptions rule(const std::string& name) {
  RuleOptions options;
  options.name = name;
  return options;
}

PolicyOptions with_tiers() {
  PolicyOptions options;
  options.tiers = {tier("premium", Importance::premium), tier("standard", Importance::standard),
                   tier("free", Importance::free)};
  options.regions = {region("eu", {"10.0.0.0/8"}), region("de", {"10.1.0.0/16", "fd00::/8"})};
  return options;
}

constexpr std::uint8_t kPremium = 0;
constexpr std::uint8_t kFree = 2;
constexpr std::size_t index_of(Aspect aspect) {
  return static_cast<std::size_t>(aspect);
}

// A request for /app/main.js by somebody of the free tier, on a Monday at noon.
struct Asked {
  Asked() {
    request.target = "/app/main.js?v=1";
    request.authority = "www.example.com";
    facts.request = &request;
    facts.identity.tier = kFree;
    facts.time = sys_days{year{2026} / January / 5} + hours{12};
  }
  Asked(const Asked&) = delete;

  http::RequestHead request;
  RequestFacts facts;
};

// Whether a rule with this `when` decides, and if not, what is said of it.
struct Finding {
  bool decides = false;
  std::string because;
};
Finding finding_of(const std::function<void(RuleWhen&)>& change, const Asked& asked) {
  PolicyOptions options = with_tiers();
  options.rules = {rule("one")};
  options.rules[0].then.shed.status = 503;
  change(options.rules[0].when);
  const PolicySet policy(options);
  const Verdict verdict = policy.verdict(asked.facts);
  const std::vector<RuleFinding> findings = policy.explain(asked.facts);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "one");
  CHECK(findings[0].matches == (verdict.shed != nullptr));
  CHECK(findings[0].decides.empty() != findings[0].matches);
  return {verdict.shed != nullptr, std::string(findings[0].because)};
}

} // namespace

TEST_CASE("without a policy there is one tier and nothing is decided", "[policy][set]") {
  const PolicySet policy{PolicyOptions{}};
  REQUIRE(policy.tiers().size() == 1);
  CHECK(policy.tiers()[0].name == "default");
  CHECK(policy.default_tier() == 0);
  CHECK(policy.importance_of(0) == Importance::premium);
  CHECK(policy.region_of("10.0.0.1", "eu") == 0);
  CHECK(policy.region_name(0).empty());
  CHECK(policy.value_of(0, 0) == 0);
  Asked asked;
  asked.facts.identity.tier = 0;
  const Verdict verdict = policy.verdict(asked.facts);
  CHECK(verdict.importance == Importance::premium);
  CHECK(verdict.rate_limit == nullptr);
  CHECK(verdict.concurrency == nullptr);
  CHECK(verdict.redirect == nullptr);
  CHECK(verdict.shed == nullptr);
  CHECK(verdict.serve_stale == seconds{0});
  CHECK(verdict.origin.empty());
  CHECK_FALSE(verdict.hits_only);
  CHECK(verdict.transforms);
  for (const std::uint16_t by : verdict.decided_by) CHECK(by == Verdict::kNoRule);
  CHECK(policy.explain(asked.facts).empty());
}

TEST_CASE("tiers are found by name", "[policy][set]") {
  PolicyOptions options = with_tiers();
  CHECK(PolicySet(options).default_tier() == kFree); // the last
  options.identify.default_tier = "standard";
  const PolicySet policy(options);
  CHECK(policy.default_tier() == 1);
  CHECK(policy.tier_of("premium") == kPremium);
  CHECK(policy.tier_of("Premium") == std::nullopt);
  CHECK(policy.tier_of("") == std::nullopt);
  CHECK(policy.importance_of(kFree) == Importance::free);
}

TEST_CASE("a region is that of the header, else of the nearest network", "[policy][set]") {
  const PolicySet policy(with_tiers());
  const std::uint16_t eu = policy.region_of("10.2.0.1", "");
  const std::uint16_t de = policy.region_of("10.1.0.1", "");
  CHECK(policy.region_name(eu) == "eu");
  CHECK(policy.region_name(de) == "de");
  CHECK(policy.region_of("fd00::1", "") == de);
  CHECK(policy.region_of("192.0.2.1", "") == 0);
  CHECK(policy.region_of("not an address", "") == 0);
  CHECK(policy.region_of("10.1.0.1", "EU") == eu);
  CHECK(policy.region_of("10.1.0.1", "atlantis") == de);
}

TEST_CASE("a request is worth what its tier and region say", "[policy][set]") {
  PolicyOptions options = with_tiers();
  options.tiers[kPremium].value = 5;
  options.tiers[kPremium].values = {{"de", 8}};
  const PolicySet policy(options);
  CHECK(policy.value_of(kPremium, 0) == Approx(0.005));
  CHECK(policy.value_of(kPremium, 1) == Approx(0.005));
  CHECK(policy.value_of(kPremium, 2) == Approx(0.008));
  CHECK(policy.value_of(kFree, 2) == 0);
}

TEST_CASE("every aspect is decided by what its rule says", "[policy][set]") {
  PolicyOptions options = with_tiers();
  options.rules = {rule("all")};
  RuleThen& then = options.rules[0].then;
  then.priority = "background";
  then.rate_limit = {10, 20};
  then.concurrency = 3;
  then.serve_stale = seconds{60};
  then.origin = "cheap";
  then.hits_only = Choice::yes;
  then.transforms = Choice::no;
  then.redirect.to = "/sorry";
  then.shed.status = 429;
  const PolicySet policy(options);
  const Asked asked;
  const Verdict verdict = policy.verdict(asked.facts);
  CHECK(verdict.importance == Importance::background);
  REQUIRE(verdict.rate_limit != nullptr);
  CHECK(verdict.rate_limit->rate_limit.burst == 20);
  REQUIRE(verdict.concurrency != nullptr);
  CHECK(verdict.concurrency->concurrency == 3);
  CHECK(verdict.serve_stale == seconds{60});
  CHECK(verdict.origin == "cheap");
  CHECK(verdict.hits_only);
  CHECK_FALSE(verdict.transforms);
  REQUIRE(verdict.redirect != nullptr);
  CHECK(verdict.redirect->to == "/sorry");
  REQUIRE(verdict.shed != nullptr);
  CHECK(verdict.shed->status == 429);
  for (const std::uint16_t by : verdict.decided_by) CHECK(policy.rule_name(by) == "all");
  CHECK(policy.explain(asked.facts)[0].decides.size() == kAspects);
}

TEST_CASE("the first rule that says something of an aspect decides it", "[policy][set]") {
  PolicyOptions options = with_tiers();
  options.rules = {rule("premium"), rule("quiet"), rule("first"), rule("second")};
  options.rules[0].when.tiers = {"premium"};
  options.rules[0].then.shed.status = 503;
  options.rules[1].then.rate_limit.burst = 5; // of no rate: it says nothing
  options.rules[2].then.origin = "cheap";
  options.rules[2].then.hits_only = Choice::no;
  options.rules[3].then.origin = "other";
  options.rules[3].then.hits_only = Choice::yes;
  options.rules[3].then.transforms = Choice::no;
  const PolicySet policy(options);
  const Asked asked;
  const Verdict verdict = policy.verdict(asked.facts);
  CHECK(verdict.importance == Importance::free);
  CHECK(verdict.shed == nullptr);
  CHECK(verdict.origin == "cheap");
  CHECK_FALSE(verdict.hits_only);
  CHECK_FALSE(verdict.transforms);
  CHECK(verdict.decided_by[index_of(Aspect::origin)] == 2);
  CHECK(verdict.decided_by[index_of(Aspect::transforms)] == 3);
  CHECK(verdict.decided_by[index_of(Aspect::shed)] == Verdict::kNoRule);

  const std::vector<RuleFinding> findings = policy.explain(asked.facts);
  CHECK(findings[0].because == "tier");
  CHECK(findings[1].matches);
  CHECK(findings[1].decides.empty());
  CHECK(findings[2].decides == std::vector<Aspect>{Aspect::origin, Aspect::hits_only});
  CHECK(findings[3].decides == std::vector<Aspect>{Aspect::transforms});
}

TEST_CASE("names of aspects", "[policy][set]") {
  CHECK(text_of(Aspect::priority) == "priority");
  CHECK(text_of(Aspect::rate_limit) == "rate-limit");
  CHECK(text_of(Aspect::shed) == "shed");
}

TEST_CASE("conditions: tier, class, region, load", "[policy][set]") {
  Asked asked;
  CHECK(finding_of([](RuleWhen&) {}, asked).decides);
  CHECK(finding_of([](RuleWhen& w) { w.tiers = {"premium", "free"}; }, asked).decides);
  CHECK(finding_of([](RuleWhen& w) { w.tiers = {"premium"}; }, asked).because == "tier");
  CHECK(finding_of([](RuleWhen& w) { w.classes = {ContentClass::standard}; }, asked).decides);
  const auto is_core = [](RuleWhen& w) { w.classes = {ContentClass::core}; };
  CHECK(finding_of(is_core, asked).because == "class");
  asked.facts.content = ContentClass::core;
  CHECK(finding_of(is_core, asked).decides);

  const auto in_de = [](RuleWhen& w) { w.regions = {"de"}; };
  CHECK(finding_of(in_de, asked).because == "region");
  asked.facts.region = 1;
  CHECK(finding_of(in_de, asked).because == "region");
  asked.facts.region = 2;
  CHECK(finding_of(in_de, asked).decides);
  asked.facts.region = 3; // of another policy
  CHECK(finding_of(in_de, asked).because == "region");

  const auto is_high = [](RuleWhen& w) { w.load = LoadLevel::high; };
  CHECK(finding_of(is_high, asked).because == "load");
  asked.facts.load = LoadLevel::high;
  CHECK(finding_of(is_high, asked).decides);
  asked.facts.load = LoadLevel::critical;
  CHECK(finding_of(is_high, asked).decides);
}

TEST_CASE("conditions: method, path, time", "[policy][set]") {
  Asked asked;
  const auto is_read = [](RuleWhen& w) { w.methods = {"get", "HEAD"}; };
  CHECK(finding_of(is_read, asked).decides);
  asked.request.method = http::Method::post;
  CHECK(finding_of(is_read, asked).because == "method");
  const auto is_report = [](RuleWhen& w) { w.methods = {"REPORT"}; };
  CHECK(finding_of(is_report, asked).because == "method");
  asked.request.method = http::Method::other;
  asked.request.method_text = "REPORT";
  CHECK(finding_of(is_report, asked).decides);
  asked.request.method_text = "SEARCH";
  CHECK(finding_of(is_report, asked).because == "method");
  CHECK(finding_of([](RuleWhen&) {}, asked).decides);

  const auto is_script = [](RuleWhen& w) { w.paths = {"/img/*", "*.js"}; };
  CHECK(finding_of(is_script, asked).decides); // the query is not in the path
  asked.request.target = "/app/main.css?x=.js";
  CHECK(finding_of(is_script, asked).because == "path");

  const auto by_day = [](RuleWhen& w) { w.times = {{"mon", "08:00", "12:00"}, {"tue", "", ""}}; };
  CHECK(finding_of(by_day, asked).because == "time");
  asked.facts.time -= seconds{1};
  CHECK(finding_of(by_day, asked).decides);
  asked.facts.time += hours{24};
  CHECK(finding_of(by_day, asked).decides);
}

TEST_CASE("conditions: headers", "[policy][set]") {
  Asked asked;
  const auto has_both = [](RuleWhen& w) {
    w.headers = {{"User-Agent", "*Bot/*"}, {"X-Debug", ""}};
  };
  CHECK(finding_of(has_both, asked).because == "header");
  asked.request.fields.add("user-agent", "Good Bot/1.0");
  CHECK(finding_of(has_both, asked).because == "header");
  asked.request.fields.add("x-other", "1");
  CHECK(finding_of(has_both, asked).because == "header");
  asked.request.fields.add("x-DEBUG", "");
  CHECK(finding_of(has_both, asked).decides);

  const auto is_text = [](RuleWhen& w) { w.headers = {{"accept", "text/*"}}; };
  asked.request.fields.add("accept", "image/*");
  CHECK(finding_of(is_text, asked).because == "header");
  asked.request.fields.add("accept", "TEXT/html"); // case counts in values
  CHECK(finding_of(is_text, asked).because == "header");
  asked.request.fields.add("accept", "text/html");
  CHECK(finding_of(is_text, asked).decides);

  // What a head does not keep among its fields.
  CHECK(finding_of([](RuleWhen& w) { w.headers = {{"host", "www.*"}}; }, asked).decides);
  CHECK(finding_of([](RuleWhen& w) { w.headers = {{"Host", ""}}; }, asked).decides);
  CHECK_FALSE(finding_of([](RuleWhen& w) { w.headers = {{"host", "api.*"}}; }, asked).decides);
}

TEST_CASE("verdicts point into their policy", "[policy][set]") {
  PolicyOptions options = with_tiers();
  options.rules = {rule("one")};
  options.rules[0].then.concurrency = 1;
  options.rules[0].then.redirect.to = "/a";
  const PolicySet policy(std::move(options));
  const Asked asked;
  const Verdict verdict = policy.verdict(asked.facts);
  CHECK(verdict.concurrency == &policy.options().rules[0].then);
  CHECK(verdict.redirect == &policy.options().rules[0].then.redirect);
}
