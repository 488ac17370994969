// Microseconds from when a request was due until its answer was there, and how late the client
// itself was in sending it. Owned and called by one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace selvedge::bench {

class Latencies {
public:
  explicit Latencies(std::size_t expected) { values_.reserve(expected); }

  void add(double us) { values_.push_back(static_cast<float>(us)); }
  std::size_t count() const { return values_.size(); }

  // The value that a share of all do not exceed: at(0.99). 0 when there are none.
  double at(double share) {
    if (values_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values_.size()));
    const auto nth =
        values_.begin() + static_cast<std::ptrdiff_t>(std::min(rank, values_.size() - 1));
    std::nth_element(values_.begin(), nth, values_.end());
    return *nth;
  }

private:
  std::vector<float> values_;
};

} // namespace selvedge::bench
