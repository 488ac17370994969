// One spelling for targets that mean the same. Whatever is changed here is changed for the origin
// too: a key that is coarser than what the origin is asked would let one client decide what others
// get.
#include <selvedge/cache/cache_key.hpp>

#include "query.hpp"

#include <selvedge/http/percent_encoding.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

bool is_unreserved(char c) { // RFC 3986, 2.3
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Whether `c` behind `text` would make a percent-encoding of a "%" that begins none: of "%%341"
// must not become "%41", which means something else and would be undone the next time.
bool completes_encoding(const std::string& text, char c) {
  if (http::hex_digit(c) < 0) return false;
  if (text.ends_with('%')) return true;
  return text.size() > 1 && text[text.size() - 2] == '%' && http::hex_digit(text.back()) >= 0;
}

// RFC 3986, 6.2.2.1 and 6.2.2.2. What is no percent-encoding stays as it is.
std::string with_normal_encoding(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::optional<char> decoded = http::encoded_byte(path.substr(i));
    if (!decoded) {
      result.push_back(path[i]);
      continue;
    }
    if (is_unreserved(*decoded) && !completes_encoding(result, *decoded)) {
      result.push_back(*decoded);
    } else {
      const auto byte = static_cast<unsigned char>(*decoded);
      result.push_back('%');
      result.push_back(kDigits[byte >> 4]);
      result.push_back(kDigits[byte & 15]);
    }
    i += http::kEncodedByte - 1;
  }
  return result;
}

// RFC 3986, 5.2.4. Requires: the path begins with "/".
std::string without_dot_segments(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == path.size();
    path.remove_prefix(end);
    if (segment == "/.") {
      if (is_last) result.push_back('/');
    } else if (segment == "/..") {
      result.resize(result.empty() ? 0 : result.rfind('/'));
      if (is_last) result.push_back('/');
    } else {
      result.append(segment);
    }
  }
  return result;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool is_kept(const KeyRules& rules, std::string_view parameter) {
  if (rules.query == QueryRule::keep) return true;
  if (rules.query == QueryRule::drop) return false;
  const std::string name = form_decoded(name_of(parameter));
  const bool is_listed =
      std::any_of(rules.parameters.begin(), rules.parameters.end(),
                  [&name](const std::string& pattern) { return matches(pattern, name); });
  return is_listed == (rules.query == QueryRule::allow);
}

} // namespace

std::string_view normal_path(std::string_view target, base::Arena& arena) {
  const std::size_t end = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, end);
  const bool is_plain =
      path.find('%') == std::string_view::npos && path.find("/.") == std::string_view::npos;
  if (is_plain || path.empty() || path.front() != '/') return target;
  std::string result = without_dot_segments(with_normal_encoding(path));
  if (result == path) return target;
  result.append(target.substr(end));
  return arena.copy(result);
}

std::string_view normal_query(std::string_view target, const KeyRules& rules, base::Arena& arena) {
  if (rules.query == QueryRule::keep && !rules.sort_query) return target;
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return target;
  std::vector<std::string_view> kept;
  for_each_parameter(target.substr(question + 1), [&](std::string_view parameter) {
    if (is_kept(rules, parameter)) kept.push_back(parameter);
  });
  if (rules.sort_query) {
    std::stable_sort(kept.begin(), kept.end(), [](std::string_view a, std::string_view b) {
      return name_of(a) < name_of(b);
    });
  }
  std::string result(target.substr(0, question));
  char separator = '?';
  for (const std::string_view parameter : kept) {
    result.push_back(separator);
    result.append(parameter);
    separator = '&';
  }
  return arena.copy(result);
}

} // namespace selvedge::cache
