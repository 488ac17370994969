// The parts that texts of versions and of ranges are made of (semver.org, grammar).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace selvedge::bundle {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
constexpr bool is_identifier_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

std::string_view trimmed(std::string_view text);

// Each of these takes what it reads off the front of `text`, and leaves it alone when it is not
// there.

// Without leading zeros, at most Version::kLargestNumber.
std::optional<std::uint64_t> take_number(std::string_view& text);
// Behind a '-': identifiers with dots between them; numbers have no leading zeros. "" when there is
// no '-'; nothing when what follows it is wrong.
std::optional<std::string_view> take_prerelease(std::string_view& text);
// Behind a '+', likewise, with any identifiers.
std::optional<std::string_view> take_build(std::string_view& text);
bool take(std::string_view& text, std::string_view prefix);

} // namespace selvedge::bundle
