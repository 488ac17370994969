// Times of the week, to the minute, in UTC. Thread: any, once made.
#pragma once

#include <selvedge/policy/options.hpp>

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace selvedge::policy {

inline constexpr unsigned kMinutesADay = 24 * 60;

// The days of "mon-fri", "sat,sun" or "fri-mon", Monday lowest; each for an empty text, nothing for
// one that cannot be read.
std::optional<std::uint8_t> days_of(std::string_view text);
// The minute of the day of "08:00"; "24:00" is the end of the day. Nothing for what is none.
std::optional<unsigned> minute_of(std::string_view text);

class WeekTimes {
public:
  // Adds a window. A day is that on which the window starts; one that ends where it starts is a
  // whole day long, as is one without `from` and `to`. Requires: its texts can be read.
  void add(const TimeWindow& window);

  bool contains(std::chrono::sys_seconds time) const;
  bool covers(const WeekTimes& other) const { return (other.minutes_ & ~minutes_).none(); }

private:
  static constexpr unsigned kMinutes = 7 * kMinutesADay;

  std::bitset<kMinutes> minutes_; // from Monday 00:00
};

} // namespace selvedge::policy
