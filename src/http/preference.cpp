#include <selvedge/http/preference.hpp>

#include <selvedge/http/field.hpp>

namespace selvedge::http {

std::optional<unsigned> parse_weight(std::string_view text) {
  if (text.empty() || (text.front() != '0' && text.front() != '1')) return std::nullopt;
  unsigned weight = text.front() == '1' ? kFullWeight : 0;
  if (text.size() == 1) return weight;
  if (text[1] != '.' || text.size() > 5) return std::nullopt;
  unsigned unit = 100;
  for (const char digit : text.substr(2)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    weight += static_cast<unsigned>(digit - '0') * unit;
    unit /= 10;
  }
  return weight <= kFullWeight ? std::optional(weight) : std::nullopt;
}

std::optional<Preference> parse_preference(std::string_view member) {
  const std::size_t semicolon = member.find(';');
  Preference preference{trim(member.substr(0, semicolon))};
  if (!is_token(preference.name)) return std::nullopt;
  if (semicolon == std::string_view::npos) return preference;
  const std::string_view parameter = trim(member.substr(semicolon + 1));
  const bool is_weight = parameter.starts_with("q=") || parameter.starts_with("Q=");
  if (!is_weight || parameter.find(';') != std::string_view::npos) return std::nullopt;
  const auto weight = parse_weight(trim(parameter.substr(2)));
  if (!weight) return std::nullopt;
  preference.weight = *weight;
  return preference;
}

} // namespace selvedge::http
