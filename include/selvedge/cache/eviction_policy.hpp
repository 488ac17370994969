// Who goes when room is needed. Each stripe of the store owns one policy; every call is made
// under the lock of that stripe. An order within each stripe alone would be a poor one where a
// stripe has few objects, so candidates have ranks that the store compares across its stripes.
#pragma once

#include <selvedge/cache/stored_response.hpp>

#include <array>
#include <atomic>
#include <bitset>
#include <limits>
#include <memory>

namespace selvedge::cache {

enum class Eviction : std::uint8_t { lru, s3_fifo, gdsf };
// The reasons are in bench/README.md, Hit ratio.
inline constexpr Eviction kDefaultEviction = Eviction::gdsf;

// A store keeps what it may evict in lanes: a common one, and one for each owner who has a share of
// the store reserved. Each stripe has a policy for each lane, so that what is not to go now need
// not be searched through.
inline constexpr std::size_t kCommonLane = 0;
inline constexpr std::size_t kLiveLane = 1 + kOwners; // of what is live, unless its owner has one
inline constexpr std::size_t kLanes = 2 + kOwners;
using LaneSet = std::bitset<kLanes>;

struct EvictionOptions {
  Eviction kind = kDefaultEviction;
  // GDSF: how much size counts. At 1 it makes the fewest misses, at 0 size does not count at all;
  // between them fewer bytes are missed for more misses.
  double size_exponent = 1.0;
  std::size_t lane = kCommonLane;
};

// What the policies of one store have in common. On a line of its own, because hits read the clock.
// Thread: any, relaxed.
struct alignas(64) EvictionShared {
  // LRU and S3-FIFO count what they put into their queues; for GDSF it is the inflation.
  std::atomic<double> clock{0};
  struct Queues {
    std::atomic<std::size_t> small_bytes{0}; // S3-FIFO: in all small queues
    std::atomic<std::size_t> main_bytes{0};  // and in all main queues
  };
  std::array<Queues, kLanes> queues; // by lane
};

// What a policy would evict next; of those of several stripes the one of the lowest rank should go.
struct EvictionCandidate {
  static constexpr double kNoRank = std::numeric_limits<double>::infinity();

  const StoredResponse* response = nullptr; // null: there is none
  double rank = kNoRank;
};

class EvictionPolicy {
public:
  virtual ~EvictionPolicy() = default;
  // `visits` of the response are those of the one that it replaces, or its own when it comes from
  // another policy, or 0.
  virtual void on_insert(const StoredResponse& response) = 0;
  // Of any policy of the store: hits touch the response alone.
  virtual void on_hit(const StoredResponse& response) = 0;
  virtual void on_remove(const StoredResponse& response) = 0;
  // Instead of on_remove(), for a candidate that goes because it is one.
  virtual void on_evict(const StoredResponse& response) = 0;
  // The response to evict next, other than `spared`, which was inserted last. Takes a bounded
  // number of steps, whatever was used meanwhile.
  virtual EvictionCandidate candidate(const StoredResponse* spared) = 0;
  // A lower bound of the candidate's rank that takes no search; kNoRank when there is nothing.
  virtual double least_rank() const = 0;
};

// LRU approximated with one visited bit and a second chance at the tail (moving a node at each hit
// would cost the hit path), S3-FIFO (Yang et al., SOSP 2023), or GDSF (Cherkasova, HP Labs 1998)
// with a heap that hits do not touch. Requires: `shared` outlives the policy.
std::unique_ptr<EvictionPolicy> make_eviction_policy(const EvictionOptions& options,
                                                     EvictionShared& shared);

} // namespace selvedge::cache
