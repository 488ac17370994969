// Who goes when room is needed. Each stripe of the store owns one policy; every call is made
// under the lock of that stripe.
#pragma once

#include <selvedge/cache/stored_response.hpp>

#include <memory>

namespace selvedge::cache {

enum class Eviction : std::uint8_t { lru, s3_fifo };

class EvictionPolicy {
public:
  virtual ~EvictionPolicy() = default;
  virtual void on_insert(const StoredResponse& response) = 0;
  virtual void on_hit(const StoredResponse& response) = 0;
  virtual void on_remove(const StoredResponse& response) = 0;
  // The response to evict next, or null when there is none. It stays until on_remove().
  virtual const StoredResponse* victim() = 0;
};

// LRU approximated with one visited bit and a second chance at the tail (moving a node at each hit
// would cost the hit path), or S3-FIFO (Yang et al., SOSP 2023).
std::unique_ptr<EvictionPolicy> make_eviction_policy(Eviction kind);

} // namespace selvedge::cache
