#include "aspects.hpp"
#include "problem_checks.hpp"
#include "week_times.hpp"

#include <selvedge/http/field.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace selvedge::policy {

namespace {

constexpr std::size_t kMostRules = 4096;

void check_time(const TimeWindow& window, const std::string& path, ProblemList& problems) {
  if (!days_of(window.days)) {
    problems.error(path + ".days", in_quotes(window.days) + " is not like 'mon-fri' or 'sat,sun'");
  }
  const auto check = [&](const std::string& text, unsigned last, const char* key) {
    if (text.empty()) return;
    const auto minute = minute_of(text);
    if (minute && *minute <= last) return;
    problems.error(path + "." + key, in_quotes(text) + " is not a time of the day like '08:00'");
  };
  check(window.from, kMinutesADay - 1, "from");
  check(window.to, kMinutesADay, "to");
}

void check_when(const RuleWhen& when, const std::string& path, const NameList& tiers,
                const NameList& regions, ProblemList& problems) {
  for (std::size_t i = 0; i < when.tiers.size(); ++i) {
    problems.error_if_any(item(path + ".tiers", i), tiers.fault_of(when.tiers[i]));
  }
  for (std::size_t i = 0; i < when.regions.size(); ++i) {
    problems.error_if_any(item(path + ".regions", i), regions.fault_of(when.regions[i]));
  }
  for (std::size_t i = 0; i < when.methods.size(); ++i) {
    const std::string& method = when.methods[i];
    if (method.empty() || http::is_token(method)) continue;
    problems.error(item(path + ".methods", i), in_quotes(method) + " is not a method");
  }
  for (std::size_t i = 0; i < when.times.size(); ++i) {
    check_time(when.times[i], item(path + ".times", i), problems);
  }
  for (std::size_t i = 0; i < when.headers.size(); ++i) {
    const std::string& name = when.headers[i].name;
    if (http::is_token(name)) continue;
    problems.error(item(path + ".headers", i) + ".name",
                   in_quotes(name) + " is not the name of a field");
  }
}

template <std::size_t N>
void check_status(std::uint16_t status, const std::array<std::uint16_t, N>& allowed,
                  const std::string& path, ProblemList& problems) {
  if (std::find(allowed.begin(), allowed.end(), status) != allowed.end()) return;
  problems.error(path, fmt::format("{} is not one of {}", status, fmt::join(allowed, ", ")));
}

void check_then(const RuleThen& then, const std::string& path, ProblemList& problems) {
  constexpr std::array<std::uint16_t, 2> kShed = {429, 503};
  constexpr std::array<std::uint16_t, 5> kRedirect = {301, 302, 303, 307, 308};
  if (!then.priority.empty() && !importance_named(then.priority)) {
    const NameList known("priority", {"premium", "standard", "free", "background"});
    problems.error(path + ".priority", known.fault_of(then.priority));
  }
  problems.error_if_any(path + ".rate_limit.rate", amount_fault(then.rate_limit.rate));
  if (then.serve_stale.count() < 0) {
    problems.error(path + ".serve_stale", "a duration cannot be negative");
  }
  if (then.shed.retry_after.count() < 0) {
    problems.error(path + ".shed.retry_after", "a duration cannot be negative");
  }
  if (then.shed.status != 0) {
    check_status(then.shed.status, kShed, path + ".shed.status", problems);
  }
  if (!then.redirect.to.empty()) {
    check_status(then.redirect.status, kRedirect, path + ".redirect.status", problems);
  }
}

} // namespace

void check_rules(const PolicyOptions& options, ProblemList& problems) {
  if (options.rules.size() > kMostRules) {
    problems.error("rules",
                   fmt::format("there are {} rules: {} at most", options.rules.size(), kMostRules));
  }
  const NameList tiers = tiers_in(options);
  const NameList regions = regions_in(options);
  SeenNames seen("rule", Case::counts);
  for (std::size_t i = 0; i < options.rules.size(); ++i) {
    const RuleOptions& rule = options.rules[i];
    const std::string path = item("rules", i);
    if (rule.name.empty()) problems.error(path + ".name", "a rule needs a name");
    problems.error_if_any(path + ".name", seen.fault_of(rule.name));
    check_when(rule.when, path + ".when", tiers, regions, problems);
    check_then(rule.then, path + ".then", problems);
  }
}

} // namespace selvedge::policy
