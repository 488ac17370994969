#include "text_rules.hpp"

#include "units.hpp"

#include <selvedge/http/field.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace selvedge::config {
namespace {

bool is_all(std::string_view text, bool (*claim)(unsigned char)) {
  return std::all_of(text.begin(), text.end(),
                     [claim](char c) { return claim(static_cast<unsigned char>(c)); });
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && is_all(text, [](unsigned char c) {
    return c > 0x20 && c != 0x7F && c != '"' && c != '\'' && c != '\\';
  });
}

bool is_node_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::isalpha(static_cast<unsigned char>(text.front())) != 0 && http::is_token(text);
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.front() != '.' &&
         is_all(text, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
         });
}

bool is_v6_literal(std::string_view text) {
  return text.size() > 3 && text.front() == '[' && text.back() == ']' &&
         text.find(':') != std::string_view::npos &&
         is_all(text.substr(1, text.size() - 2),
                [](unsigned char c) { return std::isxdigit(c) != 0 || c == ':' || c == '.'; });
}

bool is_host(std::string_view text) {
  return is_host_name(text) || is_v6_literal(text);
}

bool is_port(std::string_view text, std::uint64_t least) {
  constexpr std::uint64_t kMost = 65535;
  const std::uint64_t port = parse_number(text).value_or(kMost + 1);
  return text.size() <= 5 && port >= least && port <= kMost;
}

bool is_listen_address(std::string_view text) {
  const std::string_view host = host_of(text);
  return (host.empty() || is_host(host)) && is_port(port_of(text), 0);
}

bool is_server_address(std::string_view text) {
  return is_host(host_of(text)) && is_port(port_of(text), 1);
}

bool is_host_pattern(std::string_view text) {
  if (text == "*") return true;
  if (text.substr(0, 2) == "*.") return is_host_name(text.substr(2));
  return is_host(text);
}

bool is_host_and_port(std::string_view text) {
  return is_host(text) || is_server_address(text);
}

bool is_account_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() != '-' &&
         is_all(text, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
         });
}

bool is_prefix(std::string_view text) {
  return !text.empty() && text.front() == '/' &&
         is_all(text, [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '?' && c != '#'; });
}

// How many bytes the UTF-8 character at the start of `text` has; 0 when there is none (RFC 3629,
// 4).
std::size_t character_bytes(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (at(0) < 0x80) return 1;
  const std::size_t size = at(0) >= 0xF0 ? 4 : at(0) >= 0xE0 ? 3 : 2;
  if (at(0) < 0xC2 || at(0) > 0xF4 || text.size() < size) return 0;
  const bool is_overlong = (at(0) == 0xE0 && at(1) < 0xA0) || (at(0) == 0xF0 && at(1) < 0x90);
  const bool is_surrogate = at(0) == 0xED && at(1) >= 0xA0;
  const bool is_too_large = at(0) == 0xF4 && at(1) >= 0x90;
  if (is_overlong || is_surrogate || is_too_large) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

} // namespace

const TextRule kName{"a name without spaces and quotes", is_name, R"(^[^\s"'\\]{1,128}$)"};
const TextRule kNodeName{"a token that starts with a letter", is_node_name,
                         R"(^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,63}$)"};
const TextRule kListenAddress{"an address such as 127.0.0.1:8080, [::1]:8080 or :8080",
                              is_listen_address,
                              R"(^([A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):[0-9]+$)"};
const TextRule kServerAddress{"an address such as 127.0.0.1:9000 or app.internal:80",
                              is_server_address,
                              R"(^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]+$)"};
const TextRule kHostPattern{"a host without a port, *.example.com or *", is_host_pattern,
                            R"(^(\*|(\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$)", true};
const TextRule kHostAndPort{"a host, with a port where it needs one", is_host_and_port,
                            R"(^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$)"};
const TextRule kAccountName{"the name of an account", is_account_name,
                            R"(^[A-Za-z0-9._][A-Za-z0-9._-]{0,31}$)"};
const TextRule kPrefix{"a path that starts with '/'", is_prefix, R"(^/[^\s?#]*$)"};

std::string_view host_of(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  return colon == std::string_view::npos ? address : address.substr(0, colon);
}

std::string_view port_of(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  return colon == std::string_view::npos ? std::string_view{} : address.substr(colon + 1);
}

bool is_loopback(std::string_view host) {
  const bool is_v4 = host.substr(0, 4) == "127." &&
                     is_all(host, [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
  return is_v4 || host == "[::1]" || host == "localhost";
}

std::size_t first_unprintable(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_control =
        (byte < 0x20 && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7F;
    const std::size_t bytes = is_control ? 0 : character_bytes(text.substr(i));
    if (bytes == 0) return i;
    i += bytes;
  }
  return std::string_view::npos;
}

} // namespace selvedge::config
