#include <src/policy/week_times.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using namespace selvedge::policy;
using namespace std::chrono;

namespace {

// 5 January 2026 was a Monday.
sys_seconds at(int days_after_monday, int hour, int minute = 0, int second = 0) {
  return sys_days{year{2026} / January / 5} + days{days_after_monday} + hours{hour} +
         minutes{minute} + seconds{second};
}

WeekTimes times_of(const std::vector<TimeWindow>& windows) {
  WeekTimes times;
  for (const TimeWindow& window : windows) times.add(window);
  return times;
}

} // namespace

TEST_CASE("days of the week are read", "[policy][times]") {
  struct Row {
    const char* text;
    int days; // -1: cannot be read
  };
  const auto row = GENERATE(values<Row>({
      {"", 0b1111111},
      {"mon", 0b0000001},
      {"sun", 0b1000000},
      {"mon-fri", 0b0011111},
      {"sat,sun", 0b1100000},
      {"sat, Sun", 0b1100000},
      {"fri-mon", 0b1110001},
      {"mon-mon", 0b0000001},
      {"mon-wed,fri", 0b0010111},
      {"mo", -1},
      {"mon-", -1},
      {"-fri", -1},
      {"mon,", -1},
      {",", -1},
      {"mon-tue-wed", -1},
      {"monday", -1},
  }));
  CAPTURE(row.text);
  const auto days = days_of(row.text);
  CHECK((days ? int{*days} : -1) == row.days);
}

TEST_CASE("times of the day are read", "[policy][times]") {
  CHECK(minute_of("00:00") == 0u);
  CHECK(minute_of("08:30") == 510u);
  CHECK(minute_of("24:00") == 1440u);
  for (const std::string text :
       {"", "8:00", "08:60", "24:01", "25:00", "08-00", "08:0x", "+8:00", "08:000", "-1:00"}) {
    CAPTURE(text);
    CHECK_FALSE(minute_of(text));
  }
}

TEST_CASE("a window lies on its days", "[policy][times]") {
  const WeekTimes times = times_of({{"mon-fri", "08:00", "18:00"}});
  CHECK(times.contains(at(0, 8)));
  CHECK_FALSE(times.contains(at(0, 7, 59, 59)));
  CHECK(times.contains(at(4, 17, 59, 59)));
  CHECK_FALSE(times.contains(at(4, 18)));
  CHECK_FALSE(times.contains(at(5, 12)));
  CHECK(times.contains(at(7 * 1000, 12)));
  CHECK(times.contains(at(-7 * 5000, 12))); // before the clock's epoch
  CHECK_FALSE(times.contains(at(-7 * 5000 - 1, 12)));
}

TEST_CASE("a window that goes past midnight belongs to the day it starts on", "[policy][times]") {
  const WeekTimes times = times_of({{"sun", "22:00", "06:00"}});
  CHECK_FALSE(times.contains(at(6, 5)));
  CHECK(times.contains(at(6, 22)));
  CHECK(times.contains(at(7, 5, 59)));
  CHECK_FALSE(times.contains(at(7, 6)));
  CHECK_FALSE(times.contains(at(0, 22)));
}

TEST_CASE("a window without times is the whole day", "[policy][times]") {
  for (const TimeWindow& window : {TimeWindow{"tue", "", ""}, TimeWindow{"tue", "00:00", "24:00"},
                                   TimeWindow{"tue", "00:00", "00:00"}}) {
    const WeekTimes times = times_of({window});
    CHECK(times.contains(at(1, 0)));
    CHECK(times.contains(at(1, 23, 59, 59)));
    CHECK_FALSE(times.contains(at(0, 23, 59)));
    CHECK_FALSE(times.contains(at(2, 0)));
  }
  const WeekTimes shifted = times_of({{"tue", "08:00", "08:00"}});
  CHECK(shifted.contains(at(2, 7, 59)));
  CHECK_FALSE(shifted.contains(at(2, 8)));
}

TEST_CASE("times cover others", "[policy][times]") {
  const WeekTimes week = times_of({{"mon-fri", "", ""}});
  CHECK(week.covers(times_of({{"mon", "08:00", "18:00"}, {"thu", "22:00", "06:00"}})));
  CHECK_FALSE(week.covers(times_of({{"fri", "22:00", "06:00"}})));
  CHECK_FALSE(times_of({}).covers(week));
  CHECK(times_of({{"mon", "", "12:00"}, {"mon", "12:00", ""}}).covers(times_of({{"mon", "", ""}})));
}
