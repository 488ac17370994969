#include "structured_item.hpp"

#include <array>

namespace selvedge::http::sf {

namespace {

// RFC 9651, 3.1.2 asks for 256 at least.
constexpr std::size_t kMostParameters = 256;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_letter(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}
bool is_visible_or_space(char c) {
  return c >= ' ' && c <= '~';
}

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// Requires: at most 18 digits.
std::int64_t number(std::string_view digits) {
  std::int64_t value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  return value;
}

// RFC 9651, 4.2.4: an Integer of up to 15 digits, or a Decimal of up to 12 and 1 to 3.
std::optional<SfBareItem> take_number(std::string_view& text) {
  const std::int64_t sign = take(text, '-') ? -1 : 1;
  const std::string_view whole = take_digits(text);
  if (whole.empty() || whole.size() > 15) return std::nullopt;
  if (!take(text, '.')) return SfBareItem(sign * number(whole));
  const std::string_view fraction = take_digits(text);
  if (whole.size() > 12 || fraction.empty() || fraction.size() > 3) return std::nullopt;
  std::int64_t thousandths = number(fraction);
  for (std::size_t places = fraction.size(); places < 3; ++places) thousandths *= 10;
  return SfBareItem(SfDecimal{sign * (number(whole) * 1000 + thousandths)});
}

// RFC 9651, 4.2.5
std::optional<SfBareItem> take_string(std::string_view& text) {
  text.remove_prefix(1);
  SfString string;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return SfBareItem(std::move(string));
    if (c == '\\') {
      if (text.empty() || (text.front() != '"' && text.front() != '\\')) return std::nullopt;
      c = text.front();
      text.remove_prefix(1);
    } else if (!is_visible_or_space(c)) {
      return std::nullopt;
    }
    string.text.push_back(c);
  }
  return std::nullopt;
}

// RFC 9651, 4.2.6. The caller has looked at the first character.
std::optional<SfBareItem> take_token(std::string_view& text) {
  std::size_t size = 1;
  while (size < text.size() &&
         (text[size] == ':' || text[size] == '/' || is_token(text.substr(size, 1)))) {
    ++size;
  }
  SfToken token{std::string(text.substr(0, size))};
  text.remove_prefix(size);
  return SfBareItem(std::move(token));
}

// The six bits a character of base64 stands for (RFC 4648, 4).
std::optional<std::uint32_t> sextet(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (is_digit(c)) return static_cast<std::uint32_t>(c - '0' + 52);
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

// RFC 9651, 4.2.7: padding may be missing, and bits in it do not matter.
std::optional<SfBareItem> take_bytes(std::string_view& text) {
  const std::size_t end = text.find(':', 1);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view encoded = text.substr(1, end - 1);
  text.remove_prefix(end + 1);

  const std::size_t size = encoded.size();
  while (encoded.ends_with('=')) encoded.remove_suffix(1);
  const bool is_padded = encoded.size() != size;
  if (encoded.size() % 4 == 1 || (is_padded && (size % 4 != 0 || size - encoded.size() > 2))) {
    return std::nullopt;
  }
  SfBytes bytes;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : encoded) {
    const auto six = sextet(c);
    if (!six) return std::nullopt;
    bits = (bits << 6) | *six;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.bytes.push_back(static_cast<char>((bits >> held) & 0xff));
  }
  return SfBareItem(std::move(bytes));
}

// RFC 9651, 4.2.8
std::optional<SfBareItem> take_boolean(std::string_view& text) {
  text.remove_prefix(1);
  if (take(text, '1')) return SfBareItem(true);
  if (take(text, '0')) return SfBareItem(false);
  return std::nullopt;
}

// RFC 9651, 4.2.9
std::optional<SfBareItem> take_date(std::string_view& text) {
  text.remove_prefix(1);
  const auto seconds = take_number(text);
  if (!seconds || !std::holds_alternative<std::int64_t>(*seconds)) return std::nullopt;
  return SfBareItem(SfDate{std::get<std::int64_t>(*seconds)});
}

// One character of UTF-8 (RFC 3629, 4), taken off: no longer form than needed, no surrogates,
// nothing above U+10FFFF.
bool take_utf8(std::string_view& text) {
  struct Form {
    unsigned char lead_from, lead_to; // of the first byte
    unsigned char next_from, next_to; // of the second, if any
    std::size_t size;
  };
  static constexpr std::array<Form, 9> kForms = {{
      {0x00, 0x7f, 0, 0, 1},
      {0xc2, 0xdf, 0x80, 0xbf, 2},
      {0xe0, 0xe0, 0xa0, 0xbf, 3},
      {0xe1, 0xec, 0x80, 0xbf, 3},
      {0xed, 0xed, 0x80, 0x9f, 3},
      {0xee, 0xef, 0x80, 0xbf, 3},
      {0xf0, 0xf0, 0x90, 0xbf, 4},
      {0xf1, 0xf3, 0x80, 0xbf, 4},
      {0xf4, 0xf4, 0x80, 0x8f, 4},
  }};
  const auto byte = [&text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (const Form& form : kForms) {
    if (byte(0) < form.lead_from || byte(0) > form.lead_to) continue;
    if (text.size() < form.size) return false;
    if (form.size > 1 && (byte(1) < form.next_from || byte(1) > form.next_to)) return false;
    for (std::size_t i = 2; i < form.size; ++i) {
      if (byte(i) < 0x80 || byte(i) > 0xbf) return false;
    }
    text.remove_prefix(form.size);
    return true;
  }
  return false;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (!take_utf8(text)) return false;
  }
  return true;
}

// Of %xx only lower case is allowed here.
std::optional<int> hexadecimal(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// RFC 9651, 4.2.10
std::optional<SfBareItem> take_display_string(std::string_view& text) {
  text.remove_prefix(1);
  if (!take(text, '"')) return std::nullopt;
  SfDisplayString string;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"') {
      if (!is_utf8(string.text)) return std::nullopt;
      return SfBareItem(std::move(string));
    }
    if (!is_visible_or_space(c)) return std::nullopt;
    if (c != '%') {
      string.text.push_back(c);
      continue;
    }
    if (text.size() < 2) return std::nullopt;
    const auto high = hexadecimal(text[0]);
    const auto low = hexadecimal(text[1]);
    if (!high || !low) return std::nullopt;
    string.text.push_back(static_cast<char>(*high * 16 + *low));
    text.remove_prefix(2);
  }
  return std::nullopt;
}

} // namespace

// RFC 9651, 4.2.3.3
std::optional<std::string_view> take_key(std::string_view& text) {
  if (text.empty() || (!is_lower(text.front()) && text.front() != '*')) return std::nullopt;
  std::size_t size = 1;
  while (size < text.size() && (is_lower(text[size]) || is_digit(text[size]) ||
                                std::string_view("_-.*").find(text[size]) != std::string::npos)) {
    ++size;
  }
  const std::string_view key = text.substr(0, size);
  text.remove_prefix(size);
  return key;
}

// RFC 9651, 4.2.3.1
std::optional<SfBareItem> take_bare_item(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const char first = text.front();
  if (first == '-' || is_digit(first)) return take_number(text);
  if (first == '"') return take_string(text);
  if (first == '*' || is_letter(first)) return take_token(text);
  if (first == ':') return take_bytes(text);
  if (first == '?') return take_boolean(text);
  if (first == '@') return take_date(text);
  if (first == '%') return take_display_string(text);
  return std::nullopt;
}

// RFC 9651, 4.2.3.2
std::optional<SfParameters> take_parameters(std::string_view& text) {
  SfParameters parameters;
  while (take(text, ';')) {
    skip_spaces(text);
    const auto key = take_key(text);
    if (!key) return std::nullopt;
    SfBareItem value = true;
    if (take(text, '=')) {
      auto given = take_bare_item(text);
      if (!given) return std::nullopt;
      value = std::move(*given);
    }
    set(parameters, *key, std::move(value));
    if (parameters.size() > kMostParameters) return std::nullopt;
  }
  return parameters;
}

std::optional<SfItem> take_item(std::string_view& text) {
  auto value = take_bare_item(text);
  if (!value) return std::nullopt;
  auto parameters = take_parameters(text);
  if (!parameters) return std::nullopt;
  return SfItem{std::move(*value), std::move(*parameters)};
}

} // namespace selvedge::http::sf
