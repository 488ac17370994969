// What the calling thread has taken of a core, in nanoseconds.
#pragma once

#include <cstdint>
#include <ctime>

namespace selvedge::proxy {

inline std::uint64_t thread_nanoseconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(used.tv_nsec);
}

} // namespace selvedge::proxy
