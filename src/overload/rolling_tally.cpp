#include <selvedge/overload/rolling_tally.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>

namespace selvedge::overload {

RollingTally::RollingTally(std::chrono::nanoseconds window)
    : slice_length_(window / static_cast<int>(kSlices)) {
  SELVEDGE_ASSERT(slice_length_.count() > 0);
}

void RollingTally::add_success(base::Steady now) {
  Tally& slice = slice_at(now);
  ++slice.attempts;
  ++slice.successes;
  ++sum_.attempts;
  ++sum_.successes;
}

void RollingTally::add_failure(base::Steady now) {
  ++slice_at(now).attempts;
  ++sum_.attempts;
}

const Tally& RollingTally::sum(base::Steady now) {
  slice_at(now);
  return sum_;
}

void RollingTally::clear() {
  slices_.fill({});
  sum_ = {};
}

Tally& RollingTally::slice_at(base::Steady now) {
  const std::int64_t number = std::max(latest_, now.time_since_epoch() / slice_length_);
  const auto passed = std::min<std::int64_t>(number - latest_, kSlices);
  for (std::int64_t old = number - passed + 1; old <= number; ++old) {
    Tally& slice = slices_[static_cast<std::size_t>(old) % kSlices];
    sum_.attempts -= slice.attempts;
    sum_.successes -= slice.successes;
    slice = {};
  }
  latest_ = number;
  return slices_[static_cast<std::size_t>(number) % kSlices];
}

} // namespace selvedge::overload
