// Random policies and requests. What must be decided is told by a model that reads the options one
// by one, and what problems_of() calls useless must never have been of use.
#include <selvedge/policy/policy_set.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <string>

using namespace selvedge;
using namespace selvedge::policy;
using overload::LoadLevel;

namespace {

using Texts = std::vector<std::string>;

const Texts kTiers = {"premium", "standard", "free"};
const Texts kRegions = {"eu", "us"};
const Texts kMethods = {"GET", "POST", "REPORT"};
const Texts kPatterns = {"*", "/a/*", "*.js", "/a/b.js", "/a/*.js"};
const Texts kPaths = {"/", "/a/b.js", "/a/c.css", "/b.js"};
const Texts kValues = {"", "1*", "12"};
constexpr std::size_t kClasses = 4;

class Random {
public:
  explicit Random(unsigned seed) : source_(seed) {}

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(source_);
  }
  bool once_in(std::size_t times) { return below(times) == 0; }
  const std::string& one_of(const Texts& texts) { return texts[below(texts.size())]; }
  // Mostly none.
  Texts some_of(const Texts& texts) {
    Texts some;
    if (!once_in(4)) return some;
    for (const std::string& text : texts) {
      if (once_in(2)) some.push_back(text);
    }
    return some;
  }

private:
  std::mt19937_64 source_;
};

RuleWhen some_when(Random& random) {
  RuleWhen when;
  when.tiers = random.some_of(kTiers);
  when.regions = random.some_of(kRegions);
  when.methods = random.some_of(kMethods);
  when.paths = random.some_of(kPatterns);
  if (random.once_in(3)) when.classes = {static_cast<ContentClass>(random.below(kClasses))};
  when.load = static_cast<LoadLevel>(random.below(overload::kLoadLevels));
  if (random.once_in(4)) when.times = {{"mon", "08:00", random.once_in(2) ? "10:00" : "06:00"}};
  if (random.once_in(4)) when.headers = {{"x-a", random.one_of(kValues)}};
  if (random.once_in(8)) when.headers.push_back({"user-agent", ""});
  return when;
}

RuleThen some_then(Random& random) {
  RuleThen then;
  if (random.once_in(4)) then.priority = "background";
  if (random.once_in(4)) then.rate_limit.rate = 1;
  if (random.once_in(4)) then.concurrency = 1;
  if (random.once_in(4)) then.serve_stale = std::chrono::seconds{1};
  if (random.once_in(4)) then.origin = "cheap";
  if (random.once_in(4)) then.hits_only = random.once_in(2) ? Choice::yes : Choice::no;
  if (random.once_in(4)) then.transforms = Choice::no;
  if (random.once_in(4)) then.redirect.to = "/";
  if (random.once_in(4)) then.shed.status = 503;
  return then;
}

PolicyOptions some_policy(Random& random) {
  PolicyOptions options;
  for (const std::string& name : kTiers) options.tiers.emplace_back().name = name;
  for (const std::string& name : kRegions) options.regions.emplace_back().name = name;
  options.region_header = "x-region";
  options.identify.api_keys = {{std::string(64, 'a'), "premium", ""},
                               {std::string(64, 'b'), "standard", ""}};
  for (std::size_t i = 0; i < kClasses; ++i) {
    options.classes.emplace_back().is = static_cast<ContentClass>(i);
  }
  const std::size_t rules = random.below(8);
  for (std::size_t i = 0; i < rules; ++i) {
    options.rules.push_back({"rule-" + std::to_string(i), some_when(random), some_then(random)});
  }
  return options;
}

void fill(http::RequestHead& request, Random& random) {
  request.target = random.one_of(kPaths);
  request.method_text = random.one_of(kMethods);
  request.method = http::method_of(request.method_text);
  if (random.once_in(2)) request.fields.add("x-a", random.once_in(2) ? "12" : "13");
  if (random.once_in(2)) request.fields.add("User-Agent", "x");
  if (random.once_in(2)) request.fields.add("x-b", "y");
}

RequestFacts some_facts(const http::RequestHead& request, Random& random) {
  RequestFacts facts;
  facts.request = &request;
  facts.identity.tier = static_cast<std::uint8_t>(random.below(kTiers.size()));
  facts.content = static_cast<ContentClass>(random.below(kClasses));
  facts.region = static_cast<std::uint16_t>(random.below(kRegions.size() + 1));
  facts.load = static_cast<LoadLevel>(random.below(overload::kLoadLevels));
  facts.time = std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} +
               std::chrono::minutes{random.below(2880)};
  return facts;
}

bool is_among(const Texts& list, std::string_view text) {
  return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
}

// The few patterns above.
bool is_like(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  const std::string_view suffix = pattern.substr(star + 1);
  return text.size() + 1 >= pattern.size() && text.starts_with(pattern.substr(0, star)) &&
         text.ends_with(suffix);
}

bool model_holds_time(const TimeWindow& window, std::chrono::sys_seconds time) {
  const auto monday = std::chrono::sys_days{std::chrono::year{2026} / 1 / 5};
  const auto end = std::chrono::hours{window.to == "10:00" ? 10 : 24 + 6};
  return time >= monday + std::chrono::hours{8} && time < monday + end;
}

bool model_holds_header(const HeaderMatch& match, const http::RequestHead& request) {
  return std::any_of(request.fields.begin(), request.fields.end(), [&match](const auto& field) {
    return http::equals_ignoring_case(field.name, match.name) &&
           (match.value.empty() || is_like(match.value, field.value));
  });
}

bool model_matches(const RuleWhen& when, const RequestFacts& facts) {
  const http::RequestHead& request = *facts.request;
  if (!is_among(when.tiers, kTiers[facts.identity.tier])) return false;
  const std::string region = facts.region == 0 ? "" : kRegions[facts.region - 1u];
  if (!is_among(when.regions, region) || !is_among(when.methods, request.method_text)) return false;
  if (!when.classes.empty() && when.classes[0] != facts.content) return false;
  if (facts.load < when.load) return false;
  const auto is_path = [&](const std::string& path) { return is_like(path, request.path()); };
  const auto is_time = [&](const auto& window) { return model_holds_time(window, facts.time); };
  if (!when.paths.empty() && std::none_of(when.paths.begin(), when.paths.end(), is_path))
    return false;
  if (!when.times.empty() && std::none_of(when.times.begin(), when.times.end(), is_time))
    return false;
  return std::all_of(when.headers.begin(), when.headers.end(),
                     [&](const HeaderMatch& match) { return model_holds_header(match, request); });
}

bool model_says(const RuleThen& then, Aspect aspect) {
  switch (aspect) {
  case Aspect::priority:
    return !then.priority.empty();
  case Aspect::rate_limit:
    return then.rate_limit.rate > 0;
  case Aspect::concurrency:
    return then.concurrency > 0;
  case Aspect::serve_stale:
    return then.serve_stale.count() > 0;
  case Aspect::origin:
    return !then.origin.empty();
  case Aspect::hits_only:
    return then.hits_only != Choice::unset;
  case Aspect::transforms:
    return then.transforms != Choice::unset;
  case Aspect::redirect:
    return !then.redirect.to.empty();
  case Aspect::shed:
    return then.shed.status != 0;
  }
  return false;
}

std::uint16_t model_decider(const PolicyOptions& options, const RequestFacts& facts,
                            Aspect aspect) {
  for (std::size_t i = 0; i < options.rules.size(); ++i) {
    const RuleOptions& rule = options.rules[i];
    if (model_says(rule.then, aspect) && model_matches(rule.when, facts)) {
      return static_cast<std::uint16_t>(i);
    }
  }
  return Verdict::kNoRule;
}

std::array<std::uint16_t, kAspects> deciders_in(const std::vector<RuleFinding>& findings) {
  std::array<std::uint16_t, kAspects> deciders{};
  deciders.fill(Verdict::kNoRule);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    for (const Aspect aspect : findings[i].decides) {
      deciders[static_cast<std::size_t>(aspect)] = static_cast<std::uint16_t>(i);
    }
  }
  return deciders;
}

// Indices of the rules that are warned of.
std::set<std::size_t> useless_rules(const PolicyOptions& options) {
  std::set<std::size_t> rules;
  for (const PolicyProblem& problem : problems_of(options)) {
    CAPTURE(problem.path, problem.text);
    REQUIRE(problem.is_warning);
    REQUIRE(problem.path.starts_with("rules["));
    rules.insert(std::stoul(problem.path.substr(6)));
  }
  return rules;
}

} // namespace

TEST_CASE("verdicts are those of the rules read one by one", "[policy][property]") {
  Random random(5);
  std::size_t decided = 0;
  std::size_t useless_seen = 0;
  for (int round = 0; round < 2000; ++round) {
    const PolicyOptions options = some_policy(random);
    const PolicySet policy(options);
    const std::set<std::size_t> useless = useless_rules(options);
    useless_seen += useless.size();
    for (int i = 0; i < 20; ++i) {
      http::RequestHead request;
      fill(request, random);
      const RequestFacts facts = some_facts(request, random);
      const Verdict verdict = policy.verdict(facts);
      REQUIRE(verdict.decided_by == deciders_in(policy.explain(facts)));
      for (std::size_t aspect = 0; aspect < kAspects; ++aspect) {
        const std::uint16_t by = verdict.decided_by[aspect];
        REQUIRE(by == model_decider(options, facts, static_cast<Aspect>(aspect)));
        if (by == Verdict::kNoRule) continue;
        ++decided;
        REQUIRE_FALSE(useless.contains(by));
      }
    }
  }
  CHECK(decided > 10000);
  CHECK(useless_seen > 100);
}
