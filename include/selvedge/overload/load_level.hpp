// How busy a worker is, in four words that rules, metrics and logs share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace selvedge::overload {

enum class LoadLevel : std::uint8_t {
  calm,     // there is room
  elevated, // most of the core is in use: what can wait, waits
  high,     // all of it is: some are served less well
  critical, // more is asked than can be done: some are not served
};

inline constexpr std::size_t kLoadLevels = 4;

constexpr std::string_view text_of(LoadLevel level) {
  constexpr std::string_view kTexts[kLoadLevels] = {"calm", "elevated", "high", "critical"};
  return kTexts[static_cast<std::size_t>(level)];
}

} // namespace selvedge::overload
