#include "h2_head_rules.hpp"

#include "h2_priority.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace selvedge::codec::h2 {

namespace {

using http::FieldName;

using CharSet = std::array<bool, 256>;

constexpr CharSet set_of(std::string_view others, bool with_upper) {
  CharSet set{};
  for (unsigned char c = '0'; c <= '9'; ++c) set[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) set[c] = true;
  for (unsigned char c = 'A'; with_upper && c <= 'Z'; ++c) set[c] = true;
  for (const char c : others) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr CharSet kNameChars = set_of("!#$%&'*+-.^_`|~", false); // of a token, in lower case
constexpr CharSet kSchemeChars = set_of("+-.", true);
// RFC 3986, 3.2: which of them make an authority is looked at later; others never do.
constexpr CharSet kAuthorityChars = set_of("-._~!$&'()*+,;=%:@[]", true);

bool all_of(std::string_view text, const CharSet& set) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

// RFC 3986, 3.1.
bool is_scheme(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && is_letter(text.front()) && all_of(text, kSchemeChars);
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// RFC 9113, 8.2.1.
bool is_value(std::string_view text) {
  if (text.empty()) return true;
  return !is_blank(text.front()) && !is_blank(text.back()) && http::is_field_value(text);
}

bool is_path(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

} // namespace

void HeadRules::begin_request() {
  *this = HeadRules();
}

void HeadRules::begin_trailers() {
  *this = HeadRules();
  is_trailers_ = true;
}

FieldVerdict HeadRules::check(const http::Field& field) {
  if (!field.name.empty() && field.name.front() == ':') {
    // RFC 9113, 8.3: before all others, and never in trailers.
    if (is_behind_pseudo_ || is_trailers_) return FieldVerdict::malformed;
    return check_pseudo(field.name, field.value);
  }
  is_behind_pseudo_ = true;
  return check_regular(field);
}

bool HeadRules::see_once(Seen what) {
  if ((seen_ & what) != 0) return false;
  seen_ = static_cast<std::uint8_t>(seen_ | what);
  return true;
}

FieldVerdict HeadRules::check_pseudo(std::string_view name, std::string_view value) {
  bool is_valid = false;
  if (name == ":path") {
    is_valid = see_once(path) && is_path(value);
    is_path_usual_ = value.starts_with('/');
    is_asterisk_ = value == "*";
  } else if (name == ":method") {
    is_valid = see_once(method) && http::is_token(value);
    is_connect_ = value == "CONNECT";
    is_options_ = value == "OPTIONS";
  } else if (name == ":authority") {
    is_valid = see_once(authority) && all_of(value, kAuthorityChars);
  } else if (name == ":scheme") {
    is_valid = see_once(scheme) && is_scheme(value);
    is_http_ =
        http::equals_ignoring_case(value, "http") || http::equals_ignoring_case(value, "https");
  }
  return is_valid && !value.empty() ? FieldVerdict::valid : FieldVerdict::malformed;
}

FieldVerdict HeadRules::check_regular(const http::Field& field) {
  const bool is_known = field.id != FieldName::unknown;
  if (is_known ? field.name != http::text_of(field.id) : !all_of(field.name, kNameChars)) {
    return FieldVerdict::malformed; // RFC 9113, 8.2: names are sent in lower case
  }
  if (field.name.empty() || !is_value(field.value)) return FieldVerdict::malformed;
  switch (field.id) {
  case FieldName::connection: // RFC 9113, 8.2.2
  case FieldName::keep_alive:
  case FieldName::proxy_connection:
  case FieldName::transfer_encoding:
  case FieldName::upgrade:
    return FieldVerdict::malformed;
  case FieldName::te:
    return http::equals_ignoring_case(field.value, "trailers") ? FieldVerdict::valid
                                                               : FieldVerdict::malformed;
  case FieldName::host:
    if (!all_of(field.value, kAuthorityChars)) return FieldVerdict::malformed;
    return !field.value.empty() && see_once(host) ? FieldVerdict::valid : FieldVerdict::malformed;
  case FieldName::content_length:
    return read_content_length(field.value) ? FieldVerdict::valid : FieldVerdict::malformed;
  case FieldName::priority:
    if (!is_trailers_) priority_ = parse_priority(field.value).value_or(Priority());
    return FieldVerdict::valid;
  default:
    return FieldVerdict::valid;
  }
}

// Once, and a number that fits into 63 bits.
bool HeadRules::read_content_length(std::string_view text) {
  if (is_trailers_ || content_length_ != Stream::kAnyLength || text.empty()) return false;
  std::uint64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || length > (std::uint64_t{1} << 63) / 10 - 1) return false;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  content_length_ = length;
  return true;
}

bool HeadRules::is_complete() const {
  if (is_trailers_) return true;
  // RFC 9113, 8.5.
  if (is_connect_) return (seen_ & (authority | scheme | path)) == authority;
  // RFC 9113, 8.3.1.
  constexpr std::uint8_t kNeeded = method | scheme | path;
  if ((seen_ & kNeeded) != kNeeded || (seen_ & (authority | host)) == 0) return false;
  return !is_http_ || is_path_usual_ || (is_options_ && is_asterisk_);
}

std::uint64_t HeadRules::content_length() const {
  return is_connect_ ? Stream::kAnyLength : content_length_;
}

} // namespace selvedge::codec::h2
