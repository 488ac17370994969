#include "units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace selvedge::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kKibi = 1024;
constexpr std::array<Unit, 11> kByteUnits{{{"TiB", kKibi* kKibi* kKibi* kKibi},
                                           {"GiB", kKibi* kKibi* kKibi},
                                           {"MiB", kKibi* kKibi},
                                           {"KiB", kKibi},
                                           {"TB", 1'000'000'000'000},
                                           {"GB", 1'000'000'000},
                                           {"MB", 1'000'000},
                                           {"kB", 1000},
                                           {"KB", 1000},
                                           {"B", 1},
                                           {"", 1}}};
constexpr std::size_t kBinaryByteUnits = 4; // the first ones, largest first: what bytes_text() uses

constexpr std::array<Unit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr std::array<Unit, 3> kRateUnits{{{"/s", 1}, {"/m", 60}, {"/h", 3600}}};
constexpr std::uint64_t kMostRate = 1'000'000'000; // more than a machine can count in an hour

// The digits that `text` starts with times the factor of the unit that follows them.
template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text,
                                             const std::array<Unit, N>& units) {
  std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) digits = text.size();
  const std::optional<std::uint64_t> number = parse_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  const std::string_view name = text.substr(digits);
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

} // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::optional<double> parse_decimal(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (whole.empty() || whole.find_first_not_of(kDigits) != std::string_view::npos) return {};
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.find_first_not_of(kDigits) != std::string_view::npos)
      return {};
  }
  double number = 0;
  const auto [stopped, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{}) return {};
  return number;
}

std::string decimal_text(double number) {
  std::array<char, 400> text; // enough for every double without an exponent
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return std::string(text.data(), end);
}

std::optional<double> parse_percent(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  const std::optional<double> percent = parse_decimal(text.substr(0, text.size() - 1));
  if (!percent || *percent > 100) return std::nullopt;
  return std::round(*percent * 1e4) / 1e6;
}

// Rounded as when it was read, so that 7% is not 7.000000000000001%.
std::string percent_text(double share) {
  return decimal_text(std::round(share * 1e6) / 1e4) + "%";
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  return parse_with_unit(text, kByteUnits);
}

std::string bytes_text(std::uint64_t bytes) {
  for (std::size_t i = 0; i < kBinaryByteUnits && bytes != 0; ++i) {
    const Unit& unit = kByteUnits[i];
    if (bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor).append(unit.name);
    }
  }
  return std::to_string(bytes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  const std::optional<std::uint64_t> count = parse_with_unit(text, kDurationUnits);
  constexpr auto kMost = std::chrono::milliseconds::max().count();
  if (!count || *count > static_cast<std::uint64_t>(kMost)) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(*count)};
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  if (count == 0) return "0s";
  std::string text;
  for (const Unit& unit : kDurationUnits) {
    if (count % unit.factor != 0) continue;
    text = std::to_string(count / unit.factor).append(unit.name);
    break;
  }
  return text;
}

std::optional<double> parse_rate(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::optional<std::uint64_t> number = parse_number(text.substr(0, slash));
  if (!number || *number == 0 || *number > kMostRate) return std::nullopt;
  for (const Unit& unit : kRateUnits) {
    if (text.substr(slash) != unit.name) continue;
    return static_cast<double>(*number) / static_cast<double>(unit.factor);
  }
  return std::nullopt;
}

std::string rate_text(double per_second) {
  if (per_second <= 0) return "0";
  std::string text;
  for (const Unit& unit : kRateUnits) {
    const auto factor = static_cast<double>(unit.factor);
    const double number = std::max(1.0, std::round(per_second * factor));
    text = decimal_text(number).append(unit.name);
    if (number / factor == per_second) break;
  }
  return text;
}

} // namespace selvedge::config
