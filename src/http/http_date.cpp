// HTTP dates are of fixed form, so they are read by position: a template says which characters must
// stand where, and the numbers are picked out of their places.
#include <selvedge/http/http_date.hpp>

#include <algorithm>
#include <array>

namespace selvedge::http {

namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

// Whether `text` looks like `form`, in which 9 stands for a digit, a for any character and
// everything else for itself.
bool has_form(std::string_view text, std::string_view form) {
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '9' ? !is_digit : form[i] != 'a' && form[i] != text[i]) return false;
  }
  return true;
}

// Requires: digits only.
int number(std::string_view digits) {
  int value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  return value;
}

// The day name is not compared with the date: a wrong one does no harm.
std::optional<sys_seconds> make(int year, std::string_view month_name, int day,
                                std::string_view clock) {
  const auto found = std::find(kMonths.begin(), kMonths.end(), month_name);
  if (found == kMonths.end()) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year{year},
      std::chrono::month{static_cast<unsigned>(found - kMonths.begin()) + 1},
      std::chrono::day{static_cast<unsigned>(day)}};
  const int hour = number(clock.substr(0, 2));
  const int minute = number(clock.substr(3, 2));
  const int second = number(clock.substr(6, 2)); // 60 is a leap second
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<sys_seconds> parse_imf_fixdate(std::string_view text) {
  if (!has_form(text, "aaa, 99 aaa 9999 99:99:99 GMT")) return std::nullopt;
  if (!is_one_of(text.substr(0, 3), kDays)) return std::nullopt;
  return make(number(text.substr(12, 4)), text.substr(8, 3), number(text.substr(5, 2)),
              text.substr(17, 8));
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<sys_seconds> parse_rfc850(std::string_view text, sys_seconds now) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(comma);
  if (!has_form(rest, ", 99-aaa-99 99:99:99 GMT")) return std::nullopt;
  if (!is_one_of(text.substr(0, comma), kLongDays)) return std::nullopt;

  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int latest = static_cast<int>(today.year()) + 50;
  const int year = latest - (latest - number(rest.substr(9, 2))) % 100;
  const auto read_in = [&](int in_year) {
    return make(in_year, rest.substr(5, 3), number(rest.substr(2, 2)), rest.substr(12, 8));
  };
  const auto at = read_in(year);
  // In the fiftieth year from now, the day decides; 365 days a year and the leap days between.
  const auto limit = now + std::chrono::days{50 * 365 + 12};
  if (year == latest && at && *at > limit) return read_in(year - 100);
  return at;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<sys_seconds> parse_asctime(std::string_view text) {
  if (!has_form(text, "aaa aaa a9 99:99:99 9999")) return std::nullopt;
  if (!is_one_of(text.substr(0, 3), kDays)) return std::nullopt;
  std::string_view day = text.substr(8, 2);
  if (day.front() == ' ')
    day.remove_prefix(1);
  else if (day.front() < '0' || day.front() > '9')
    return std::nullopt;
  return make(number(text.substr(20, 4)), text.substr(4, 3), number(day), text.substr(11, 8));
}

void append_digits(std::string& to, unsigned value, unsigned places) {
  if (places > 1) append_digits(to, value / 10, places - 1);
  to.push_back(static_cast<char>('0' + value % 10));
}

} // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) {
  if (const auto at = parse_imf_fixdate(text)) return at;
  if (const auto at = parse_rfc850(text, now)) return at;
  return parse_asctime(text);
}

std::string http_date(sys_seconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  std::string text;
  text.reserve(29);
  text.append(kDays[std::chrono::weekday{day}.c_encoding()]).append(", ");
  append_digits(text, static_cast<unsigned>(date.day()), 2);
  text.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  text.append(" ");
  append_digits(text, static_cast<unsigned>(time.hours().count()), 2);
  text.append(":");
  append_digits(text, static_cast<unsigned>(time.minutes().count()), 2);
  text.append(":");
  append_digits(text, static_cast<unsigned>(time.seconds().count()), 2);
  return text.append(" GMT");
}

} // namespace selvedge::http
