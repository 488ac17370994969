// How often responses were asked for that have been evicted since: the most recent ones, in a table
// of cache lines that costs four bytes for each and is forgetful by design. Thread: under the lock
// of the stripe.
#pragma once

#include <selvedge/base/fingerprint.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace selvedge::cache {

class FrequencyMemory {
public:
  // Remembers `frequency`, in the place of the oldest of those that share its line. The table has
  // room for four times as many as there are `responses` now: when that outgrows it, it begins
  // anew.
  void add(const base::Fingerprint& print, int frequency, std::size_t responses) {
    if (responses * kRemembered > lines_.size() * kWays) {
      lines_.assign(std::bit_ceil(responses * kRemembered / kWays + 1), Line{});
    }
    Line& line = line_of(print);
    std::shift_right(line.begin(), line.end(), 1);
    line.front() = tag_of(print) | static_cast<std::uint32_t>(std::clamp(frequency, 1, 255));
  }

  // What was added last for the fingerprint, which is forgotten; 0 when there is nothing. Another
  // fingerprint's frequency comes back once in a million times.
  std::uint8_t take(const base::Fingerprint& print) {
    if (lines_.empty()) return 0;
    for (std::uint32_t& entry : line_of(print)) {
      if (entry == 0 || (entry & kTagMask) != tag_of(print)) continue;
      const auto frequency = static_cast<std::uint8_t>(entry);
      entry = 0;
      return frequency;
    }
    return 0;
  }

private:
  static constexpr std::size_t kRemembered = 4; // times the responses there are
  static constexpr std::size_t kWays = 16;
  static constexpr std::uint32_t kTagMask = 0xffffff00;
  // Newest first. An entry has 24 bits of a fingerprint above 8 of frequency; 0 is none.
  struct alignas(64) Line : std::array<std::uint32_t, kWays> {};

  // The store picks stripes by the low bits of `high`, and hashes by `low`.
  Line& line_of(const base::Fingerprint& print) { return lines_[print.low & (lines_.size() - 1)]; }
  static std::uint32_t tag_of(const base::Fingerprint& print) {
    return static_cast<std::uint32_t>(print.high >> 32) & kTagMask;
  }

  std::vector<Line> lines_; // a power of two of them
};

} // namespace selvedge::cache
