// How much a request matters when not all can be served.
#pragma once

#include <cstddef>
#include <cstdint>

namespace selvedge::overload {

// The most important first.
enum class Importance : std::uint8_t {
  premium,
  standard,
  free,
  background, // nobody waits for it: revalidation, prefetch
};

inline constexpr std::size_t kImportances = 4;

constexpr std::size_t index_of(Importance importance) {
  return static_cast<std::size_t>(importance);
}

} // namespace selvedge::overload
