#include <selvedge/policy/policy_set.hpp>
#include <tests/support/catch.hpp>

#include <functional>
#include <limits>
#include <string>

using namespace selvedge::policy;

namespace {

using Change = std::function<void(PolicyOptions&)>;

// A policy with nothing wrong, and some of everything.
PolicyOptions good_policy() {
  PolicyOptions options;
  for (const char* name : {"premium", "standard", "free"}) {
    options.tiers.emplace_back().name = name;
  }
  for (const char* name : {"eu", "us"}) options.regions.emplace_back().name = name;
  options.regions[0].networks = {"10.0.0.0/8"};
  options.region_header = "x-region";
  JwtOptions jwt;
  jwt.jwks_file = "keys.json";
  jwt.tiers = {{"gold", "premium"}};
  options.identify.jwt = {jwt};
  options.identify.api_keys = {{std::string(64, 'a'), "premium", "acme"}};
  options.identify.certificates = {{"acme.example", "premium", ""}};
  options.identify.networks = {{"192.0.2.0/24", "standard", ""}};
  options.identify.server_names = {{"pro.example.com", "premium"}};
  options.identify.listeners = {{"internal", "premium"}};
  options.identify.header.tier_header = "x-tier";
  options.identify.header.from = {"127.0.0.1"};
  options.classes.emplace_back().name = "code";
  options.classes[0].is = ContentClass::core;
  RuleOptions rule;
  rule.name = "one";
  rule.when.tiers = {"free"};
  rule.when.times = {{"mon-fri", "08:00", "18:00"}};
  rule.then.shed.status = 503;
  options.rules = {rule};
  return options;
}

struct Row {
  Change change;
  const char* path;
  const char* text;
};

// That there is this problem and no other, and that it is no mere warning.
void check_row(const Row& row) {
  PolicyOptions options = good_policy();
  row.change(options);
  const std::vector<PolicyProblem> problems = problems_of(options);
  CAPTURE(row.path, row.text);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == row.path);
  CHECK(problems[0].text == row.text);
  CHECK_FALSE(problems[0].is_warning);
}

} // namespace

TEST_CASE("a good policy has no problems", "[policy][problems]") {
  CHECK(problems_of(good_policy()).empty());
  CHECK(problems_of({}).empty());
}

TEST_CASE("problems of tiers", "[policy][problems]") {
  const std::vector<Row> rows = {
      {[](PolicyOptions& o) { o.tiers.emplace_back().name = "free"; }, "tiers[3].name",
       "tier 'free' is there twice"},
      {[](PolicyOptions& o) { o.tiers.emplace_back(); }, "tiers[3].name", "a tier needs a name"},
      {[](PolicyOptions& o) {
         o.tiers[0].reserved_cpu = 0.7;
         o.tiers[1].reserved_cpu = 0.6;
       },
       "tiers", "'reserved_cpu' of all tiers adds up to 1.3: more than 1"},
      {[](PolicyOptions& o) {
         for (TierOptions& tier : o.tiers) tier.reserved_origin = 0.5;
       },
       "tiers", "'reserved_origin' of all tiers adds up to 1.5: more than 1"},
      {[](PolicyOptions& o) {
         for (TierOptions& tier : o.tiers) tier.reserved_cache = 0.4;
       },
       "tiers", "'reserved_cache' of all tiers adds up to 1.2: more than 1"},
      {[](PolicyOptions& o) { o.tiers[1].reserved_cache = -0.1; }, "tiers[1].reserved_cache",
       "-0.1 is no share: it must be 0 to 1"},
      {[](PolicyOptions& o) { o.tiers[1].objective_availability = 99; },
       "tiers[1].objective_availability", "99 is no share: it must be 0 to 1"},
      {[](PolicyOptions& o) { o.tiers[0].value = -2; }, "tiers[0].value",
       "-2 is no amount: it must be 0 or more"},
      {[](PolicyOptions& o) { o.tiers[0].value = std::numeric_limits<double>::infinity(); },
       "tiers[0].value", "inf is no amount: it must be 0 or more"},
      {[](PolicyOptions& o) {
         o.tiers[0].values = {{"eu", 1}, {"uss", 2}};
       },
       "tiers[0].values[1].region", "there is no region 'uss'; did you mean 'us'?"},
      {[](PolicyOptions& o) {
         o.tiers[0].values = {{"eu", 1}, {"eu", 2}};
       },
       "tiers[0].values[1].region", "region 'eu' is there twice"},
      {[](PolicyOptions& o) {
         for (int i = 0; i < 62; ++i) o.tiers.emplace_back().name = std::to_string(i);
       },
       "tiers", "there are 65 tiers: 64 at most"},
  };
  for (const Row& row : rows) check_row(row);
}

TEST_CASE("shares that add up to exactly 1 are well", "[policy][problems]") {
  PolicyOptions options = good_policy();
  options.tiers[0].reserved_cpu = 0.7;
  options.tiers[1].reserved_cpu = 0.2;
  options.tiers[2].reserved_cpu = 0.1;
  CHECK(problems_of(options).empty());
}

TEST_CASE("problems of tokens", "[policy][problems]") {
  const std::vector<Row> rows = {
      {[](PolicyOptions& o) { o.identify.jwt[0].jwks_file.clear(); }, "identify.jwt[0]",
       "tokens need keys: 'jwks_file', 'secret_file' or both"},
      {[](PolicyOptions& o) {
         o.identify.jwt[0].algorithms = {JwtAlgorithm::es256, JwtAlgorithm::hs256};
       },
       "identify.jwt[0].algorithms[1]", "'hs256' needs 'secret_file'"},
      {[](PolicyOptions& o) {
         o.identify.jwt[0].secret_file = "secret";
         o.identify.jwt[0].jwks_file.clear();
         o.identify.jwt[0].algorithms = {JwtAlgorithm::hs256, JwtAlgorithm::eddsa};
       },
       "identify.jwt[0].algorithms[1]", "'eddsa' needs 'jwks_file'"},
      {[](PolicyOptions& o) { o.identify.jwt[0].leeway = std::chrono::seconds{-1}; },
       "identify.jwt[0].leeway", "a duration cannot be negative"},
      {[](PolicyOptions& o) { o.identify.jwt[0].tiers[0].tier = "premum"; },
       "identify.jwt[0].tiers[0].tier", "there is no tier 'premum'; did you mean 'premium'?"},
      {[](PolicyOptions& o) {
         o.identify.jwt[0].tiers.push_back({"gold", "free"});
       },
       "identify.jwt[0].tiers[1].value", "value 'gold' is there twice"},
  };
  for (const Row& row : rows) check_row(row);
}

TEST_CASE("problems of identity", "[policy][problems]") {
  const std::vector<Row> rows = {
      {[](PolicyOptions& o) { o.identify.default_tier = "frei"; }, "identify.default_tier",
       "there is no tier 'frei'; did you mean 'free'?"},
      {[](PolicyOptions& o) { o.identify.api_keys[0].sha256 = "abc"; },
       "identify.api_keys[0].sha256", "'abc' is not 64 hexadecimal digits"},
      {[](PolicyOptions& o) { o.identify.api_keys[0].sha256[63] = 'g'; },
       "identify.api_keys[0].sha256",
       "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaag' is not 64 hexadecimal "
       "digits"},
      {[](PolicyOptions& o) {
         o.identify.api_keys.push_back({std::string(64, 'A'), "free", ""});
       },
       "identify.api_keys[1].sha256",
       "key 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' is there twice"},
      {[](PolicyOptions& o) { o.identify.api_keys[0].tier = "gold"; }, "identify.api_keys[0].tier",
       "there is no tier 'gold'"},
      {[](PolicyOptions& o) { o.identify.certificates[0].tier = ""; },
       "identify.certificates[0].tier", "there is no tier ''"},
      {[](PolicyOptions& o) {
         o.identify.certificates.push_back({"acme.example", "free", ""});
       },
       "identify.certificates[1].name", "certificate 'acme.example' is there twice"},
      {[](PolicyOptions& o) { o.identify.networks[0].network = "192.0.2.1/24"; },
       "identify.networks[0].network", "'192.0.2.1/24' is an address within that network"},
      {[](PolicyOptions& o) { o.identify.networks[0].tier = "x"; }, "identify.networks[0].tier",
       "there is no tier 'x'"},
      {[](PolicyOptions& o) {
         o.identify.networks.push_back({"192.0.2.0/24", "free", ""});
       },
       "identify.networks[1].network", "network '192.0.2.0/24' is there twice"},
      {[](PolicyOptions& o) { o.identify.server_names[0].tier = "x"; },
       "identify.server_names[0].tier", "there is no tier 'x'"},
      {[](PolicyOptions& o) {
         o.identify.server_names.push_back({"PRO.example.com", "free"});
       },
       "identify.server_names[1].name", "server name 'PRO.example.com' is there twice"},
      {[](PolicyOptions& o) { o.identify.listeners[0].tier = "x"; }, "identify.listeners[0].tier",
       "there is no tier 'x'"},
      {[](PolicyOptions& o) {
         o.identify.listeners.push_back({"internal", "free"});
       },
       "identify.listeners[1].listener", "listener 'internal' is there twice"},
      {[](PolicyOptions& o) {
         o.identify.header.from = {"::1", "proxy"};
       },
       "identify.header.from[1]", "'proxy' is no address or network"},
      {[](PolicyOptions& o) {
         o.identify.header.tiers = {{"1", "fre"}};
       },
       "identify.header.tiers[0].tier", "there is no tier 'fre'; did you mean 'free'?"},
  };
  for (const Row& row : rows) check_row(row);
}

TEST_CASE("problems of regions and classes", "[policy][problems]") {
  const std::vector<Row> rows = {
      {[](PolicyOptions& o) { o.regions.emplace_back().name = "EU"; }, "regions[2].name",
       "region 'EU' is there twice"},
      {[](PolicyOptions& o) { o.regions.emplace_back(); }, "regions[2].name",
       "a region needs a name"},
      {[](PolicyOptions& o) { o.regions[1].networks = {"10.0.0.0/40"}; }, "regions[1].networks[0]",
       "'10.0.0.0/40' is no address or network"},
      {[](PolicyOptions& o) {
         o.regions[1].networks = {"11.0.0.0/8", "10.0.0.0/8"};
       },
       "regions[1].networks[1]", "network '10.0.0.0/8' is there twice"},
      {[](PolicyOptions& o) { o.classes.emplace_back().name = "code"; }, "classes[1].name",
       "class 'code' is there twice"},
      {[](PolicyOptions& o) {
         o.classes[0].min_size = 10;
         o.classes[0].max_size = 9;
       },
       "classes[0].max_size", "'max_size' (9) is less than 'min_size' (10)"},
  };
  for (const Row& row : rows) check_row(row);
  PolicyOptions nameless = good_policy();
  nameless.classes.resize(3); // of classes, the number will do
  CHECK(problems_of(nameless).empty());
}

TEST_CASE("problems of costs and overload", "[policy][problems]") {
  const std::vector<Row> rows = {
      {[](PolicyOptions& o) { o.economics.origin_gib = -1; }, "economics.origin_gib",
       "-1 is no amount: it must be 0 or more"},
      {[](PolicyOptions& o) {
         o.economics.storage = {{"disk", 1, -1}};
       },
       "economics.storage[0].gib_month", "-1 is no amount: it must be 0 or more"},
      {[](PolicyOptions& o) {
         o.economics.storage = {{"disk", -1, 1}};
       },
       "economics.storage[0].gib_read", "-1 is no amount: it must be 0 or more"},
      {[](PolicyOptions& o) {
         o.economics.storage = {{"disk", 1, 1}, {"disk", 1, 1}};
       },
       "economics.storage[1].name", "storage tier 'disk' is there twice"},
      {[](PolicyOptions& o) { o.overload.cpu_budget = 1.1; }, "overload.cpu_budget",
       "1.1 is no share: it must be 0 to 1"},
      {[](PolicyOptions& o) { o.overload.cpu_budget = 0; }, "overload.cpu_budget",
       "with no budget nobody would be served"},
      {[](PolicyOptions& o) { o.overload.floor = -0.1; }, "overload.floor",
       "-0.1 is no share: it must be 0 to 1"},
      {[](PolicyOptions& o) { o.overload.handshakes = 2; }, "overload.handshakes",
       "2 is no share: it must be 0 to 1"},
      {[](PolicyOptions& o) { o.overload.rejections = 2; }, "overload.rejections",
       "2 is no share: it must be 0 to 1"},
      {[](PolicyOptions& o) { o.overload.unknown = std::numeric_limits<double>::quiet_NaN(); },
       "overload.unknown", "nan is no share: it must be 0 to 1"},
      {[](PolicyOptions& o) { o.overload.target_delay = {}; }, "overload.target_delay",
       "it must be longer than 0"},
      {[](PolicyOptions& o) { o.overload.cohort_period = {}; }, "overload.cohort_period",
       "it must be longer than 0"},
      {[](PolicyOptions& o) { o.overload.defer = std::chrono::milliseconds{-1}; }, "overload.defer",
       "a duration cannot be negative"},
  };
  for (const Row& row : rows) check_row(row);
}

TEST_CASE("problems of a rule's when", "[policy][problems]") {
  const std::vector<Row> rows = {
      {[](PolicyOptions& o) { o.rules.push_back(o.rules[0]); }, "rules[1].name",
       "rule 'one' is there twice"},
      {[](PolicyOptions& o) { o.rules[0].name.clear(); }, "rules[0].name", "a rule needs a name"},
      {[](PolicyOptions& o) {
         o.rules[0].when.tiers = {"free", "premum"};
       },
       "rules[0].when.tiers[1]", "there is no tier 'premum'; did you mean 'premium'?"},
      {[](PolicyOptions& o) { o.rules[0].when.regions = {"EU"}; }, "rules[0].when.regions[0]",
       "there is no region 'EU'"},
      {[](PolicyOptions& o) {
         o.rules[0].when.methods = {"GET", "A B"};
       },
       "rules[0].when.methods[1]", "'A B' is not a method"},
      {[](PolicyOptions& o) { o.rules[0].when.times[0].days = "mon-fry"; },
       "rules[0].when.times[0].days", "'mon-fry' is not like 'mon-fri' or 'sat,sun'"},
      {[](PolicyOptions& o) { o.rules[0].when.times[0].from = "24:00"; },
       "rules[0].when.times[0].from", "'24:00' is not a time of the day like '08:00'"},
      {[](PolicyOptions& o) { o.rules[0].when.times[0].to = "6pm"; }, "rules[0].when.times[0].to",
       "'6pm' is not a time of the day like '08:00'"},
      {[](PolicyOptions& o) {
         o.rules[0].when.headers = {{"", "a"}};
       },
       "rules[0].when.headers[0].name", "'' is not the name of a field"},
      {[](PolicyOptions& o) {
         o.rules.resize(4097);
         for (std::size_t i = 1; i < o.rules.size(); ++i) o.rules[i].name = std::to_string(i);
       },
       "rules", "there are 4097 rules: 4096 at most"},
  };
  for (const Row& row : rows) check_row(row);
}

TEST_CASE("problems of a rule's then", "[policy][problems]") {
  const std::vector<Row> rows = {
      {[](PolicyOptions& o) { o.rules[0].then.priority = "backgroun"; }, "rules[0].then.priority",
       "there is no priority 'backgroun'; did you mean 'background'?"},
      {[](PolicyOptions& o) { o.rules[0].then.rate_limit.rate = -1; },
       "rules[0].then.rate_limit.rate", "-1 is no amount: it must be 0 or more"},
      {[](PolicyOptions& o) { o.rules[0].then.serve_stale = std::chrono::seconds{-1}; },
       "rules[0].then.serve_stale", "a duration cannot be negative"},
      {[](PolicyOptions& o) { o.rules[0].then.shed.retry_after = std::chrono::seconds{-1}; },
       "rules[0].then.shed.retry_after", "a duration cannot be negative"},
      {[](PolicyOptions& o) { o.rules[0].then.shed.status = 500; }, "rules[0].then.shed.status",
       "500 is not one of 429, 503"},
      {[](PolicyOptions& o) {
         o.rules[0].then.redirect.to = "/a";
         o.rules[0].then.redirect.status = 304;
       },
       "rules[0].then.redirect.status", "304 is not one of 301, 302, 303, 307, 308"},
  };
  for (const Row& row : rows) check_row(row);
}

TEST_CASE("all problems are reported, and no warnings beside them", "[policy][problems]") {
  PolicyOptions options = good_policy();
  options.tiers[1].name = "premium";
  options.rules[0].then.shed.status = 1;
  options.rules.push_back({"empty", {}, {}});
  const std::vector<PolicyProblem> problems = problems_of(options);
  std::vector<std::string> paths;
  for (const PolicyProblem& problem : problems) {
    paths.push_back(problem.path);
    CHECK_FALSE(problem.is_warning);
  }
  // "standard" was the name of the second tier.
  CHECK(paths == std::vector<std::string>{"tiers[1].name", "identify.networks[0].tier",
                                          "rules[0].then.shed.status"});
}
