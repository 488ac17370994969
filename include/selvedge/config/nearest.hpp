// "Did you mean": the valid name that is closest to what was typed.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::config {

// How many insertions, deletions, replacements and swaps of neighbours make `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// " (did you mean 'listeners'?)", or "" when no name is close enough to be what was meant.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& names);

} // namespace selvedge::config
