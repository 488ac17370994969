// A first-in first-out queue of stored responses, linked through the responses themselves, that
// knows its length and its bytes. LRU and S3-FIFO are made of these. Thread: under the lock of the
// stripe.
#pragma once

#include <selvedge/cache/eviction_policy.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/parent_from_member.hpp>

namespace selvedge::cache {

class EvictionQueue {
public:
  // Requires: `shared`, whose clock this advances, outlives the queue.
  explicit EvictionQueue(EvictionShared& shared) : shared_(shared) {}

  void push_newest(const StoredResponse& response) {
    response.moment.store(shared_.clock.fetch_add(1, std::memory_order_relaxed),
                          std::memory_order_relaxed);
    list_.push_front(response.eviction);
    bytes_ += response.eviction.bytes;
    ++count_;
  }
  void remove(const StoredResponse& response) {
    list_.erase(list_.iterator_to(response.eviction));
    bytes_ -= response.eviction.bytes;
    --count_;
  }
  // Requires: not empty.
  const StoredResponse& oldest() const {
    return *boost::intrusive::get_parent_from_member(&list_.back(), &StoredResponse::eviction);
  }
  // The oldest as a candidate, unless that is `spared` or the queue is empty.
  EvictionCandidate candidate(const StoredResponse* spared) const {
    if (empty() || &oldest() == spared) return {};
    return {&oldest(), oldest_moment()};
  }
  // Requires: not empty.
  double oldest_moment() const { return oldest().moment.load(std::memory_order_relaxed); }
  bool empty() const { return list_.empty(); }
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return bytes_; }

private:
  using State = StoredResponse::EvictionState;
  using Hook =
      boost::intrusive::member_hook<State, boost::intrusive::list_member_hook<>, &State::hook>;
  EvictionShared& shared_;
  boost::intrusive::list<State, Hook, boost::intrusive::constant_time_size<false>> list_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace selvedge::cache
