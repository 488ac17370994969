#include <selvedge/codec/request_check.hpp>

namespace selvedge::codec {

namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

} // namespace

bool is_authority(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  std::string_view host = text;
  std::string_view port;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    for (const char c : host) {
      if (!is_alphanumeric(c) && c != ':' && c != '.') return false;
    }
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (host.empty()) return false;
    for (const char c : host) {
      if (!is_alphanumeric(c) && c != '-' && c != '.' && c != '_' && c != '~') return false;
    }
  }
  if (port.empty()) return true;
  if (port.front() != ':' || port.size() > 6) return false;
  for (const char c : port.substr(1)) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

bool is_target(std::string_view text) {
  if (text == "*") return true;
  if (text.empty() || text.front() != '/') return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '#') return false;
  }
  return true;
}

std::optional<AbsoluteTarget> parse_absolute_target(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return {};
  const std::string_view scheme = text.substr(0, colon);
  const bool is_http = http::equals_ignoring_case(scheme, "http");
  if (!is_http && !http::equals_ignoring_case(scheme, "https")) return {};
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, end);
  const std::string_view target = end == std::string_view::npos ? "/" : rest.substr(end);
  if (target.front() == '?')
    return {}; // an empty path with a query has no origin form to take over
  if (!is_authority(authority) || !is_target(target)) return {};
  const bool has_empty_path = end == std::string_view::npos;
  return AbsoluteTarget{is_http ? "http" : "https", authority, target, has_empty_path};
}

} // namespace selvedge::codec
