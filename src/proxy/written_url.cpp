#include "written_url.hpp"

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/codec/request_check.hpp>

namespace selvedge::proxy {

namespace {

// RFC 3986, 3.1: a scheme at the beginning.
bool has_scheme(std::string_view reference) {
  const std::size_t colon = reference.find(':');
  return colon != std::string_view::npos && colon < reference.find_first_of("/?#");
}

std::string origin_of(std::string_view scheme, std::string_view authority) {
  base::Arena arena;
  std::string origin(cache::make_cache_key(scheme, authority, "/", arena).text);
  origin.pop_back(); // the path
  return origin;
}

} // namespace

std::string written_origin(const http::RequestHead& request) {
  return origin_of(request.scheme, request.authority);
}

// RFC 3986, 5.2.2.
std::optional<std::string> same_origin_url(const http::RequestHead& request,
                                           std::string_view reference) {
  reference = http::trim(reference);
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return std::nullopt;
  const std::string origin = written_origin(request);
  std::string url(reference);
  if (reference.starts_with("//")) {
    url.insert(0, std::string(request.scheme) + ":");
  } else if (!has_scheme(reference)) {
    std::string target;
    const std::string_view path = request.path();
    if (reference.front() == '?') {
      target = path;
    } else if (reference.front() != '/') {
      target = path.substr(0, path.rfind('/') + 1);
    }
    url = origin + target + url;
  }
  const auto parts = codec::parse_absolute_target(url);
  if (!parts || origin_of(parts->scheme, parts->authority) != origin) return std::nullopt;
  base::Arena arena;
  return origin + std::string(cache::normal_path(parts->target, arena));
}

} // namespace selvedge::proxy
