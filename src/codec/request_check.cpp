#include <selvedge/codec/request_check.hpp>

#include <selvedge/http/percent_encoding.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

namespace selvedge::codec {

namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 3986, 3.2.2: the address within the brackets.
bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> address{};
  // inet_pton would see what is in front of a NUL.
  if (text.size() >= address.size() || text.find('\0') != text.npos) return false;
  std::copy(text.begin(), text.end(), address.begin());
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, address.data(), &ignored) == 1;
}

bool is_port(std::string_view text) {
  constexpr unsigned kMost = 65535;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  return text.empty() || (is_number && text.size() <= 5 && port <= kMost);
}

bool is_path(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') return false;
    if (path[i] != '%') continue;
    const std::optional<char> byte = http::encoded_byte(path.substr(i));
    if (!byte || *byte == '\0') return false;
  }
  return true;
}

} // namespace

bool is_authority(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  std::string_view host = text;
  std::string_view port;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    port = text.substr(end + 1);
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
  return port.front() == ':' && is_port(port.substr(1));
}

bool is_target(std::string_view text) {
  if (text == "*") return true;
  if (text.empty() || text.front() != '/') return false;
  constexpr std::string_view kNever = "#\"<>";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7f || kNever.find(c) != std::string_view::npos) return false;
  }
  return is_path(text.substr(0, text.find('?')));
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
