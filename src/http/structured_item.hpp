// The parts of structured field values below lists and dictionaries: items and their parameters
// (RFC 9651, 4.2.3). Each function takes what it reads off the front of `text`, and gives nothing
// where the text must fail.
#pragma once

#include <selvedge/http/structured_field.hpp>

namespace selvedge::http::sf {

// Whether `text` began with `expected`, which is taken off then.
inline bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

inline void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

// The last value of a key counts, at the place of the first (RFC 9651, 4.2.2 and 4.2.3.2).
template <typename Value>
void set(std::vector<std::pair<std::string, Value>>& map, std::string_view key, Value value) {
  for (auto& [known, old] : map) {
    if (known == key) {
      old = std::move(value);
      return;
    }
  }
  map.emplace_back(std::string(key), std::move(value));
}

std::optional<std::string_view> take_key(std::string_view& text);
std::optional<SfBareItem> take_bare_item(std::string_view& text);
std::optional<SfParameters> take_parameters(std::string_view& text);
std::optional<SfItem> take_item(std::string_view& text);

} // namespace selvedge::http::sf
