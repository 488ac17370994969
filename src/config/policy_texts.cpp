#include "policy_texts.hpp"

#include <selvedge/http/field.hpp>

#include <algorithm>
#include <cctype>

namespace selvedge::config {
namespace {

bool is_all(std::string_view text, bool (*claim)(unsigned char)) {
  return std::all_of(text.begin(), text.end(),
                     [claim](char c) { return claim(static_cast<unsigned char>(c)); });
}

bool is_visible(std::string_view text) {
  return !text.empty() && is_all(text, [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

bool is_phrase(std::string_view text) {
  constexpr std::size_t kMost = 128;
  return !text.empty() && text.size() <= kMost && http::trim(text) == text;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && is_all(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

bool is_sni_pattern(std::string_view text) {
  return text != "*" && text.substr(0, 1) != "[" && kHostPattern.holds(text);
}

bool is_path_pattern(std::string_view text) {
  return is_visible(text) && (text.front() == '/' || text.front() == '*') &&
         text.find_first_of("?#") == std::string_view::npos;
}

bool is_type_pattern(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && http::is_token(text.substr(0, slash)) &&
         http::is_token(text.substr(slash + 1));
}

bool is_days(std::string_view text) {
  return !text.empty() &&
         is_all(text, [](unsigned char c) { return std::islower(c) != 0 || c == '-' || c == ','; });
}

bool is_time_of_day(std::string_view text) {
  const auto digit = [text](std::size_t i) {
    return std::isdigit(static_cast<unsigned char>(text[i])) != 0 ? text[i] - '0' : 100;
  };
  if (text.size() != 5 || text[2] != ':') return false;
  const int minutes = (digit(0) * 10 + digit(1)) * 60;
  return digit(3) < 6 && digit(4) < 10 && minutes + digit(3) * 10 + digit(4) <= 24 * 60;
}

bool is_redirect_target(std::string_view text) {
  const bool is_path = text.front() == '/' && text.substr(0, 2) != "//";
  return is_path || text.substr(0, 7) == "http://" || text.substr(0, 8) == "https://" ||
         text.substr(0, 6) == "{path}";
}

bool is_good_redirect_target(std::string_view text) {
  return is_visible(text) && is_redirect_target(text);
}

bool is_currency(std::string_view text) {
  return text.size() == 3 && is_all(text, [](unsigned char c) { return std::isupper(c) != 0; });
}

} // namespace

const TextRule kPhrase{"a text of at most 128 bytes, without spaces around it", is_phrase,
                       R"(^\S(.{0,126}\S)?$)"};
const TextRule kSha256{"64 hexadecimal digits", is_sha256, "^[0-9A-Fa-f]{64}$", true};
const TextRule kSniPattern{"a host name or *.example.com", is_sni_pattern,
                           R"(^(\*\.)?[A-Za-z0-9_-][A-Za-z0-9._-]*$)", true};
const TextRule kPathPattern{"a path where * stands for any text, such as /a/* or *.map",
                            is_path_pattern, R"(^[/*][^\s?#]*$)"};
const TextRule kBundlePattern{"the name of a bundle, where * stands for any text", is_visible,
                              R"(^\S+$)"};
const TextRule kTypePattern{"a media type such as text/css or image/*", is_type_pattern,
                            "^[^/ ]+/[^/ ]+$", true};
const TextRule kMethod{"a method such as GET", http::is_token, R"(^[A-Za-z0-9!#$%&'*+.^_`|~-]+$)"};
const TextRule kDays{"days such as mon-fri or sat,sun", is_days, "^[a-z,-]+$"};
const TextRule kTimeOfDay{"a time of day in UTC, such as 08:00", is_time_of_day,
                          "^([01][0-9]|2[0-4]):[0-5][0-9]$"};
const TextRule kRedirectTarget{"a path or a URL, where {path} and {query} stand for the request's",
                               is_good_redirect_target, R"(^(/|https?://|\{path\})\S*$)"};
const TextRule kCurrency{"three capital letters, such as EUR", is_currency, "^[A-Z]{3}$"};

} // namespace selvedge::config
