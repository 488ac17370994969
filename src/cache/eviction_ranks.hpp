// The least rank in each stripe's lanes, in few cache lines: who makes room reads all of them.
// Thread: any, but a rank is published under the lock of its stripe.
#pragma once

#include <selvedge/cache/eviction_policy.hpp>

#include <algorithm>
#include <atomic>
#include <memory>

namespace selvedge::cache {

// The stripe and lane whose candidate has the least rank, as far as ranks are known, and the rank
// that it may have at most: that of the next one's.
struct EvictionTurn {
  std::size_t stripe;
  std::size_t lane;
  double most;
};

class EvictionRanks {
public:
  // Requires: a power of two.
  explicit EvictionRanks(std::size_t stripes)
      : stripes_(stripes), ranks_(std::make_unique<std::atomic<double>[]>(stripes * kLanes)) {
    for (std::size_t i = 0; i < stripes * kLanes; ++i) {
      ranks_[i].store(EvictionCandidate::kNoRank, std::memory_order_relaxed);
    }
  }

  void publish(std::size_t stripe, std::size_t lane, double rank) {
    std::atomic<double>& published = ranks_[lane * stripes_ + stripe];
    // Read first: a line that is not written stays shared between the cores.
    if (published.load(std::memory_order_relaxed) != rank) {
      published.store(rank, std::memory_order_relaxed);
    }
  }

  // Of equals the first; where nothing is known to be stored, the stripe at `start` itself.
  EvictionTurn next(std::size_t start, const LaneSet& lanes) const {
    EvictionTurn turn{start & (stripes_ - 1), kCommonLane, EvictionCandidate::kNoRank};
    double least = EvictionCandidate::kNoRank;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!lanes.test(lane)) continue;
      for (std::size_t i = 0; i < std::min(stripes_, kMaxCompared); ++i) {
        const std::size_t at = (start + i) & (stripes_ - 1);
        const double rank = ranks_[lane * stripes_ + at].load(std::memory_order_relaxed);
        if (rank < least) {
          turn = {at, lane, least};
          least = rank;
        } else if (rank < turn.most) {
          turn.most = rank;
        }
      }
    }
    return turn;
  }

private:
  static constexpr std::size_t kMaxCompared = 64; // of the stripes

  const std::size_t stripes_;
  std::unique_ptr<std::atomic<double>[]> ranks_; // lane by lane
};

} // namespace selvedge::cache
