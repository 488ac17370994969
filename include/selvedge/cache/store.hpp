// The memory cache: stored responses by key, in lock stripes, within a limit in bytes that counts
// everything held for an object. A lookup takes one lock for a few memory operations.
// Thread: any.
#pragma once

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/eviction_policy.hpp>
#include <selvedge/cache/stored_response.hpp>

#include <memory>
#include <vector>

namespace selvedge::cache {

class Store {
public:
  struct Options {
    std::size_t size = 256u << 20; // bytes
    std::size_t stripes = 64;      // a power of two
    std::size_t max_variants = 32; // of one key; the oldest goes
    Eviction eviction = Eviction::lru;
  };
  explicit Store(const Options& options);
  ~Store();

  // The variant that this request selects, marked as used; null when there is none. Fresh or not is
  // for decide() to say.
  StoredResponsePtr find(const CacheKey& key, const http::RequestHead& request);
  // Every variant of the key, for those who want to look at it.
  std::vector<StoredResponsePtr> variants(const CacheKey& key);
  // Replaces the stored response with the same key and vary text, and a pass marker of the key,
  // then makes room. A response larger than the limit is dropped. Requires: its body is complete,
  // or it is a pass marker.
  void insert(boost::intrusive_ptr<StoredResponse> response);
  // Removes every variant of the key. Returns how many there were.
  std::size_t remove(const CacheKey& key);
  void clear();
  // Evicts until the ledger is within the limit, or there is nothing left to evict.
  void make_room();
  // A body that will be stored is charged to this.
  MemoryLedger& ledger() { return ledger_; }

  struct Stats {
    std::size_t objects = 0;
    std::size_t bytes = 0; // of the ledger: stored, in flight, and evicted but still being read
    std::size_t limit = 0;
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;
    std::uint64_t removals = 0;
  };
  Stats stats() const;

private:
  struct Stripe;
  Stripe& stripe_of(const base::Fingerprint& print);
  void make_room(StoredResponsePtr spared);
  bool evict_one(Stripe& stripe, const StoredResponse* spared);

  const Options options_;
  const std::size_t room_; // of the size, for what is accounted
  MemoryLedger ledger_;
  std::unique_ptr<Stripe[]> stripes_;
  std::atomic<std::size_t> next_victim_stripe_{0};
};

} // namespace selvedge::cache
