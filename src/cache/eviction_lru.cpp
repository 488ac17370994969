// LRU with one visited bit: a hit only marks, and a marked response that comes to the tail goes
// back to the head instead of out. Order is that of insertion or of the last second chance.
#include "eviction_policies.hpp"
#include "eviction_queue.hpp"

namespace selvedge::cache {

namespace {

// How many second chances one candidate() gives before it takes the tail as it is: the stripe's
// lock is held meanwhile.
constexpr int kMaxSecondChances = 128;

class Lru final : public EvictionPolicy {
public:
  explicit Lru(EvictionShared& shared) : queue_(shared) {}

  void on_insert(const StoredResponse& response) override {
    response.eviction.bytes = response.held_bytes();
    queue_.push_newest(response);
  }

  void on_hit(const StoredResponse& response) override {
    // Read first: a line that is not written stays shared between the cores.
    if (response.visits.load(std::memory_order_relaxed) == 0) {
      response.visits.store(1, std::memory_order_relaxed);
    }
  }

  void on_remove(const StoredResponse& response) override { queue_.remove(response); }
  void on_evict(const StoredResponse& response) override { queue_.remove(response); }

  EvictionCandidate candidate(const StoredResponse* spared) override {
    for (int chances = 0; !queue_.empty() && chances < kMaxSecondChances; ++chances) {
      const StoredResponse& oldest = queue_.oldest();
      if (oldest.visits.load(std::memory_order_relaxed) == 0 && &oldest != spared) break;
      oldest.visits.store(0, std::memory_order_relaxed);
      queue_.remove(oldest);
      queue_.push_newest(oldest);
    }
    return queue_.candidate(spared);
  }

  double least_rank() const override {
    return queue_.empty() ? EvictionCandidate::kNoRank : queue_.oldest_moment();
  }

private:
  EvictionQueue queue_;
};

} // namespace

std::unique_ptr<EvictionPolicy> make_lru(EvictionShared& shared) {
  return std::make_unique<Lru>(shared);
}

std::unique_ptr<EvictionPolicy> make_eviction_policy(const EvictionOptions& options,
                                                     EvictionShared& shared) {
  switch (options.kind) {
  case Eviction::s3_fifo:
    return make_s3_fifo(options.lane, shared);
  case Eviction::gdsf:
    return make_gdsf(options.size_exponent, shared);
  case Eviction::lru:
    break;
  }
  return make_lru(shared);
}

} // namespace selvedge::cache
