// A rate that may be exceeded for a moment: so many tokens a second come in, up to a burst, and
// whatever is done takes some. Thread: one.
#pragma once

#include <selvedge/base/clock.hpp>

#include <chrono>

namespace selvedge::overload {

class TokenBucket {
public:
  // `rate` is in tokens a second; 0: what is there at the start is all there ever is. It starts
  // full. Requires: both are finite and not negative.
  TokenBucket(double rate, double burst, base::Steady now);

  // All of them or none.
  bool take(base::Steady now, double tokens = 1);
  // When nobody takes any before, so many can be taken after this time; nanoseconds::max() when
  // that never happens.
  std::chrono::nanoseconds time_until(base::Steady now, double tokens = 1);
  double available(base::Steady now);

private:
  void refill(base::Steady now);

  double rate_;
  double burst_;
  double tokens_;
  base::Steady filled_at_;
};

} // namespace selvedge::overload
