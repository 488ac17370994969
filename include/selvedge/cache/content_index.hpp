// Bodies by the SHA-256 of their content, so that what several responses have in common is kept,
// and counted, once. It keeps no body alive. Thread: any.
#pragma once

#include <selvedge/cache/body.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <mutex>

namespace selvedge::cache {

class ContentIndex {
public:
  using Key = ContentDigest;

  // The body that has this content already; else `body`, which the next one is told about.
  // Its digest() is known from then on. Requires: it is complete, and the key is of its content.
  boost::intrusive_ptr<Body> shared(const Key& key, const boost::intrusive_ptr<Body>& body);
  std::size_t size() const;
  std::uint64_t found() const { return found_.load(std::memory_order_relaxed); } // instead of kept

private:
  friend void intrusive_ptr_release(Body* body);
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  void forget(const Body& body);

  std::atomic<std::uint64_t> found_{0};
  mutable std::mutex mutex_; // guards what follows
  boost::unordered_flat_map<Key, Body*, Hash> bodies_;
};

} // namespace selvedge::cache
