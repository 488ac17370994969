// The tiers that values stand for. Immutable; thread: any.
#pragma once

#include <selvedge/policy/policy_set.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

// Throws std::runtime_error that names a tier which does not exist.
std::uint8_t existing_tier(const PolicySet& policy, const std::string& name);

class TierNames {
public:
  // What `given` does not say, the names of the tiers do. Throws as existing_tier().
  TierNames(const std::vector<TierName>& given, const PolicySet& policy);

  std::optional<std::uint8_t> tier_of(std::string_view value) const;

private:
  std::map<std::string, std::uint8_t, std::less<>> tiers_;
};

} // namespace selvedge::policy
