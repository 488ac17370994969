#include <selvedge/http/head.hpp>

namespace selvedge::http {

std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return authority;
  if (authority.find(']', colon) != std::string_view::npos) return authority; // within the brackets
  const std::string_view port = authority.substr(colon + 1);
  const bool is_default = port.empty() || (equals_ignoring_case(scheme, "http") && port == "80") ||
                          (equals_ignoring_case(scheme, "https") && port == "443");
  return is_default ? authority.substr(0, colon) : authority;
}

std::string_view text_of(Version version) {
  switch (version) {
  case Version::http_1_0:
    return "1.0";
  case Version::http_1_1:
    return "1.1";
  case Version::http_2:
    return "2";
  }
  return "";
}

} // namespace selvedge::http
