#include <selvedge/overload/circuit_breaker.hpp>

#include <algorithm>

namespace selvedge::overload {

CircuitBreaker::CircuitBreaker(const CircuitBreakerOptions& options)
    : options_(options), tally_(options.window), open_time_(options.open_time) {}

Passage CircuitBreaker::admit(base::Steady now) {
  if (!would_admit(now)) return {};
  if (state_ == BreakerState::closed) return {Passage::Kind::regular, era_};
  if (state_ == BreakerState::open) change_to(BreakerState::half_open);
  is_probing_ = true;
  return {Passage::Kind::probe, era_};
}

bool CircuitBreaker::would_admit(base::Steady now) const {
  switch (state_) {
  case BreakerState::closed:
    return true;
  case BreakerState::open:
    return now >= open_until_;
  case BreakerState::half_open:
    return !is_probing_;
  }
  return false;
}

void CircuitBreaker::on_success(const Passage& passage, base::Steady now) {
  if (!passage.is_allowed() || !is_current(passage)) return;
  if (passage.is_probe()) {
    close();
  } else {
    tally_.add_success(now);
  }
}

void CircuitBreaker::on_failure(const Passage& passage, base::Steady now) {
  if (!passage.is_allowed() || !is_current(passage)) return;
  if (!passage.is_probe()) tally_.add_failure(now);
  if (passage.is_probe() || has_too_many_failures(now)) open(now);
}

void CircuitBreaker::on_abandoned(const Passage& passage) {
  if (passage.is_probe() && is_current(passage)) is_probing_ = false;
}

bool CircuitBreaker::has_too_many_failures(base::Steady now) {
  if (options_.failure_share <= 0) return false;
  const Tally& sum = tally_.sum(now);
  return sum.attempts >= options_.min_requests &&
         static_cast<double>(sum.failures()) >=
             options_.failure_share * static_cast<double>(sum.attempts);
}

void CircuitBreaker::change_to(BreakerState state) {
  state_ = state;
  ++era_;
  is_probing_ = false;
}

void CircuitBreaker::open(base::Steady now) {
  change_to(BreakerState::open);
  ++times_opened_;
  open_until_ = now + open_time_;
  open_time_ = std::min(open_time_ * 2, std::max(options_.max_open_time, options_.open_time));
}

void CircuitBreaker::close() {
  change_to(BreakerState::closed);
  tally_.clear();
  open_time_ = options_.open_time;
}

} // namespace selvedge::overload
