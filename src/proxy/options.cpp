#include <selvedge/proxy/options.hpp>

#include <array>
#include <charconv>

namespace selvedge::proxy {

namespace {

constexpr std::uint32_t kMostSeconds = 3650u * 86'400;

struct Unit {
  char name;
  std::uint32_t seconds;
};
constexpr std::array<Unit, 4> kUnits{{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}}};

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

// 404, or 5 for 5xx.
std::optional<http::Status> status_of(std::string_view text) {
  if (text.size() != 3 || text[0] < '2' || text[0] > '5') return {};
  if (text.substr(1) == "xx") return static_cast<http::Status>(text[0] - '0');
  const auto number = number_of(text);
  if (!number) return {};
  return static_cast<http::Status>(*number);
}

std::optional<base::Seconds> lifetime_of(std::string_view text) {
  if (text.empty()) return {};
  const auto number = number_of(text.substr(0, text.size() - 1));
  for (const Unit& unit : kUnits) {
    if (unit.name != text.back() || !number || *number > kMostSeconds / unit.seconds) continue;
    return base::Seconds{*number * unit.seconds};
  }
  return {};
}

} // namespace

std::optional<cache::StatusLifetime> parse_status_lifetime(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return {};
  const auto status = status_of(text.substr(0, space));
  const auto lifetime = lifetime_of(text.substr(space + 1));
  if (!status || !lifetime) return {};
  return cache::StatusLifetime{*status, *lifetime};
}

} // namespace selvedge::proxy
