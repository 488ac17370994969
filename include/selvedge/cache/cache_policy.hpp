// What the configuration of a route says about caching.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/http/field.hpp>
#include <selvedge/http/status.hpp>

#include <cstdint>
#include <vector>

namespace selvedge::cache {

// A lifetime for a status, or for a class of them, where the origin gives none.
struct StatusLifetime {
  http::Status status = 0; // 404, or 5 for 5xx
  base::Seconds lifetime{0};
};

// RFC 9111, 7.3 warns of stored cookies and leaves the choice to the cache.
enum class CookieRule : std::uint8_t {
  bypass, // a response with Set-Cookie is not stored, unless it says public
  strip,  // Set-Cookie is taken away from every answer to GET and HEAD
  store,  // it is stored and replayed like any field
};

std::vector<http::FieldName> default_control_fields();

struct CachePolicy {
  bool enabled = true;
  bool clients_may_revalidate = true; // obey no-cache, max-age and min-fresh of requests
  base::Seconds default_lifetime{0}; // where the origin gave none; 0: such a response is not stored
  std::uint32_t heuristic_percent = 10; // of the time since Last-Modified (RFC 9111, 4.2.2)
  base::Seconds heuristic_limit{24 * 3600};
  std::vector<StatusLifetime> status_lifetimes{}; // before the two above; a status before its class
  base::Seconds stale_while_revalidate{0}; // where the response says nothing (RFC 9111, 4.2.4)
  base::Seconds stale_if_error{3600};
  CookieRule set_cookie = CookieRule::bypass;
  // Before Cache-Control, the most specific first (RFC 9213, 2.2).
  std::vector<http::FieldName> control_fields = default_control_fields();
  std::uint64_t max_object = 64u << 20; // bytes; larger responses pass
};

} // namespace selvedge::cache
