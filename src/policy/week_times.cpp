#include "week_times.hpp"

#include <selvedge/base/assert.hpp>
#include <selvedge/http/field.hpp>

#include <array>

namespace selvedge::policy {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::uint8_t kEachDay = 0x7F;

std::optional<unsigned> day_of(std::string_view text) {
  for (unsigned day = 0; day < kDays.size(); ++day) {
    if (http::equals_ignoring_case(kDays[day], text)) return day;
  }
  return std::nullopt;
}

// "mon" or "mon-fri"; 0: neither.
std::uint8_t days_between(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<unsigned> first = day_of(http::trim(text.substr(0, dash)));
  std::optional<unsigned> last = first;
  if (dash != std::string_view::npos) last = day_of(http::trim(text.substr(dash + 1)));
  if (!first || !last) return 0;
  unsigned days = 1u << *first;
  for (unsigned day = *first; day != *last; days |= 1u << day) day = (day + 1) % 7;
  return static_cast<std::uint8_t>(days);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

} // namespace

std::optional<std::uint8_t> days_of(std::string_view text) {
  if (text.empty()) return kEachDay;
  unsigned days = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::uint8_t these = days_between(text.substr(0, comma));
    if (these == 0) return std::nullopt;
    days |= these;
    if (comma == std::string_view::npos) return static_cast<std::uint8_t>(days);
    text.remove_prefix(comma + 1);
  }
}

std::optional<unsigned> minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4}}) {
    if (!is_digit(text[at])) return std::nullopt;
  }
  const auto number = [text](std::size_t at) {
    return static_cast<unsigned>((text[at] - '0') * 10 + (text[at + 1] - '0'));
  };
  const unsigned minute = number(0) * 60 + number(3);
  if (number(3) > 59 || minute > kMinutesADay) return std::nullopt;
  return minute;
}

void WeekTimes::add(const TimeWindow& window) {
  const auto days = days_of(window.days);
  const auto from = window.from.empty() ? 0u : minute_of(window.from);
  const auto to = window.to.empty() ? kMinutesADay : minute_of(window.to);
  SELVEDGE_ASSERT(days && from && to);
  const unsigned length = *to > *from ? *to - *from : *to + kMinutesADay - *from;
  for (unsigned day = 0; day < kDays.size(); ++day) {
    if ((*days >> day & 1) == 0) continue;
    const unsigned start = day * kMinutesADay + *from;
    for (unsigned minute = start; minute < start + length; ++minute)
      minutes_.set(minute % kMinutes);
  }
}

bool WeekTimes::contains(std::chrono::sys_seconds time) const {
  // The clock's epoch was a Thursday.
  constexpr long kThursday = 3 * long{kMinutesADay};
  const long minute = std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
  const long of_week = (minute + kThursday) % long{kMinutes};
  return minutes_.test(static_cast<std::size_t>(of_week < 0 ? of_week + long{kMinutes} : of_week));
}

} // namespace selvedge::policy
