#include <selvedge/policy/policy_set.hpp>
#include <tests/support/catch.hpp>

#include <functional>
#include <string>

using namespace selvedge;
using namespace selvedge::policy;
using overload::LoadLevel;

namespace {

// Tiers premium, free and ghost, of which nobody is.
PolicyOptions plain_policy() {
  PolicyOptions options;
  for (const char* name : {"premium", "ghost", "free"}) options.tiers.emplace_back().name = name;
  options.identify.api_keys = {{std::string(64, 'a'), "premium", ""}};
  options.regions.emplace_back().name = "eu";
  options.regions.emplace_back().name = "nowhere";
  options.regions[0].networks = {"10.0.0.0/8"};
  return options;
}

RuleOptions shedding(const std::string& name) {
  RuleOptions rule;
  rule.name = name;
  rule.then.shed.status = 503;
  return rule;
}

using Texts = std::vector<std::string>;

// "path: text" of each, without that of the tier ghost.
Texts warnings_of(const PolicyOptions& options) {
  Texts texts;
  for (const PolicyProblem& problem : problems_of(options)) {
    CHECK(problem.is_warning);
    if (!problem.path.starts_with("tiers")) texts.push_back(problem.path + ": " + problem.text);
  }
  return texts;
}

Texts warnings_of_rules(const std::vector<RuleOptions>& rules) {
  PolicyOptions options = plain_policy();
  options.rules = rules;
  return warnings_of(options);
}

// One rule that sheds, another behind it, and whether nothing is left to that one.
struct Pair {
  std::function<void(RuleWhen& first, RuleWhen& second)> change;
  bool is_covered;
};

void check_pairs(const std::vector<Pair>& pairs) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    CAPTURE(i);
    RuleOptions first = shedding("first");
    RuleOptions second = shedding("second");
    pairs[i].change(first.when, second.when);
    const Texts expected = {"rules[1]: rule 'second' has nothing left to decide: before it, rule "
                            "'first' decides shed"};
    CHECK(warnings_of_rules({first, second}) == (pairs[i].is_covered ? expected : Texts{}));
  }
}

} // namespace

TEST_CASE("a tier that nobody can be of is warned of", "[policy][warnings]") {
  PolicyOptions options = plain_policy();
  const std::vector<PolicyProblem> problems = problems_of(options);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].is_warning);
  CHECK(problems[0].path == "tiers[1].name");
  CHECK(problems[0].text == "nobody can be of tier 'ghost': it is not the default, and nothing in "
                            "'identify' names it");

  const auto is_well = [](const std::function<void(IdentifyOptions&)>& change) {
    PolicyOptions changed = plain_policy();
    change(changed.identify);
    return problems_of(changed).empty();
  };
  CHECK(is_well([](IdentifyOptions& i) { i.networks = {{"10.0.0.0/8", "ghost", ""}}; }));
  CHECK(is_well([](IdentifyOptions& i) { i.certificates = {{"a", "ghost", ""}}; }));
  CHECK(is_well([](IdentifyOptions& i) { i.server_names = {{"a", "ghost"}}; }));
  CHECK(is_well([](IdentifyOptions& i) { i.listeners = {{"a", "ghost"}}; }));
  CHECK(is_well([](IdentifyOptions& i) { i.jwt.emplace_back().jwks_file = "keys.json"; }));
  CHECK(is_well([](IdentifyOptions& i) {
    i.header.tier_header = "x-tier";
    i.header.from = {"127.0.0.1"};
  }));
  options.identify.default_tier = "ghost"; // but then nobody is free
  REQUIRE(problems_of(options).size() == 1);
  CHECK(problems_of(options)[0].path == "tiers[2].name");
}

TEST_CASE("a header that nobody is believed in is warned of", "[policy][warnings]") {
  PolicyOptions options = plain_policy();
  options.identify.header.tier_header = "x-tier";
  CHECK(warnings_of(options) ==
        Texts{"identify.header.from: nobody is believed, so 'x-tier' is not looked at"});
}

TEST_CASE("a rule that says nothing is warned of", "[policy][warnings]") {
  RuleOptions empty = shedding("empty");
  empty.then = {};
  empty.then.rate_limit.burst = 3; // of no rate
  CHECK(warnings_of_rules({empty, shedding("all")}) ==
        Texts{"rules[0].then: rule 'empty' says nothing in 'then'"});
}

TEST_CASE("a rule that can never match is warned of", "[policy][warnings]") {
  struct Row {
    std::function<void(RuleWhen&)> change;
    const char* warning; // null: none
  };
  const std::vector<Row> rows = {
      {[](RuleWhen& w) { w.tiers = {"ghost"}; },
       "rules[0].when.tiers: rule 'one' can never match: nobody can be of tier 'ghost'"},
      {[](RuleWhen& w) {
         w.tiers = {"ghost", "free"};
       },
       nullptr},
      {[](RuleWhen& w) {
         w.classes = {ContentClass::core, ContentClass::critical};
       },
       "rules[0].when.classes: rule 'one' can never match: nothing in 'classes' is 'core' or "
       "'critical'"},
      {[](RuleWhen& w) { w.classes = {ContentClass::standard}; }, nullptr},
      {[](RuleWhen& w) { w.regions = {"nowhere"}; },
       "rules[0].when.regions: rule 'one' can never match: nobody can be in region 'nowhere': it "
       "has no networks, and there is no 'region_header'"},
      {[](RuleWhen& w) {
         w.regions = {"nowhere", "eu"};
       },
       nullptr},
      {[](RuleWhen& w) { w.methods = {""}; },
       "rules[0].when.methods: rule 'one' can never match: no request has an empty method"},
      {[](RuleWhen& w) {
         w.methods = {"", "GET"};
       },
       nullptr},
      {[](RuleWhen& w) {
         w.headers = {{"Transfer-Encoding", ""}};
       },
       "rules[0].when.headers: rule 'one' can never match: 'Transfer-Encoding' frames a message "
       "and cannot be asked for"},
      {[](RuleWhen& w) {
         w.headers = {{"X-Transfer", ""}};
       },
       nullptr},
  };
  for (const Row& row : rows) {
    RuleOptions rule = shedding("one");
    row.change(rule.when);
    const Texts expected = row.warning == nullptr ? Texts{} : Texts{row.warning};
    CHECK(warnings_of_rules({rule}) == expected);
  }
  PolicyOptions options = plain_policy();
  options.region_header = "x-region";
  options.classes.emplace_back().is = ContentClass::core;
  options.rules = {shedding("one")};
  options.rules[0].when.regions = {"nowhere"};
  options.rules[0].when.classes = {ContentClass::core};
  CHECK(warnings_of(options).empty());
}

TEST_CASE("a rule that has nothing left to decide: who and where", "[policy][warnings]") {
  check_pairs({
      {[](RuleWhen&, RuleWhen&) {}, true},
      {[](RuleWhen&, RuleWhen& s) { s.tiers = {"free"}; }, true},
      {[](RuleWhen& f, RuleWhen&) { f.tiers = {"free"}; }, false},
      {[](RuleWhen& f, RuleWhen&) {
         f.tiers = {"premium", "ghost", "free"};
       },
       true},
      {[](RuleWhen& f, RuleWhen& s) { f.load = s.load = LoadLevel::high; }, true},
      {[](RuleWhen& f, RuleWhen&) { f.load = LoadLevel::elevated; }, false},
      {[](RuleWhen& f, RuleWhen& s) { f.classes = s.classes = {ContentClass::standard}; }, true},
      {[](RuleWhen& f, RuleWhen&) { f.classes = {ContentClass::standard}; }, false},
      {[](RuleWhen& f, RuleWhen& s) { f.regions = s.regions = {"eu"}; }, true},
      {[](RuleWhen& f, RuleWhen&) { f.regions = {"eu"}; }, false},
      {[](RuleWhen& f, RuleWhen& s) {
         f.regions = {"eu", "nowhere"};
         s.regions = {"eu"};
       },
       true},
      {[](RuleWhen& f, RuleWhen& s) {
         f.regions = {"eu"};
         s.regions = {"eu", "nowhere"};
       },
       false},
  });
}

TEST_CASE("a rule that has nothing left to decide: what and when", "[policy][warnings]") {
  check_pairs({
      {[](RuleWhen& f, RuleWhen& s) {
         f.methods = {"GET", "X"};
         s.methods = {"X"};
       },
       true},
      {[](RuleWhen& f, RuleWhen& s) {
         f.methods = {"GET"};
         s.methods = {"GET", "X"};
       },
       false},
      {[](RuleWhen& f, RuleWhen&) { f.methods = {"GET"}; }, false},
      {[](RuleWhen& f, RuleWhen& s) {
         f.paths = {"/a/*"};
         s.paths = {"/a/b", "/a/*.js"};
       },
       true},
      {[](RuleWhen& f, RuleWhen& s) {
         f.paths = {"/a/*"};
         s.paths = {"/a/b", "/b"};
       },
       false},
      {[](RuleWhen& f, RuleWhen&) { f.paths = {"/a/*"}; }, false},
      {[](RuleWhen& f, RuleWhen& s) {
         f.times = {{"mon-fri", "", ""}};
         s.times = {{"tue", "08:00", "09:00"}};
       },
       true},
      {[](RuleWhen& f, RuleWhen& s) {
         f.times = {{"mon-fri", "", ""}};
         s.times = {{"fri", "22:00", "06:00"}};
       },
       false},
      {[](RuleWhen& f, RuleWhen&) {
         f.times = {{"mon-fri", "", ""}};
       },
       false},
      {[](RuleWhen& f, RuleWhen& s) {
         f.headers = {{"X-A", ""}};
         s.headers = {{"x-b", ""}, {"x-a", "1*"}};
       },
       true},
      {[](RuleWhen& f, RuleWhen& s) {
         f.headers = {{"x-a", "1*"}};
         s.headers = {{"x-a", ""}};
       },
       false},
      {[](RuleWhen& f, RuleWhen&) {
         f.headers = {{"x-a", ""}};
       },
       false},
  });
}

TEST_CASE("what is left to a rule counts by aspect", "[policy][warnings]") {
  RuleOptions shed = shedding("shed");
  RuleOptions origin = shedding("origin");
  origin.then = {};
  origin.then.origin = "cheap";
  origin.then.transforms = Choice::no;
  RuleOptions both = shedding("both");
  both.then.origin = "other";
  both.then.transforms = Choice::yes;
  CHECK(warnings_of_rules({shed, origin, both}) ==
        Texts{"rules[2]: rule 'both' has nothing left to decide: before it, rule 'shed' decides "
              "shed, rule 'origin' decides origin and transforms"});
  both.then.concurrency = 1;
  CHECK(warnings_of_rules({shed, origin, both}).empty());
  // A rule that never matches decides nothing before others.
  shed.when.methods = {""};
  CHECK(warnings_of_rules({shed, shedding("after")}).size() == 1);
}
