// The rules of RFC 9111 as pure functions: may this response be stored, and may it answer this
// request now. No I/O, no locks, no clock.
#pragma once

#include <selvedge/cache/stored_response.hpp>
#include <selvedge/http/cache_status.hpp>
#include <selvedge/http/head.hpp>

namespace selvedge::cache {

// What a route's configuration says about caching.
struct CachePolicy {
  bool enabled = true;
  bool clients_may_revalidate = false; // obey Cache-Control: no-cache and max-age=0 of requests
  base::Seconds default_lifetime{0}; // where the origin gave none; 0: such a response is not stored
  std::uint64_t max_object = 64u << 20; // bytes; larger responses pass
};

enum class Action : std::uint8_t {
  serve,
  serve_stale_and_revalidate,
  revalidate, // ask the origin with the stored validator
  fetch,
  pass,       // fetch, and do not store the answer
  answer_504, // only-if-cached and nothing to serve (RFC 9111, 5.2.1.7)
};

struct CacheDecision {
  Action action = Action::fetch;
  std::string_view reason; // a fixed text for logs and `explain`: "fresh", "request no-store", ...
  base::Seconds age{0};    // of the stored response, for Age and Cache-Status
  base::Seconds ttl{0};    // what is left of its lifetime; negative: stale for so long
};

// Requires: `stored` is null or selected by the request (see selects()).
CacheDecision decide(const http::RequestHead& request, const StoredResponse* stored,
                     base::Instant now, const CachePolicy& policy);

struct StoreDecision {
  bool may_store = false;
  std::string_view reason; // "no explicit lifetime", "private", ...
  Freshness freshness;     // filled also where it may not be stored
};

// `requested` is when the request was sent, `received` when the head arrived (RFC 9111, 4.2.3).
StoreDecision decide_store(const http::RequestHead& request, const http::ResponseHead& response,
                           base::Instant requested, base::Instant received,
                           const CachePolicy& policy);

} // namespace selvedge::cache
