// How many attempts there were of late, and how many of them succeeded: counted in slices of time,
// the oldest of which is forgotten as a whole. Thread: one.
#pragma once

#include <selvedge/base/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace selvedge::overload {

struct Tally {
  std::uint64_t attempts = 0;
  std::uint64_t successes = 0;

  std::uint64_t failures() const { return attempts - successes; }
};

class RollingTally {
public:
  static constexpr std::size_t kSlices = 10;

  // What is older than `window` is forgotten, up to a tenth of it early.
  explicit RollingTally(std::chrono::nanoseconds window);

  void add_success(base::Steady now);
  void add_failure(base::Steady now);
  const Tally& sum(base::Steady now);
  void clear();

private:
  // The slice of `now`. Time that has passed since the last call empties the slices it went over.
  Tally& slice_at(base::Steady now);

  std::chrono::nanoseconds slice_length_;
  std::int64_t latest_ = 0; // the number of the newest slice, since the clock's beginning
  std::array<Tally, kSlices> slices_{};
  Tally sum_; // of all slices
};

} // namespace selvedge::overload
