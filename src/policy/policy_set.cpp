#include <selvedge/policy/policy_set.hpp>

#include "content_classes.hpp"
#include "region_table.hpp"
#include "rule_table.hpp"

#include <selvedge/base/assert.hpp>

#include <utility>

namespace selvedge::policy {

namespace {

constexpr std::size_t kMostTiers = 64; // a set of them is a word

PolicyOptions with_a_tier(PolicyOptions options) {
  if (!options.tiers.empty()) return options;
  policy::TierOptions& everybody = options.tiers.emplace_back();
  everybody.name = "default";
  everybody.priority = overload::Importance::premium;
  return options;
}

// Of one request, by tier and region; the first of each row is that of no region.
std::vector<double> values_of(const PolicyOptions& options) {
  std::vector<double> values;
  for (const TierOptions& tier : options.tiers) {
    values.push_back(tier.value / 1000);
    for (const RegionOptions& region : options.regions) {
      double value = tier.value;
      for (const RegionValue& other : tier.values) {
        if (other.region == region.name) value = other.value;
      }
      values.push_back(value / 1000);
    }
  }
  return values;
}

} // namespace

struct PolicySet::Compiled {
  explicit Compiled(const PolicyOptions& options)
      : classes(options.classes), regions(options.regions), rules(options),
        values(values_of(options)) {}

  ContentClasses classes;
  RegionTable regions;
  RuleTable rules;
  std::vector<double> values;
};

PolicySet::PolicySet(PolicyOptions options) : options_(with_a_tier(std::move(options))) {
  SELVEDGE_ASSERT(options_.tiers.size() <= kMostTiers);
  const auto last = static_cast<std::uint8_t>(options_.tiers.size() - 1);
  default_tier_ = tier_of(options_.identify.default_tier).value_or(last);
  compiled_ = std::make_unique<const Compiled>(options_);
  classes_need_content_ = compiled_->classes.need_content();
}

PolicySet::~PolicySet() = default;

std::optional<std::uint8_t> PolicySet::tier_of(std::string_view name) const {
  for (std::size_t i = 0; i < options_.tiers.size(); ++i) {
    if (options_.tiers[i].name == name) return static_cast<std::uint8_t>(i);
  }
  return std::nullopt;
}

std::uint16_t PolicySet::region_of(std::string_view address, std::string_view header) const {
  if (options_.regions.empty()) return 0;
  return compiled_->regions.region_of(address, header);
}

std::string_view PolicySet::region_name(std::uint16_t region) const {
  if (region == 0) return {};
  return options_.regions[region - 1u].name;
}

double PolicySet::value_of(std::uint8_t tier, std::uint16_t region) const {
  return compiled_->values[tier * (options_.regions.size() + 1) + region];
}

ContentClass PolicySet::class_of(std::string_view path, const ContentFacts& content) const {
  return compiled_->classes.class_of(path, content);
}

std::string_view PolicySet::bundle_of(std::string_view path) {
  if (!path.starts_with('/')) return {};
  path.remove_prefix(1);
  std::size_t end = path.find('/');
  // A scope is half a name: what follows it is the other half.
  if (path.starts_with('@') && end != std::string_view::npos) {
    const std::size_t second = path.find('/', end + 1);
    const bool is_empty = end + 1 == path.size() || second == end + 1;
    if (!is_empty) end = second;
  }
  const std::string_view segment = path.substr(0, end);
  return segment.substr(0, segment.find('@', 1));
}

Verdict PolicySet::verdict(const RequestFacts& facts) const {
  return compiled_->rules.verdict(facts);
}

std::vector<RuleFinding> PolicySet::explain(const RequestFacts& facts) const {
  return compiled_->rules.explain(facts);
}

} // namespace selvedge::policy
