#include "version_text.hpp"

#include <selvedge/bundle/version.hpp>

#include <algorithm>
#include <charconv>

namespace selvedge::bundle {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto size = static_cast<std::size_t>(read.ptr - text.data());
  const bool has_leading_zero = size > 1 && text.front() == '0';
  if (read.ec != std::errc{} || has_leading_zero || value > Version::kLargestNumber) {
    return std::nullopt;
  }
  text.remove_prefix(size);
  return value;
}

namespace {

enum class Numbers : std::uint8_t { any, without_leading_zeros };

// "alpha.1.x-2": identifiers until something else.
std::optional<std::string_view> take_identifiers(std::string_view& text, Numbers numbers) {
  const std::string_view whole = text;
  std::size_t at = 0;
  for (;;) {
    const std::size_t begin = at;
    while (at < whole.size() && is_identifier_character(whole[at])) ++at;
    const std::string_view one = whole.substr(begin, at - begin);
    if (one.empty()) return std::nullopt;
    const bool is_number = std::ranges::all_of(one, is_digit);
    if (numbers == Numbers::without_leading_zeros && is_number && one.size() > 1 &&
        one.front() == '0') {
      return std::nullopt;
    }
    if (at == whole.size() || whole[at] != '.') break;
    ++at;
  }
  text.remove_prefix(at);
  return whole.substr(0, at);
}

std::optional<std::string_view> take_marked(std::string_view& text, char mark, Numbers numbers) {
  if (text.empty() || text.front() != mark) return std::string_view();
  std::string_view rest = text.substr(1);
  const auto found = take_identifiers(rest, numbers);
  if (found) text = rest;
  return found;
}

} // namespace

std::optional<std::string_view> take_prerelease(std::string_view& text) {
  return take_marked(text, '-', Numbers::without_leading_zeros);
}

std::optional<std::string_view> take_build(std::string_view& text) {
  return take_marked(text, '+', Numbers::any);
}

} // namespace selvedge::bundle
