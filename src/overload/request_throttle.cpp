#include <selvedge/overload/request_throttle.hpp>

#include <algorithm>

namespace selvedge::overload {

RequestThrottle::RequestThrottle(const RequestThrottleOptions& options)
    : options_(options), tallies_{RollingTally(options.window), RollingTally(options.window),
                                  RollingTally(options.window), RollingTally(options.window)} {}

double RequestThrottle::refusal_probability(Importance importance, base::Steady now) {
  const Tally& sum = tallies_[index_of(importance)].sum(now);
  const auto requests = static_cast<double>(sum.attempts);
  const auto accepts = static_cast<double>(sum.successes);
  const double excess = requests - options_.accepts_multiplier * accepts;
  return std::clamp(excess / (requests + options_.padding), 0.0, options_.max_refused_share);
}

bool RequestThrottle::admits(Importance importance, base::Steady now, double random) {
  if (random >= refusal_probability(importance, now)) return true;
  tallies_[index_of(importance)].add_failure(now);
  return false;
}

void RequestThrottle::on_accepted(Importance importance, base::Steady now) {
  tallies_[index_of(importance)].add_success(now);
}

void RequestThrottle::on_rejected(Importance importance, base::Steady now) {
  tallies_[index_of(importance)].add_failure(now);
}

} // namespace selvedge::overload
