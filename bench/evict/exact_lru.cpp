#include "replay.hpp"

#include <list>
#include <vector>

namespace selvedge::bench {

namespace {

class ExactLru {
public:
  ExactLru(std::size_t objects, std::uint64_t capacity) : places_(objects), capacity_(capacity) {}

  bool has(const TraceRequest& request) const {
    const Place& place = places_[request.object];
    return place.is_stored && place.bytes == request.bytes;
  }
  // Requires: it is stored.
  void touch(std::uint32_t object) {
    recency_.splice(recency_.begin(), recency_, places_[object].at);
  }
  void insert(const TraceRequest& request) {
    if (places_[request.object].is_stored) remove(request.object);
    if (request.bytes > capacity_) return;
    while (held_ + request.bytes > capacity_) remove(recency_.back());
    recency_.push_front(request.object);
    places_[request.object] = {recency_.begin(), request.bytes, true};
    held_ += request.bytes;
  }

private:
  struct Place {
    std::list<std::uint32_t>::iterator at;
    std::uint64_t bytes = 0;
    bool is_stored = false;
  };

  void remove(std::uint32_t object) {
    Place& place = places_[object];
    recency_.erase(place.at);
    held_ -= place.bytes;
    place.is_stored = false;
  }

  std::vector<Place> places_;
  std::list<std::uint32_t> recency_; // the most recent first
  const std::uint64_t capacity_;
  std::uint64_t held_ = 0;
};

} // namespace

Misses replay_exact_lru(const Trace& trace, std::uint64_t capacity) {
  ExactLru lru(trace.objects.size(), capacity);
  Misses misses;
  for (const TraceRequest& request : trace.requests) {
    if (lru.has(request)) {
      lru.touch(request.object);
      continue;
    }
    ++misses.requests;
    misses.bytes += request.bytes;
    lru.insert(request);
  }
  return misses;
}

} // namespace selvedge::bench
