// A policy, ready to be asked: tiers, classes of content and rules, compiled from the options.
// Immutable: a reload makes another. Thread: any.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/overload/load_level.hpp>
#include <selvedge/policy/identity.hpp>
#include <selvedge/policy/options.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

// What a rule may decide. The first rule that matches and says something of an aspect decides it.
enum class Aspect : std::uint8_t {
  priority,
  rate_limit,
  concurrency,
  serve_stale,
  origin,
  hits_only,
  transforms,
  redirect,
  shed,
};
inline constexpr std::size_t kAspects = 9;
std::string_view text_of(Aspect aspect); // "priority", "rate-limit", ...

// What is known of a request when its verdict is asked for.
struct RequestFacts {
  const http::RequestHead* request = nullptr;
  Identity identity;
  ContentClass content = ContentClass::standard;
  std::uint16_t region = 0; // of PolicySet::region_of(); 0: none
  overload::LoadLevel load = overload::LoadLevel::calm;
  std::chrono::sys_seconds time{};
};

struct Verdict {
  static constexpr std::uint16_t kNoRule = 0xFFFF;

  overload::Importance importance = overload::Importance::standard;
  const RuleThen* rate_limit = nullptr;  // whose rate_limit counts; null: none
  const RuleThen* concurrency = nullptr; // likewise
  std::chrono::seconds serve_stale{0};
  std::string_view origin; // empty: the route's
  bool hits_only = false;
  bool transforms = true;
  const RedirectOptions* redirect = nullptr;
  const ShedOptions* shed = nullptr;
  std::array<std::uint16_t, kAspects> decided_by = no_rules(); // indices of rules, or kNoRule

private:
  static constexpr std::array<std::uint16_t, kAspects> no_rules() {
    std::array<std::uint16_t, kAspects> none{};
    none.fill(kNoRule);
    return none;
  }
};

// Of a stored response, where there is one: what classes may ask for.
struct ContentFacts {
  std::string_view type;             // its Content-Type; empty: by the ending of the path
  std::optional<std::uint64_t> size; // bytes
};

// Why a rule did or did not decide, for people.
struct RuleFinding {
  std::string_view rule;
  bool matches = false;
  std::string_view because;    // what did not match: "tier", "class", "load", ...; empty if it does
  std::vector<Aspect> decides; // not decided by a rule before
};

class PolicySet {
public:
  // Requires: problems_of(options) is empty. Without tiers there is one, "default", and
  // nobody is turned away for another.
  explicit PolicySet(PolicyOptions options);
  ~PolicySet();

  const PolicyOptions& options() const { return options_; }
  const std::vector<TierOptions>& tiers() const { return options_.tiers; }
  std::optional<std::uint8_t> tier_of(std::string_view name) const;
  std::uint8_t default_tier() const { return default_tier_; }
  overload::Importance importance_of(std::uint8_t tier) const {
    return options_.tiers[tier].priority;
  }
  // Of a client's address, or of the region header's value when it names a region; 0: none.
  std::uint16_t region_of(std::string_view address, std::string_view header) const;
  std::string_view region_name(std::uint16_t region) const; // "" for 0
  // Value of one request, in the accounts' currency.
  double value_of(std::uint8_t tier, std::uint16_t region) const;

  // No allocation. `path` as http::RequestHead::path().
  ContentClass class_of(std::string_view path, const ContentFacts& content) const;
  // Whether class_of() may depend on the content: else it need not be looked for.
  bool classes_need_content() const { return classes_need_content_; }
  // The bundle in /NAME@SELECTOR/PATH or /@scope/NAME@SELECTOR/PATH, else the first segment of the
  // path; "" for "/".
  static std::string_view bundle_of(std::string_view path);

  // No allocation; next to nothing when no rule can match at this load.
  Verdict verdict(const RequestFacts& facts) const;
  // The same, rule by rule.
  std::vector<RuleFinding> explain(const RequestFacts& facts) const;
  std::string_view rule_name(std::uint16_t rule) const { return options_.rules[rule].name; }

private:
  struct Compiled;
  PolicyOptions options_; // tiers has one at least
  std::uint8_t default_tier_ = 0;
  bool classes_need_content_ = false;
  std::unique_ptr<const Compiled> compiled_;
};
using PolicySetPtr = std::shared_ptr<const PolicySet>;

// What is wrong with a policy that is well-formed, and what is only strange.
struct PolicyProblem {
  std::string path; // relative to the policy: "rules[2].when.tiers[0]", "tiers[1].name"
  std::string text;
  bool is_warning = false; // a rule that can never match or decide
};
// Names that do not exist or are doubled, shares that add up to more than 1, times and networks
// that cannot be read; rules that can never match or that rules before them leave nothing to.
std::vector<PolicyProblem> problems_of(const PolicyOptions& options);

} // namespace selvedge::policy
