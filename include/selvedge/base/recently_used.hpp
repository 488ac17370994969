// Values by fingerprint, of which the least recently used is forgotten when there are too many.
// Thread: one at a time.
#pragma once

#include <selvedge/base/fingerprint.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <list>
#include <utility>

namespace selvedge::base {

template <typename Value> class RecentlyUsed {
public:
  explicit RecentlyUsed(std::size_t most) : most_(most) {}

  void put(const Fingerprint& print, Value value) {
    erase(print);
    if (entries_.size() >= most_) erase(entries_.back().first);
    entries_.emplace_front(print, std::move(value));
    places_.emplace(print, entries_.begin());
  }
  // Null: it is not known. Valid until the next put() or erase().
  const Value* find(const Fingerprint& print) {
    const auto found = places_.find(print);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }
  void erase(Fingerprint print) {
    const auto found = places_.find(print);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }

private:
  using Entry = std::pair<Fingerprint, Value>;
  const std::size_t most_;
  std::list<Entry> entries_; // the last used first
  boost::unordered_flat_map<Fingerprint, typename std::list<Entry>::iterator, FingerprintHash>
      places_;
};

} // namespace selvedge::base
