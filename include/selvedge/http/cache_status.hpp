// What became of a request in the cache: one enum, one word in log, metric and Cache-Status.
#pragma once

#include <cstdint>
#include <string_view>

namespace selvedge::http {

enum class CacheOutcome : std::uint8_t {
  none,        // not a request for the cache: admin, redirect, refused before lookup
  hit,         // a fresh stored response
  stale,       // a stored response past its freshness lifetime
  revalidated, // a stored response the origin confirmed with 304
  miss,        // fetched, for this request
  collapsed,   // fetched, for another request that came before
  pass,        // fetched, not for storing
  shed,        // refused for lack of capacity
  error,       // the origin failed
  synthetic,   // made here
};
inline constexpr std::uint8_t kCacheOutcomes = 10;

// "hit", "stale", ... as above.
std::string_view text_of(CacheOutcome outcome);

} // namespace selvedge::http
