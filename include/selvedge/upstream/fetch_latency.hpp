// How long fetches take until the head of their answer: which share of them takes how long. Old
// ones count less and less. Fixed memory. Thread: one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace selvedge::upstream {

class FetchLatency {
public:
  void note(std::chrono::microseconds latency);
  // So long or less takes `share` of the fetches, rounded up by at most a fifth; nothing before
  // there are enough of them to say.
  std::optional<std::chrono::microseconds> quantile(double share) const;

private:
  static constexpr std::size_t kBuckets = 128; // four for each power of two: up to 2^32 us
  static constexpr float kEnough = 20;
  static constexpr float kMost = 1000; // then all counts are halved

  std::array<float, kBuckets> counts_{};
  float total_ = 0;
};

} // namespace selvedge::upstream
