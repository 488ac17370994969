// What a policy costs each request: its verdict, its class of content and its region, and the
// entry in the ledger at its end. None of it may allocate.
#include "allocations.hpp"
#include "responses.hpp"

#include <selvedge/base/assert.hpp>
#include <selvedge/policy/economics.hpp>
#include <selvedge/policy/policy_set.hpp>

#include <string>
#include <vector>

namespace selvedge::bench {

namespace {

using overload::LoadLevel;
using policy::ContentClass;

policy::RuleOptions rule(std::size_t number, LoadLevel load) {
  policy::RuleOptions rule;
  rule.name = "rule-" + std::to_string(number);
  rule.when.load = load;
  return rule;
}

// What applies at every load: two of the rules.
std::vector<policy::RuleOptions> calm_rules() {
  policy::RuleOptions limit = rule(0, LoadLevel::calm);
  limit.when.tiers = {"free"};
  limit.then.rate_limit = {50, 100};
  policy::RuleOptions reports = rule(1, LoadLevel::calm);
  reports.when.methods = {"POST"};
  reports.when.paths = {"/reports/*"};
  reports.then.priority = "background";
  return {limit, reports};
}

// Eighteen for a busy node, which differ in what they ask of a request.
std::vector<policy::RuleOptions> busy_rules() {
  std::vector<policy::RuleOptions> rules;
  for (std::size_t i = 2; i < 20; i += 3) {
    policy::RuleOptions by_path = rule(i, LoadLevel::high);
    by_path.when.tiers = {"free", "standard"};
    by_path.when.paths = {"/media/" + std::to_string(i) + "/*", "*.mp" + std::to_string(i)};
    by_path.then.origin = "cheap";
    policy::RuleOptions by_class = rule(i + 1, LoadLevel::high);
    by_class.when.classes = {ContentClass::secondary};
    by_class.when.regions = {"us"};
    by_class.then.serve_stale = std::chrono::seconds{600};
    policy::RuleOptions by_header = rule(i + 2, LoadLevel::critical);
    by_header.when.tiers = {"free"};
    by_header.when.headers = {{"user-agent", "*Bot" + std::to_string(i) + "*"}};
    by_header.then.shed.status = 503;
    rules.insert(rules.end(), {by_path, by_class, by_header});
  }
  return rules;
}

policy::ContentClassOptions content_class(ContentClass is, std::vector<std::string> paths) {
  policy::ContentClassOptions options;
  options.is = is;
  options.paths = std::move(paths);
  return options;
}

// Ten, of which the asset is in the last.
std::vector<policy::ContentClassOptions> classes() {
  std::vector<policy::ContentClassOptions> classes = {
      content_class(ContentClass::critical, {"/", "/index.html"}),
      content_class(ContentClass::critical, {"*/entry-*.js", "*/runtime.*.js"}),
      content_class(ContentClass::core, {"/api/*"}),
      content_class(ContentClass::secondary, {"*.map", "*.txt"}),
      content_class(ContentClass::secondary, {"/media/*"}),
      content_class(ContentClass::secondary, {}),
      content_class(ContentClass::secondary, {}),
      content_class(ContentClass::core, {"/@acme/*"}),
      content_class(ContentClass::core, {"*.css"}),
      content_class(ContentClass::core, {"/static/app/*.js"}),
  };
  classes[5].types = {"image/*", "video/*"};
  classes[6].bundles = {"acme-icons", "acme-*-docs"};
  return classes;
}

policy::PolicyOptions options() {
  policy::PolicyOptions options;
  for (const char* name : {"premium", "standard", "free"}) options.tiers.emplace_back().name = name;
  for (const char* name : {"eu", "us"}) options.regions.emplace_back().name = name;
  for (std::size_t i = 0; i < 32; ++i) {
    options.regions[i % 2].networks.push_back("10." + std::to_string(i) + ".0.0/16");
  }
  options.classes = classes();
  options.rules = calm_rules();
  for (policy::RuleOptions& rule : busy_rules()) options.rules.push_back(std::move(rule));
  return options;
}

void policy_verdict(benchmark::State& state, LoadLevel load) {
  const policy::PolicySet policy(options());
  const http::RequestHead request = asset_request();
  policy::RequestFacts facts;
  facts.request = &request;
  facts.identity.tier = policy.default_tier();
  facts.content = ContentClass::core;
  facts.load = load;
  facts.time = std::chrono::sys_seconds{std::chrono::seconds{1735732800}};
  const AllocationCount count;
  for (auto _ : state) {
    benchmark::DoNotOptimize(facts);
    benchmark::DoNotOptimize(policy.verdict(facts));
  }
  count.require_none(state, "policy_verdict");
}
BENCHMARK_CAPTURE(policy_verdict, calm, LoadLevel::calm);
BENCHMARK_CAPTURE(policy_verdict, high, LoadLevel::high);
BENCHMARK_CAPTURE(policy_verdict, critical, LoadLevel::critical);

void policy_class(benchmark::State& state, std::string_view type) {
  const policy::PolicySet policy(options());
  std::string_view path = "/static/app/main.3f9c1d.js";
  const policy::ContentFacts content{.type = type, .size = 40000};
  SELVEDGE_ASSERT(policy.class_of(path, content) == ContentClass::core);
  const AllocationCount count;
  for (auto _ : state) {
    benchmark::DoNotOptimize(path);
    benchmark::DoNotOptimize(policy.class_of(path, content));
  }
  count.require_none(state, "policy_class");
}
BENCHMARK_CAPTURE(policy_class, by_name, "");
BENCHMARK_CAPTURE(policy_class, by_type, "text/javascript; charset=utf-8");

void policy_region(benchmark::State& state) {
  const policy::PolicySet policy(options());
  std::string_view address = "10.31.4.5";
  const AllocationCount count;
  for (auto _ : state) {
    benchmark::DoNotOptimize(address);
    benchmark::DoNotOptimize(policy.region_of(address, {}));
  }
  count.require_none(state, "policy_region");
}
BENCHMARK(policy_region);

void ledger_note(benchmark::State& state) {
  policy::Ledger ledger(3);
  std::vector<std::string> bundles;
  for (int i = 0; i < 64; ++i) bundles.push_back("acme-bundle-" + std::to_string(i));
  policy::Deed deed{.tier = 1,
                    .bundle = {},
                    .outcome = policy::Outcome::served,
                    .value = 0.0021,
                    .sent_bytes = 40000,
                    .origin_bytes = 0,
                    .stored_bytes = 40000,
                    .origin_cost = 0,
                    .storage_cost = 3e-9};
  for (const std::string& bundle : bundles) {
    deed.bundle = bundle;
    ledger.note(deed);
  }
  std::size_t at = 0;
  const AllocationCount count;
  for (auto _ : state) {
    deed.bundle = bundles[at++ % bundles.size()];
    ledger.note(deed);
  }
  count.require_none(state, "ledger_note");
}
BENCHMARK(ledger_note);

} // namespace

} // namespace selvedge::bench
