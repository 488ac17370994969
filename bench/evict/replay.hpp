// Replays a trace through a cache and counts what it had not. Content is never made: a stored
// response is charged for bytes that only the trace knows about.
#pragma once

#include "trace.hpp"

#include <selvedge/cache/store.hpp>

#include <cstdint>

namespace selvedge::bench {

// What an object takes of the cache.
enum class Accounting : std::uint8_t {
  content, // its size in the trace, nothing else: comparable with other simulators
  real,    // what the node holds for it: blocks of content, a head, the index; the store's slack
};

struct ReplayOptions {
  std::uint64_t capacity = 0;   // bytes
  std::uint64_t max_object = 0; // bytes; larger ones are not stored
  Accounting accounting = Accounting::content;
  cache::Store::Options store; // but for its size
};

struct Misses {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
};

// Through the store, as the proxy uses it: find, and insert after a miss. A request whose size is
// not that of the stored response asks for a newer version: that is a miss, and replaces it.
Misses replay(const Trace& trace, const ReplayOptions& options);
// Through an exact LRU list over all objects, by their size in the trace: what the tables of the
// literature call LRU, so that the rest of this program can be checked against them.
Misses replay_exact_lru(const Trace& trace, std::uint64_t capacity);

} // namespace selvedge::bench
