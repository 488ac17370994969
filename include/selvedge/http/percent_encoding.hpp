// Percent-encoding (RFC 3986, 2.1). Pure. Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::http {

// The value of a hexadecimal digit, or -1.
int hex_digit(char c);

// The byte that a percent-encoding at the front of `text` stands for; nothing when none is there.
std::optional<char> encoded_byte(std::string_view text);
inline constexpr std::size_t kEncodedByte = 3; // characters of one

// The bytes that the text stands for. A "%" that begins no encoding stands for itself, and so does
// a "+": this is no HTML form.
std::string percent_decoded(std::string_view text);

} // namespace selvedge::http
