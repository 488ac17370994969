// The eviction policies of one stripe, a policy for each lane that was ever used in it.
// Thread: under the lock of the stripe.
#pragma once

#include <selvedge/cache/eviction_policy.hpp>

#include <array>
#include <memory>

namespace selvedge::cache {

class EvictionLanes {
public:
  // Requires: `shared` outlives it.
  EvictionLanes(const EvictionOptions& options, EvictionShared& shared)
      : options_(options), shared_(shared) {
    lanes_[kCommonLane] = make_eviction_policy(options_, shared_);
  }

  void insert(const StoredResponse& response, std::size_t lane) {
    if (lanes_[lane] == nullptr) {
      EvictionOptions options = options_;
      options.lane = lane;
      lanes_[lane] = make_eviction_policy(options, shared_);
    }
    response.eviction.lane = static_cast<std::uint8_t>(lane);
    lanes_[lane]->on_insert(response);
  }
  void hit(const StoredResponse& response) { lanes_[kCommonLane]->on_hit(response); }
  void remove(const StoredResponse& response) { lane_of(response).on_remove(response); }
  void evict(const StoredResponse& response) { lane_of(response).on_evict(response); }
  EvictionCandidate candidate(std::size_t lane, const StoredResponse* spared) {
    return lanes_[lane] == nullptr ? EvictionCandidate() : lanes_[lane]->candidate(spared);
  }
  double least_rank(std::size_t lane) const {
    return lanes_[lane] == nullptr ? EvictionCandidate::kNoRank : lanes_[lane]->least_rank();
  }

private:
  EvictionPolicy& lane_of(const StoredResponse& response) {
    return *lanes_[response.eviction.lane];
  }

  const EvictionOptions options_;
  EvictionShared& shared_;
  std::array<std::unique_ptr<EvictionPolicy>, kLanes> lanes_;
};

} // namespace selvedge::cache
