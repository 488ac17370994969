// Refuses requests here that the origin would most likely refuse there, in proportion to how many
// it has refused of late: adaptive throttling at the client ("Site Reliability Engineering",
// chapter 21, Handling Overload). Thread: one; each worker has its own.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/overload/importance.hpp>
#include <selvedge/overload/rolling_tally.hpp>

#include <array>
#include <chrono>

namespace selvedge::overload {

struct RequestThrottleOptions {
  std::chrono::milliseconds window{120000};
  double accepts_multiplier = 2; // an origin that accepts one in so many is not throttled
  double padding = 1;            // requests that are forgiven when there are few
  // Of requests that are refused. With all of them refused for a while, the formula alone lets one
  // request through in a whole window, and an origin that is well again is found out very late.
  double max_refused_share = 0.9;
};

// A request is refused with probability
//   max(0, (requests - accepts_multiplier * accepts) / (requests + padding))
// of what its importance has seen in the window. Requests that were refused here count as requests:
// the origin sees about accepts_multiplier times what it accepts. Those under way do not count yet,
// so that a burst towards a quiet origin is not taken for a failure.
class RequestThrottle {
public:
  explicit RequestThrottle(const RequestThrottleOptions& options = {});

  // `random` is in [0, 1). True: the request may be sent, and its result is told by one of the
  // next two, or by none when it was given up.
  bool admits(Importance importance, base::Steady now, double random);
  void on_accepted(Importance importance, base::Steady now);
  // The origin refused it for want of room: 429, 503, REFUSED_STREAM. An answer of another kind,
  // be it an error, was accepted.
  void on_rejected(Importance importance, base::Steady now);

  double refusal_probability(Importance importance, base::Steady now);

private:
  RequestThrottleOptions options_;
  std::array<RollingTally, kImportances> tallies_;
};

} // namespace selvedge::overload
