// Rules that are there for nothing.
#include "aspects.hpp"
#include "conditions.hpp"
#include "problem_checks.hpp"

#include <selvedge/http/field.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace selvedge::policy {

namespace {

std::string_view text_of(ContentClass content) {
  constexpr std::array<std::string_view, 4> kTexts = {"critical", "core", "standard", "secondary"};
  return kTexts[static_cast<std::size_t>(content)];
}

std::string joined(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(in_quotes(text));
  return fmt::format("{}", fmt::join(quoted, " or "));
}

// None of a list that is not empty is possible; an empty list leaves everything possible.
template <typename T, typename Claim> bool is_in_vain(const std::vector<T>& list, Claim possible) {
  return !list.empty() && std::none_of(list.begin(), list.end(), possible);
}

// Why no request can meet conditions, and which of them; an empty text: one may.
struct Obstacle {
  std::string key;
  std::string why;
};

bool is_class_possible(const PolicyOptions& options, ContentClass content) {
  if (content == ContentClass::standard) return true;
  return std::any_of(options.classes.begin(), options.classes.end(),
                     [content](const ContentClassOptions& one) { return one.is == content; });
}

bool is_region_possible(const PolicyOptions& options, std::string_view name) {
  if (!options.region_header.empty()) return true;
  return std::any_of(
      options.regions.begin(), options.regions.end(),
      [name](const RegionOptions& one) { return one.name == name && !one.networks.empty(); });
}

// Fields that frame a message are not among its fields.
bool is_field_possible(const HeaderMatch& match) {
  const http::FieldName name = http::field_name_of(match.name);
  return name != http::FieldName::content_length && name != http::FieldName::transfer_encoding;
}

Obstacle obstacle_of(const RuleWhen& when, const PolicyOptions& options) {
  if (is_in_vain(when.tiers, [&](const std::string& t) { return is_reachable(options, t); })) {
    return {".when.tiers", "nobody can be of tier " + joined(when.tiers)};
  }
  if (is_in_vain(when.classes, [&](ContentClass c) { return is_class_possible(options, c); })) {
    std::vector<std::string> names;
    for (const ContentClass content : when.classes) names.emplace_back(text_of(content));
    return {".when.classes", "nothing in 'classes' is " + joined(names)};
  }
  if (is_in_vain(when.regions, [&](const auto& r) { return is_region_possible(options, r); })) {
    return {".when.regions", "nobody can be in region " + joined(when.regions) +
                                 ": it has no networks, and there is no 'region_header'"};
  }
  if (is_in_vain(when.methods, [](const std::string& m) { return !m.empty(); })) {
    return {".when.methods", "no request has an empty method"};
  }
  for (const HeaderMatch& match : when.headers) {
    if (is_field_possible(match)) continue;
    return {".when.headers", in_quotes(match.name) + " frames a message and cannot be asked for"};
  }
  return {};
}

struct Rule {
  const RuleOptions* options;
  Aspects aspects;
  Conditions when;
};

// Which rules before the last have decided all that it says, wherever it matches; "": something is
// left to it.
std::string deciders_of(const std::vector<Rule>& rules) {
  const Rule& last = rules.back();
  unsigned left = last.aspects;
  std::vector<std::string> deciders;
  for (std::size_t i = 0; i + 1 < rules.size() && left != 0; ++i) {
    const auto taken = static_cast<Aspects>(rules[i].aspects & left);
    if (taken == 0 || !rules[i].when.covers(last.when)) continue;
    left &= ~unsigned{taken};
    std::vector<std::string_view> names;
    for (const Aspect aspect : list_of(taken)) names.push_back(text_of(aspect));
    deciders.push_back(
        fmt::format("rule '{}' decides {}", rules[i].options->name, fmt::join(names, " and ")));
  }
  return left != 0 ? std::string{} : fmt::format("{}", fmt::join(deciders, ", "));
}

} // namespace

void warn_of_rules(const PolicyOptions& options, ProblemList& problems) {
  std::vector<Rule> rules; // that may decide something
  for (std::size_t i = 0; i < options.rules.size(); ++i) {
    const RuleOptions& rule = options.rules[i];
    const std::string path = item("rules", i);
    const Aspects aspects = aspects_of(rule.then);
    if (aspects == 0) {
      problems.warning(path + ".then", "rule " + in_quotes(rule.name) + " says nothing in 'then'");
      continue;
    }
    const Obstacle obstacle = obstacle_of(rule.when, options);
    if (!obstacle.why.empty()) {
      problems.warning(path + obstacle.key,
                       "rule " + in_quotes(rule.name) + " can never match: " + obstacle.why);
      continue;
    }
    rules.push_back({&rule, aspects, Conditions(rule.when, options)});
    const std::string deciders = deciders_of(rules);
    if (deciders.empty()) continue;
    rules.pop_back();
    problems.warning(path, "rule " + in_quotes(rule.name) +
                               " has nothing left to decide: before it, " + deciders);
  }
}

} // namespace selvedge::policy
