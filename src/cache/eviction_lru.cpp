// LRU with one visited bit: a hit only marks, and a marked response that comes to the tail goes
// back to the head instead of out. Order is that of insertion or of the last second chance.
#include "eviction_policies.hpp"
#include "eviction_queue.hpp"

namespace selvedge::cache {

namespace {

// How many second chances one victim() gives before it takes the tail as it is: the stripe's lock
// is held meanwhile.
constexpr int kMaxSecondChances = 128;

class Lru final : public EvictionPolicy {
public:
  void on_insert(const StoredResponse& response) override {
    response.eviction.bytes = response.held_bytes();
    response.visits.store(0, std::memory_order_relaxed);
    queue_.push_newest(response);
  }

  void on_hit(const StoredResponse& response) override {
    // Read first: a line that is not written stays shared between the cores.
    if (response.visits.load(std::memory_order_relaxed) == 0) {
      response.visits.store(1, std::memory_order_relaxed);
    }
  }

  void on_remove(const StoredResponse& response) override { queue_.remove(response); }

  const StoredResponse* victim() override {
    if (queue_.empty()) return nullptr;
    for (int chances = 0; chances < kMaxSecondChances; ++chances) {
      const StoredResponse& oldest = queue_.oldest();
      if (oldest.visits.load(std::memory_order_relaxed) == 0) return &oldest;
      oldest.visits.store(0, std::memory_order_relaxed);
      queue_.remove(oldest);
      queue_.push_newest(oldest);
    }
    return &queue_.oldest();
  }

private:
  EvictionQueue queue_;
};

} // namespace

std::unique_ptr<EvictionPolicy> make_lru() {
  return std::make_unique<Lru>();
}

std::unique_ptr<EvictionPolicy> make_eviction_policy(Eviction kind) {
  return kind == Eviction::s3_fifo ? make_s3_fifo() : make_lru();
}

} // namespace selvedge::cache
