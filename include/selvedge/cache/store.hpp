// The memory cache: stored responses by key, in lock stripes, within a limit in bytes that counts
// everything held for an object. A lookup takes one lock for a few memory operations.
// Thread: any.
#pragma once

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/content_index.hpp>
#include <selvedge/cache/eviction_policy.hpp>
#include <selvedge/cache/stored_response.hpp>

#include <array>
#include <memory>
#include <span>
#include <vector>

namespace selvedge::cache {

class EvictionRanks;
class EvictionShares;
struct EvictionTurn;

// Which codings a request takes.
struct TakenCodings {
  std::array<std::uint8_t, kCodings> ranks{1}; // 0: not that one; of others the greatest is best
  const ContentDigest* dictionary = nullptr;   // that the client has

  std::uint8_t rank_of(const StoredResponse& stored) const;
  std::uint8_t best() const;
};

// Of those that a request selects, most recent first: RFC 9111, 4.1 means the most recent content,
// and of that the coding that is taken best. Null: there is none.
const StoredResponse* best_variant(std::span<const StoredResponse* const> all,
                                   const TakenCodings& taken);

class Store {
public:
  struct Options {
    std::size_t size = 256u << 20;   // bytes
    std::size_t stripes = 64;        // a power of two
    std::size_t max_variants = 32;   // of one key; the oldest goes
    std::size_t max_differences = 8; // of one key, beside those
    Eviction eviction = kDefaultEviction;
    double eviction_size_exponent = 1.0; // GDSF's: see EvictionOptions
  };
  explicit Store(const Options& options);
  ~Store();

  // The variant that this request selects, marked as used; null when there is none, or when it was
  // purged (then it goes). Fresh or not is for decide() to say. Partial responses are not found.
  // When it is asked for on behalf of somebody more important than its owner, it becomes theirs. Of
  // several codings the one that is taken best; by default what came from the origin.
  StoredResponsePtr find(const CacheKey& key, const http::RequestHead& request,
                         Owner owner = kLeastOwner, const TakenCodings& taken = {});
  // The partial responses of the key that this request selects, most recent first.
  std::vector<StoredResponsePtr> find_partial(const CacheKey& key,
                                              const http::RequestHead& request);
  // Every variant of the key that was not purged, for those who want to look at it.
  std::vector<StoredResponsePtr> variants(const CacheKey& key);
  // Replaces the stored response with the same key, vary text and content range (a complete one
  // also every partial one of that vary text, and what was made of other content), and a pass
  // marker of the key, then makes room. It
  // belongs to the most important of its owner and those of what it replaces. Does nothing for a
  // response that was purged since its birth. A response larger than the limit is dropped.
  // Requires: its body is complete, or it is a pass marker.
  void insert(boost::intrusive_ptr<StoredResponse> response);
  // Removes every variant of the key. Returns how many could have been found, without pass markers.
  std::size_t remove(const CacheKey& key);
  // A soft purge of every variant of the key. Returns how many there are, without pass markers.
  std::size_t mark_stale(const CacheKey& key);
  // Removes one response, if it is still there, and what was made of it.
  void remove(const StoredResponse& response);
  void clear();
  // Evicts until the ledger is within the limit, or there is nothing left to evict.
  void make_room();
  // Shares of the size that are the owners' own: what an owner holds within its share is evicted
  // only when all that is held is within somebody's. What is over its share goes by the policy's
  // order. Takes effect as room is made.
  using Shares = std::array<double, kOwners>;
  void set_reserved(const Shares& shares);
  // More is held than there is room for, though nothing more can be evicted: fills and readers have
  // it.
  bool is_over_limit() const { return ledger_.bytes() > room_; }
  // Whether there ever was a response that says which queries it answers: then a request that finds
  // nothing under its own key may find one under query_free_key().
  bool has_query_free() const { return has_query_free_.load(std::memory_order_relaxed); }
  // What was purged, and the epoch that responses are born in. It tells soft purged ones from
  // others: purges().standing(found->purge_state()).
  PurgeIndex& purges() { return purges_; }
  const PurgeIndex& purges() const { return purges_; }
  // A body that will be stored is charged to this.
  MemoryLedger& ledger() { return ledger_; }
  // What it has, by content: bodies that several responses share.
  ContentIndex& contents() { return contents_; }
  const ContentIndex& contents() const { return contents_; }

  struct Stats {
    std::size_t objects = 0;
    std::size_t bytes = 0; // of the ledger: stored, in flight, and evicted but still being read
    std::size_t limit = 0;
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;
    std::uint64_t removals = 0;
    std::array<std::size_t, kOwners> bytes_by_owner{}; // of what is stored
  };
  Stats stats() const;

private:
  struct Stripe;
  Stripe& stripe_of(const base::Fingerprint& print);
  // Calls `visit(stripe, stored)`, most recent first and under the lock, until it returns false,
  // for what this request selects and was not purged; what was purged goes.
  // Then `finish(stripe)`, likewise.
  template <typename Visit, typename Finish>
  void visit_selected(const CacheKey& key, const http::RequestHead& request, Visit visit,
                      Finish finish);
  template <typename Claim> void remove_if(const base::Fingerprint& print, Claim claim);
  void add(boost::intrusive_ptr<StoredResponse> response);
  // Spares what was just inserted as long as there is anything else.
  void make_room_for(StoredResponsePtr inserted);
  // Where what goes is looked for: what is live and what is within its owner's share is passed
  // over, only the latter, or nothing is.
  enum class Reach : std::uint8_t { not_live, above_shares, everything };
  void evict_for(const StoredResponse* spared, Reach reach);
  enum class Evicted : std::uint8_t { one, none, outranked, set_aside };
  Evicted evict_one(const EvictionTurn& turn, const LaneSet& open, const StoredResponse* spared);
  // Requires for the three: the stripe's lock is held.
  void let_go_of_live(Stripe& stripe);
  void set_aside(Stripe& stripe, const StoredResponse& response, std::size_t lane);
  void publish_rank(const Stripe& stripe, std::size_t lane, double rank);

  const Options options_;
  const std::size_t room_; // of the size, for what is accounted
  MemoryLedger ledger_;
  ContentIndex contents_; // outlives all bodies
  PurgeIndex purges_{&ledger_};
  EvictionShared eviction_shared_; // outlives the stripes
  std::unique_ptr<EvictionShares> shares_;
  std::unique_ptr<Stripe[]> stripes_;
  std::unique_ptr<EvictionRanks> ranks_;
  std::atomic<bool> has_query_free_{false};
  std::atomic<std::size_t> next_victim_stripe_{0};
};

} // namespace selvedge::cache
