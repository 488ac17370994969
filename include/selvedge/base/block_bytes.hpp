// What an allocator really takes, for accounts that must hold.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

namespace selvedge::base {

// At least what malloc takes for a block of `bytes`: glibc adds a word and rounds to 16; jemalloc
// has four size classes between powers of two.
constexpr std::size_t block_bytes(std::size_t bytes) {
  const std::size_t glibc = (bytes + 8 + 15) & ~std::size_t{15};
  const std::size_t step =
      std::max<std::size_t>(16, std::bit_floor(std::max<std::size_t>(bytes, 2) - 1) / 4);
  const std::size_t jemalloc = (bytes + step - 1) / step * step;
  return std::max(glibc, jemalloc);
}

} // namespace selvedge::base
