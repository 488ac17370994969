#include "tier_names.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>

namespace selvedge::policy {

std::uint8_t existing_tier(const PolicySet& policy, const std::string& name) {
  const std::optional<std::uint8_t> tier = policy.tier_of(name);
  if (!tier) throw std::runtime_error(fmt::format("there is no tier '{}'", name));
  return *tier;
}

TierNames::TierNames(const std::vector<TierName>& given, const PolicySet& policy) {
  for (const TierName& name : given) {
    tiers_.emplace(name.value, existing_tier(policy, name.tier));
  }
  for (std::size_t i = 0; i < policy.tiers().size(); ++i) {
    tiers_.emplace(policy.tiers()[i].name, static_cast<std::uint8_t>(i));
  }
}

std::optional<std::uint8_t> TierNames::tier_of(std::string_view value) const {
  const auto found = tiers_.find(value);
  if (found == tiers_.end()) return std::nullopt;
  return found->second;
}

} // namespace selvedge::policy
