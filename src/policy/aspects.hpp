// What of a rule's `then` says something.
#pragma once

#include <selvedge/policy/policy_set.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace selvedge::policy {

using Aspects = std::uint16_t; // a set of Aspect

constexpr Aspects bit_of(Aspect aspect) {
  return static_cast<Aspects>(1u << static_cast<unsigned>(aspect));
}
inline constexpr Aspects kAllAspects = (1u << kAspects) - 1;

Aspects aspects_of(const RuleThen& then);
std::vector<Aspect> list_of(Aspects aspects);

// "premium", "standard", "free" or "background".
std::optional<overload::Importance> importance_named(std::string_view text);

} // namespace selvedge::policy
