// S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023). A new
// response enters a small queue; one that was used twice before it came to the tail moves to the
// main queue, the others leave and only their fingerprint is kept for a while. What returns in that
// time enters the main queue at once. Most objects are asked for once: they never displace the
// others.
#include "eviction_policies.hpp"
#include "eviction_queue.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <deque>

namespace selvedge::cache {

namespace {

constexpr std::uint8_t kSmall = 0;
constexpr std::uint8_t kMain = 1;
constexpr std::uint8_t kMostVisits = 3;
constexpr std::uint8_t kVisitsForMain = 2;
constexpr std::size_t kSmallShare = 10; // one part in so many, of the bytes
// A stripe of few responses remembers this many still: small stores have such stripes.
constexpr std::size_t kLeastGhosts = 16;
// How many moves one candidate() makes before it takes a tail as it is: the stripe's lock is held.
constexpr int kMaxMoves = 256;

// Fingerprints of what left the small queue, the most recent ones.
class Ghost {
public:
  void add(const base::Fingerprint& print, std::size_t most) {
    order_.push_back({print, ++last_});
    entries_[print] = last_;
    while (order_.size() > most) forget_oldest();
  }

  // True, once, for a fingerprint that is remembered.
  bool take(const base::Fingerprint& print) { return entries_.erase(print) == 1; }

private:
  struct Entry {
    base::Fingerprint print;
    std::uint64_t number;
  };

  void forget_oldest() {
    const Entry oldest = order_.front();
    order_.pop_front();
    // The same fingerprint may have been added again since; then the later entry decides.
    const auto found = entries_.find(oldest.print);
    if (found != entries_.end() && found->second == oldest.number) entries_.erase(found);
  }

  std::deque<Entry> order_;
  boost::unordered_flat_map<base::Fingerprint, std::uint64_t, base::FingerprintHash> entries_;
  std::uint64_t last_ = 0;
};

class S3Fifo final : public EvictionPolicy {
public:
  S3Fifo(std::size_t lane, EvictionShared& shared)
      : bytes_(shared.queues[lane]), small_(shared), main_(shared) {}

  void on_insert(const StoredResponse& response) override {
    response.eviction.bytes = response.held_bytes();
    push(response, ghost_.take(response.print()) ? kMain : kSmall);
  }

  void on_hit(const StoredResponse& response) override {
    const std::uint8_t visits = response.visits.load(std::memory_order_relaxed);
    if (visits < kMostVisits) {
      response.visits.store(static_cast<std::uint8_t>(visits + 1), std::memory_order_relaxed);
    }
  }

  void on_remove(const StoredResponse& response) override { pull(response); }

  void on_evict(const StoredResponse& response) override {
    if (response.eviction.queue == kSmall) {
      // As many as there are responses here: once the cache is full that is the main queue.
      ghost_.add(response.print(), std::max(small_.count() + main_.count(), kLeastGhosts));
    }
    pull(response);
  }

  EvictionCandidate candidate(const StoredResponse* spared) override {
    int moves = 0;
    // What is spared came last, so it is the oldest only when it is alone.
    while (small_is_due() && &small_.oldest() != spared) {
      const StoredResponse& oldest = small_.oldest();
      const bool was_used = oldest.visits.load(std::memory_order_relaxed) >= kVisitsForMain;
      if (!was_used || ++moves > kMaxMoves) return small_.candidate(spared);
      pull(oldest);
      oldest.visits.store(0, std::memory_order_relaxed);
      push(oldest, kMain);
    }
    return main_candidate(spared, moves);
  }

  double least_rank() const override {
    if (small_is_due()) return small_.oldest_moment();
    return main_.empty() ? EvictionCandidate::kNoRank : main_.oldest_moment();
  }

private:
  EvictionQueue& queue_of(std::uint8_t queue) { return queue == kMain ? main_ : small_; }
  std::atomic<std::size_t>& bytes_of(std::uint8_t queue) {
    return queue == kMain ? bytes_.main_bytes : bytes_.small_bytes;
  }

  void push(const StoredResponse& response, std::uint8_t queue) {
    response.eviction.queue = queue;
    queue_of(queue).push_newest(response);
    bytes_of(queue).fetch_add(response.eviction.bytes, std::memory_order_relaxed);
  }

  void pull(const StoredResponse& response) {
    const std::uint8_t queue = response.eviction.queue;
    queue_of(queue).remove(response);
    bytes_of(queue).fetch_sub(response.eviction.bytes, std::memory_order_relaxed);
  }

  // The share is one of the whole store: a large response alone may be a tenth of its stripe, and
  // would go at once if that counted.
  bool small_is_due() const {
    if (small_.empty()) return false;
    if (main_.empty()) return true;
    const std::size_t small = bytes_.small_bytes.load(std::memory_order_relaxed);
    const std::size_t main = bytes_.main_bytes.load(std::memory_order_relaxed);
    return small * kSmallShare >= small + main;
  }

  // Each pass takes one visit off a response, and none can have more than kMostVisits.
  EvictionCandidate main_candidate(const StoredResponse* spared, int moves) {
    for (; !main_.empty() && moves < kMaxMoves; ++moves) {
      const StoredResponse& oldest = main_.oldest();
      const std::uint8_t visits = oldest.visits.load(std::memory_order_relaxed);
      if (visits == 0 && &oldest != spared) break;
      if (visits > 0) {
        oldest.visits.store(static_cast<std::uint8_t>(visits - 1), std::memory_order_relaxed);
      }
      main_.remove(oldest);
      main_.push_newest(oldest);
    }
    return main_.candidate(spared);
  }

  EvictionShared::Queues& bytes_; // of this lane in all stripes
  EvictionQueue small_;
  EvictionQueue main_;
  Ghost ghost_;
};

} // namespace

std::unique_ptr<EvictionPolicy> make_s3_fifo(std::size_t lane, EvictionShared& shared) {
  return std::make_unique<S3Fifo>(lane, shared);
}

} // namespace selvedge::cache
