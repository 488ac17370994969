// The rules of RFC 9111 as pure functions: may this response be stored, may it answer this request
// now, may it answer those who waited for it. No I/O, no locks, no clock.
#pragma once

#include <selvedge/cache/cache_policy.hpp>
#include <selvedge/cache/stored_response.hpp>
#include <selvedge/http/cache_control.hpp>
#include <selvedge/http/cache_status.hpp>
#include <selvedge/http/head.hpp>

namespace selvedge::cache {

enum class Action : std::uint8_t {
  serve, // stale where the client or a failing origin allows it: ttl tells
  serve_stale_and_revalidate,
  revalidate, // ask the origin with the stored validator
  fetch,
  fetch_alone, // fetch beside others: answers of this key were not for storing a moment ago
  pass,        // fetch, and do not store the answer
  answer_504,  // only-if-cached and nothing to serve (RFC 9111, 5.2.1.7)
};
std::string_view text_of(Action action); // "serve", "serve-stale-and-revalidate", ...

struct CacheDecision {
  Action action = Action::fetch;
  std::string_view reason; // a fixed text for logs and `explain`: "fresh", "request no-store", ...
  base::Seconds age{0};    // of the stored response, for Age and Cache-Status
  base::Seconds ttl{0};    // what is left of its lifetime; negative: stale for so long
  // The stored response may be used all the same when the origin cannot be reached or answers 500,
  // 502, 503 or 504 (RFC 9111, 4.2.4; RFC 5861, 4).
  bool may_serve_on_error = false;
  // The response is fresh, but the client wants the origin to be asked: Cache-Status says
  // fwd=request (RFC 9211, 2.2).
  bool is_client_demand = false;
};

// Requires: `stored` is null or selected by the request (see selects()). `standing` is what the
// PurgeIndex says of it: valid or soft_purged. `stale_for` is how long past its lifetime it may
// answer this request while it is validated, where it does not forbid that itself.
CacheDecision decide(const http::RequestHead& request, const StoredResponse* stored,
                     base::Instant now, const CachePolicy& policy,
                     Standing standing = Standing::valid, base::Seconds stale_for = {});

// Whether a request that came while this response was being fetched for another may have it: as
// much as one that comes now (RFC 9111, 4: collapsed requests). What the client demands of
// freshness does not matter: it waited for the origin.
bool may_collapse(const StoredResponse& response, base::Instant now);

struct StoreDecision {
  bool may_store = false;
  // What refused it lies in the request ("authorization"): other requests' answers may be stored.
  bool is_about_request = false;
  std::string_view reason; // "no explicit lifetime", "private", ...
  Freshness freshness;     // filled also where it may not be stored
};

// `requested` is when the request was sent, `received` when the head arrived (RFC 9111, 4.2.3).
// A 206 may be stored only as the part of a representation that its Content-Range names: that it
// has one is for the caller to see.
StoreDecision decide_store(const http::RequestHead& request, const http::ResponseHead& response,
                           base::Instant requested, base::Instant received,
                           const CachePolicy& policy);

// A field that the response lets be used once only, by the client it was made for: listed by
// private="..." or no-cache="..." (RFC 9111, 5.2.2.4 and 5.2.2.7).
bool is_for_one_client(const http::CacheControl& control, const http::Field& field);

} // namespace selvedge::cache
