#include <selvedge/http/percent_encoding.hpp>

namespace selvedge::http {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<char> encoded_byte(std::string_view text) {
  if (text.size() < kEncodedByte || text.front() != '%') return std::nullopt;
  const int high = hex_digit(text[1]);
  const int low = hex_digit(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

std::string percent_decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const std::optional<char> byte = encoded_byte(text);
    bytes.push_back(byte.value_or(text.front()));
    text.remove_prefix(byte ? kEncodedByte : 1);
  }
  return bytes;
}

} // namespace selvedge::http
