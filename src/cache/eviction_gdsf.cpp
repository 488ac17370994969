// GreedyDual-Size-Frequency (Cherkasova, "Improving WWW proxies performance with
// Greedy-Dual-Size-Frequency caching policy", HP Labs 1998): what goes is the response of the
// lowest
//
//   priority = inflation + frequency / bytes ^ exponent
//
// where inflation is the priority of what went last, as it was when the response was last asked
// for: so what is not asked for any more is overtaken. The heap is lazy. A hit only notes its
// frequency and the inflation, which can but raise the priority, so the priority in the heap is a
// lower bound; candidate() corrects it when such a response comes to the top.
//
// What was evicted and comes back is given three quarters of the frequency that it had: without
// that, a cache that is small for its traffic forgets what is popular before it can tell.
#include "eviction_policies.hpp"
#include "frequency_memory.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace selvedge::cache {

namespace {

// Children of a node in the heap: four are as long as a cache line.
constexpr std::size_t kArity = 4;
// How many priorities one candidate() corrects before it takes the lowest as it is: the stripe's
// lock is held meanwhile.
constexpr int kMaxCorrections = 128;
constexpr std::uint8_t kMostVisits = 255;

class Gdsf final : public EvictionPolicy {
public:
  Gdsf(double size_exponent, EvictionShared& shared) : exponent_(size_exponent), shared_(shared) {}

  void on_insert(const StoredResponse& response) override {
    response.eviction.bytes = response.held_bytes();
    const int remembered = memory_.take(response.print());
    const int visits = response.visits.load(std::memory_order_relaxed) + (remembered * 3 + 2) / 4;
    response.visits.store(static_cast<std::uint8_t>(std::min<int>(visits, kMostVisits)),
                          std::memory_order_relaxed);
    note_inflation(response);
    heap_.push_back({0, &response});
    settle(heap_.size() - 1, {priority_of(response), &response});
  }

  void on_hit(const StoredResponse& response) override {
    const std::uint8_t visits = response.visits.load(std::memory_order_relaxed);
    if (visits < kMostVisits) {
      response.visits.store(static_cast<std::uint8_t>(visits + 1), std::memory_order_relaxed);
    }
    note_inflation(response);
  }

  void on_remove(const StoredResponse& response) override {
    const std::size_t position = response.eviction.position;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (last.response != &response) settle(position, last);
  }

  void on_evict(const StoredResponse& response) override {
    raise_inflation(heap_[response.eviction.position].priority);
    memory_.add(response.print(), frequency_of(response), heap_.size());
    on_remove(response);
  }

  EvictionCandidate candidate(const StoredResponse* spared) override {
    bool is_put_off = false;
    for (int corrections = 0; !heap_.empty() && corrections < kMaxCorrections; ++corrections) {
      const Entry top = heap_.front();
      double priority = priority_of(*top.response);
      if (top.response == spared && !is_put_off) {
        is_put_off = true;
        priority = kNever;
      }
      if (priority <= top.priority) break;
      settle(0, {priority, top.response});
    }
    if (heap_.empty()) return {};
    const Entry lowest = heap_.front();
    if (is_put_off) settle(spared->eviction.position, {priority_of(*spared), spared});
    if (lowest.response == spared) return {};
    return {lowest.response, lowest.priority};
  }

  double least_rank() const override { return heap_.empty() ? kNever : heap_.front().priority; }

private:
  static constexpr double kNever = EvictionCandidate::kNoRank;

  struct Entry {
    double priority; // a lower bound: what it was when it was last looked at
    const StoredResponse* response;
  };

  static int frequency_of(const StoredResponse& response) {
    return 1 + response.visits.load(std::memory_order_relaxed);
  }

  double priority_of(const StoredResponse& response) const {
    const auto bytes = static_cast<double>(std::max<std::size_t>(response.eviction.bytes, 1));
    return response.moment.load(std::memory_order_relaxed) +
           frequency_of(response) * std::pow(bytes, -exponent_);
  }

  void note_inflation(const StoredResponse& response) const {
    const double now = shared_.clock.load(std::memory_order_relaxed);
    // Read first: a line that is not written stays shared between the cores.
    if (response.moment.load(std::memory_order_relaxed) != now) {
      response.moment.store(now, std::memory_order_relaxed);
    }
  }

  // Others may raise it at the same time: either value will do.
  void raise_inflation(double to) {
    if (to > shared_.clock.load(std::memory_order_relaxed)) {
      shared_.clock.store(to, std::memory_order_relaxed);
    }
  }

  // Puts the entry where it belongs, upward or downward of `at`, whose entry it replaces.
  void settle(std::size_t at, const Entry& entry) {
    while (at > 0 && entry.priority < heap_[(at - 1) / kArity].priority) {
      place(at, heap_[(at - 1) / kArity]);
      at = (at - 1) / kArity;
    }
    for (std::size_t child = lowest_child(at); child < heap_.size(); child = lowest_child(at)) {
      if (heap_[child].priority >= entry.priority) break;
      place(at, heap_[child]);
      at = child;
    }
    place(at, entry);
  }

  // Of the children of `at`; beyond the heap when it has none.
  std::size_t lowest_child(std::size_t at) const {
    const std::size_t first = at * kArity + 1;
    const std::size_t end = std::min(first + kArity, heap_.size());
    std::size_t lowest = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child].priority < heap_[lowest].priority) lowest = child;
    }
    return lowest;
  }

  void place(std::size_t at, const Entry& entry) {
    heap_[at] = entry;
    entry.response->eviction.position = static_cast<std::uint32_t>(at);
  }

  const double exponent_;
  EvictionShared& shared_;
  std::vector<Entry> heap_; // each node's priority is at most that of its children
  FrequencyMemory memory_;
};

} // namespace

std::unique_ptr<EvictionPolicy> make_gdsf(double size_exponent, EvictionShared& shared) {
  return std::make_unique<Gdsf>(size_exponent, shared);
}

} // namespace selvedge::cache
