#include <selvedge/base/clock.hpp>

#include <ctime>

namespace selvedge::base {

Instant SystemClock::now() const {
  return {std::chrono::steady_clock::now(),
          std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())};
}

std::chrono::nanoseconds SystemClock::thread_time() const {
  timespec used{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) return {};
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

ManualClock::ManualClock(std::chrono::sys_seconds wall)
    : now_{Steady{std::chrono::hours{1}}, wall} {}

void ManualClock::advance(std::chrono::nanoseconds by) {
  now_.steady += by;
  part_of_second_ += by;
  const auto whole = std::chrono::floor<std::chrono::seconds>(part_of_second_);
  now_.wall += whole;
  part_of_second_ -= whole;
}

} // namespace selvedge::base
