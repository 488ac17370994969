#include "policy_case_kinds.hpp"

#include "units.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace selvedge::config {
namespace {

using namespace std::chrono;

bool is_visible(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_absolute_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (!is_visible(text) || text.find('#') != std::string_view::npos) return false;
  const std::string_view name = text.substr(0, std::min(scheme, text.size()));
  if (name != "http" && name != "https") return false;
  const std::string_view rest = text.substr(scheme + 3);
  return kHostAndPort.holds(rest.substr(0, rest.find_first_of("/?")));
}

bool is_server_name(std::string_view text) {
  return text != "*" && text.substr(0, 2) != "*." && kHostPattern.holds(text);
}

bool is_rate_or_none(std::string_view text) {
  return text == "none" || parse_rate(text).has_value();
}

// The number at `at`; nothing when there are other characters than digits.
std::optional<unsigned> number_at(std::string_view text, std::size_t at, std::size_t size) {
  const auto number = parse_number(text.substr(at, size));
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

std::optional<sys_seconds> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != '0' && kForm[i] != text[i]) return std::nullopt;
  }
  const auto y = number_at(text, 0, 4), m = number_at(text, 5, 2), d = number_at(text, 8, 2);
  const auto h = number_at(text, 11, 2), min = number_at(text, 14, 2), s = number_at(text, 17, 2);
  if (!y || !m || !d || !h || !min || !s || *h > 23 || *min > 59 || *s > 59) return std::nullopt;
  const year_month_day date{year{static_cast<int>(*y)}, month{*m}, day{*d}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date} + hours{*h} + minutes{*min} + seconds{*s};
}

} // namespace

void TimeKind::read(const Input& input, sys_seconds& to) const {
  const auto time = input.node.IsScalar() ? parse_time(input.node.Scalar()) : std::nullopt;
  if (!time) return input.refuse(shape().what);
  to = *time;
}

std::string TimeKind::yaml(const sys_seconds& value) const {
  const sys_days day = floor<days>(value);
  const year_month_day date{day};
  const hh_mm_ss time{value - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text.data();
}

Shape TimeKind::shape() const {
  Shape shape;
  shape.type = ShapeType::text;
  shape.what = "a time in UTC such as 2026-11-29T12:00:00Z";
  shape.pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$";
  shape.may_be_empty = false;
  return shape;
}

const TextRule kAbsoluteUrl{"an http or https URL without a fragment", is_absolute_url,
                            R"(^https?://[^\s#]+$)"};
const TextRule kServerNameText{"a host name", is_server_name, R"(^[A-Za-z0-9._-]+$)", true};
const TextRule kRateOrNone{"a rate such as 10/s, or none", is_rate_or_none,
                           "^([1-9][0-9]*/[smh]|none)$"};
const TextRule kRedirectOrNone{"a path or a URL, or none", is_visible, R"(^\S+$)"};

} // namespace selvedge::config
