// The texts that this node adds to answers, and the answers it makes by itself. Everything is
// written into the arena of the exchange.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/base/error.hpp>
#include <selvedge/http/cache_status.hpp>
#include <selvedge/http/status.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace selvedge::proxy {

// How an answer came about, for Cache-Status (RFC 9211).
struct CacheStatusParts {
  http::CacheOutcome outcome = http::CacheOutcome::none;
  std::string_view forward_reason; // the fwd parameter: "uri-miss", "stale", "bypass", "method"...
  http::Status forward_status = 0; // what the origin answered
  std::optional<std::chrono::seconds> ttl; // what is left of the lifetime; negative: stale
  bool is_stored = false;
  std::string_view detail; // a token: "stale-if-error", ...
};
std::string_view cache_status_text(std::string_view node, const CacheStatusParts& parts,
                                   base::Arena& arena);

// "selvedge; error=connection_timeout" (RFC 9209). It names no address.
std::string_view proxy_status_text(std::string_view node, base::Error error, base::Arena& arena);

http::Status status_of(base::Error error);

std::string_view number_text(std::int64_t number, base::Arena& arena);

// What a PURGE is answered: {"epoch":7,"matched":2}
std::string_view purge_content(std::uint64_t epoch, std::size_t matched, base::Arena& arena);

// "404 Not Found\n"
std::string_view error_content(http::Status status, base::Arena& arena);

} // namespace selvedge::proxy
