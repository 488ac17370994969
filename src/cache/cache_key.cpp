#include <selvedge/cache/cache_key.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// The authority without a port that says what the scheme says anyway (RFC 9110, 4.2.3). A colon
// inside the brackets of an IPv6 address starts no port.
std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return authority;
  if (authority.find(']', colon) != std::string_view::npos) return authority;
  const std::string_view port = authority.substr(colon + 1);
  const bool is_default = port.empty() ||
                          (http::equals_ignoring_case(scheme, "http") && port == "80") ||
                          (http::equals_ignoring_case(scheme, "https") && port == "443");
  return is_default ? authority.substr(0, colon) : authority;
}

} // namespace

CacheKey make_cache_key(std::string_view scheme, std::string_view authority,
                        std::string_view target, base::Arena& arena) {
  constexpr std::string_view kAfterScheme = "://";
  authority = without_default_port(authority, scheme);
  const std::string_view empty_path = target.empty() || target.front() == '?' ? "/" : "";
  const std::size_t size =
      scheme.size() + kAfterScheme.size() + authority.size() + empty_path.size() + target.size();

  char* const text = static_cast<char*>(arena.allocate(size, 1));
  char* to = std::transform(scheme.begin(), scheme.end(), text, lower);
  to = std::copy(kAfterScheme.begin(), kAfterScheme.end(), to);
  to = std::transform(authority.begin(), authority.end(), to, lower);
  to = std::copy(empty_path.begin(), empty_path.end(), to);
  std::copy(target.begin(), target.end(), to);
  const std::string_view key{text, size};
  return {key, base::fingerprint(key)};
}

} // namespace selvedge::cache
