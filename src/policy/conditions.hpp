// A rule's `when`, ready to be asked: names as bits, patterns compiled. Thread: any, once made.
#pragma once

#include "glob.hpp"
#include "week_times.hpp"

#include <selvedge/policy/policy_set.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

// In the order in which a request is held against them.
enum class Condition : std::uint8_t { tier, content, region, load, method, path, time, header };
std::string_view text_of(Condition condition); // "tier", "class", "region", ...

// A request, and what is read of it only once for all rules.
struct Question {
  explicit Question(const RequestFacts& asked) : facts(asked), path(asked.request->path()) {}

  const RequestFacts& facts;
  GlobSubject path;
};

class HeaderCondition {
public:
  explicit HeaderCondition(const HeaderMatch& match);
  bool holds(const http::RequestHead& request) const;
  // Whether this holds wherever `other` does.
  bool covers(const HeaderCondition& other) const;

private:
  bool names(const http::Field& field) const;

  http::FieldName id_;
  std::string name_;
  std::optional<Glob> value_; // none: any
};

class Conditions {
public:
  // A name that does not exist is none that a request can have. Requires: the times can be read.
  Conditions(const RuleWhen& when, const PolicyOptions& options);

  // Those that a row of the rule table has settled: load, tier and class.
  bool may_hold(overload::LoadLevel load, std::uint8_t tier, ContentClass content) const {
    return load >= load_ && has_tier(tier) && has_class(content);
  }
  // Whether there are others, and whether they hold.
  bool has_rest() const;
  bool rest_holds(const Question& question) const;
  // The first that does not hold.
  std::optional<Condition> unmet(const Question& question) const;
  // Whether these hold wherever `other` do.
  bool covers(const Conditions& other) const;

private:
  bool has_tier(std::uint8_t tier) const { return (tiers_ >> tier & 1) != 0; }
  bool has_class(ContentClass content) const {
    return (classes_ >> static_cast<unsigned>(content) & 1) != 0;
  }
  bool has_region(std::uint16_t region) const {
    return regions_.empty() || (region < regions_.size() && regions_[region]);
  }
  bool has_method(const http::RequestHead& request) const;
  bool has_path(const GlobSubject& path) const {
    return paths_.empty() || matches_any(paths_, path);
  }
  bool has_time(std::chrono::sys_seconds time) const { return !times_ || times_->contains(time); }
  bool has_headers(const http::RequestHead& request) const;

  bool covers_regions(const Conditions& other) const;
  bool covers_methods(const Conditions& other) const;
  bool covers_headers(const Conditions& other) const;

  std::uint64_t tiers_; // a bit for each
  unsigned classes_;    // likewise
  unsigned methods_;    // http::Method, likewise
  overload::LoadLevel load_;
  std::vector<bool> regions_; // by PolicySet's numbers; empty: any
  Globs paths_;
  std::optional<WeekTimes> times_;
  std::vector<HeaderCondition> headers_;
  std::vector<std::string> other_methods_; // that have no number
};

} // namespace selvedge::policy
