// What each owner holds of a store, how much of it is reserved, and so which lanes may be evicted
// from. Numbers that change meanwhile may be a response or two behind.
// Thread: any; what a response is counted for changes under the lock of its stripe.
#pragma once

#include <selvedge/cache/eviction_policy.hpp>

#include <algorithm>
#include <array>
#include <atomic>

namespace selvedge::cache {

class EvictionShares {
public:
  explicit EvictionShares(std::size_t size) : size_(size) {}

  void reserve(const std::array<double, kOwners>& shares) {
    for (std::size_t owner = 0; owner < kOwners; ++owner) {
      const double bytes = std::clamp(shares[owner], 0.0, 1.0) * static_cast<double>(size_);
      if (bytes >= 1) used_.fetch_or(bit_of(1 + owner), std::memory_order_relaxed);
      owners_[owner].reserved.store(static_cast<std::size_t>(bytes), std::memory_order_relaxed);
    }
  }

  // Requires: its policy has counted its bytes.
  void add(const StoredResponse& response) { of(response).add(response.eviction.bytes); }
  void remove(const StoredResponse& response) { of(response).remove(response.eviction.bytes); }
  void promote(const StoredResponse& response, Owner to) {
    remove(response);
    response.owner.store(to, std::memory_order_relaxed);
    add(response);
  }
  std::size_t held(std::size_t owner) const {
    return owners_[owner].held.load(std::memory_order_relaxed);
  }

  // Where it belongs: to what is common or live, when nothing is reserved for its owner.
  std::size_t lane_of(const StoredResponse& response) const {
    const Owner owner = response.owner.load(std::memory_order_relaxed);
    if (reserved(owner) > 0) return 1u + owner;
    return response.is_live() ? kLiveLane : kCommonLane;
  }
  // Something is in the lane of what is live, from now on.
  void note_lane(std::size_t lane) {
    if (lane == kLiveLane) used_.fetch_or(bit_of(kLiveLane), std::memory_order_relaxed);
  }
  // Those that may hold something.
  LaneSet lanes() const { return used_.load(std::memory_order_relaxed); }
  // Without those whose owners hold no more than is reserved for them.
  LaneSet open_lanes() const {
    LaneSet open = lanes();
    if (open == LaneSet(bit_of(kCommonLane))) return open;
    for (std::size_t owner = 0; owner < kOwners; ++owner) {
      if (held(owner) <= reserved(owner)) open.reset(1 + owner);
    }
    return open;
  }

private:
  struct Held {
    std::atomic<std::size_t> held{0};
    std::atomic<std::size_t> reserved{0};

    void add(std::size_t bytes) { held.fetch_add(bytes, std::memory_order_relaxed); }
    void remove(std::size_t bytes) { held.fetch_sub(bytes, std::memory_order_relaxed); }
  };
  static constexpr unsigned long bit_of(std::size_t lane) { return 1ul << lane; }
  Held& of(const StoredResponse& response) {
    return owners_[response.owner.load(std::memory_order_relaxed)];
  }
  std::size_t reserved(std::size_t owner) const {
    return owners_[owner].reserved.load(std::memory_order_relaxed);
  }

  const std::size_t size_;
  std::array<Held, kOwners> owners_;
  std::atomic<unsigned long> used_{bit_of(kCommonLane)};
};

} // namespace selvedge::cache
