// When the requests of a flow are due: a Poisson process whose rate changes with time. Only the
// next one is known, so that millions which nobody will send cost no memory. Owned and called by
// one thread.
#pragma once

#include "spike_scenario.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace selvedge::bench {

class Arrivals {
public:
  Arrivals(std::vector<RateStep> steps, std::uint64_t seed)
      : steps_(std::move(steps)), random_(seed) {
    advance();
  }

  // The next one's time; kNever after the last.
  static constexpr Us kNever{std::numeric_limits<double>::infinity()};
  Us due() const { return due_; }

  void advance() {
    for (; step_ < steps_.size(); ++step_, at_ = Us{}) {
      const RateStep& step = steps_[step_];
      if (step.rate <= 0) continue;
      // The process has no memory: a gap that leaves its step is drawn anew in the next one.
      at_ = std::max(at_, step.from) + Us(gap_(random_) * 1e6 / step.rate);
      if (at_ < step.to) {
        due_ = at_;
        return;
      }
    }
    due_ = kNever;
  }

private:
  std::vector<RateStep> steps_;
  std::size_t step_ = 0;
  std::mt19937_64 random_; // the same arrivals for every server
  std::exponential_distribution<double> gap_;
  Us at_{};
  Us due_{};
};

} // namespace selvedge::bench
