// A member of an Accept-like list: a name with a weight (RFC 9110, 12.4.2).
#pragma once

#include <optional>
#include <string_view>

namespace selvedge::http {

inline constexpr unsigned kFullWeight = 1000;

struct Preference {
  std::string_view name;
  unsigned weight = kFullWeight; // thousandths; 0: not acceptable
};

// "0.5", "1", "1.0", "0.123". Nothing for what is no weight.
std::optional<unsigned> parse_weight(std::string_view text);
// Nothing where it is not a token with a weight or without: what is meant is not known.
std::optional<Preference> parse_preference(std::string_view member);

} // namespace selvedge::http
