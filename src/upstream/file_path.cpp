#include "file_path.hpp"

#include <selvedge/http/percent_encoding.hpp>

namespace selvedge::upstream {

namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const bool is_encoded = text.front() == '%';
    const std::optional<char> c = is_encoded ? http::encoded_byte(text) : text.front();
    // An encoded slash would not mean what the path says.
    if (!c || *c == '\0' || (is_encoded && *c == '/')) return {};
    decoded.push_back(*c);
    text.remove_prefix(is_encoded ? http::kEncodedByte : 1);
  }
  return decoded;
}

// MAJOR.MINOR.PATCH, each a number, then nothing or "-..." or "+..." (semver.org, 2 and 9).
bool is_version(std::string_view text) {
  for (int part = 0; part < 3; ++part) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits == 0) return false;
    text.remove_prefix(digits);
    if (part == 2) return text.empty() || text.front() == '-' || text.front() == '+';
    if (text.empty() || text.front() != '.') return false;
    text.remove_prefix(1);
  }
  return false;
}

// Calls visit(segment) for each part between slashes; false stops and is returned.
template <typename Visit> bool each_segment(std::string_view path, Visit visit) {
  for (;;) {
    const std::size_t slash = path.find('/');
    if (!visit(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

} // namespace

std::optional<std::string> file_path_of(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  if (path.empty() || path.front() != '/') return {};
  path.remove_prefix(1);
  std::optional<std::string> decoded = decode(path);
  if (!decoded) return {};
  if (decoded->empty() || decoded->back() == '/') decoded->append("index.html");
  const bool is_clean = each_segment(*decoded, [](std::string_view segment) {
    return !segment.empty() && segment.front() != '.';
  });
  if (!is_clean) return {};
  return decoded;
}

bool has_version(std::string_view path) {
  return !each_segment(path, [](std::string_view segment) { return !is_version(segment); });
}

} // namespace selvedge::upstream
