// Lock rules: a stripe's mutex guards everything in it; at most one is held at a time; no stored
// response is destroyed under it, because that may free megabytes, and the purge index is not told
// of insertions and removals under it, because it has locks of its own. So whatever leaves the
// index is moved to a Removed, which is declared before the lock and outlives it. (To ask the
// purge index for a standing takes no lock.)
#include <selvedge/cache/store.hpp>

#include "eviction_lanes.hpp"
#include "eviction_ranks.hpp"
#include "eviction_shares.hpp"
#include "variants.hpp"
#include <selvedge/base/assert.hpp>

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

namespace selvedge::cache {

namespace {

// A sixteenth of the size is left for what the allocator holds beyond the blocks in use: slabs and
// pages that are partly empty (measured in bench/README.md, Memory).
constexpr std::size_t kSlack = 16;

// How often it may turn out that what is there has been used since and another stripe's is lower,
// before it goes all the same.
constexpr int kMaxOutranked = 8;
// How many may be moved to the lane of their owner, who became that after they were stored, or had
// nothing reserved then, before the one of the least rank goes, whoever has it.
constexpr int kMaxSetAside = 256;
// The same where only what is live is spared.
constexpr int kMaxLiveSetAside = 4096;

using Reference = boost::intrusive_ptr<StoredResponse>;
// Of one fingerprint, oldest first. All have the same key but for a collision of fingerprints.
using Variants = boost::container::small_vector<Reference, 1>;

// What left the index. When it goes, the receipts of purges do not count it any more.
class Removed {
public:
  explicit Removed(PurgeIndex& purges) : purges_(purges) {}
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;
  ~Removed() {
    for (const Reference& one : responses_) {
      if (!one->is_pass_marker()) purges_.note_removed(one->purge_state());
    }
  }
  void add(Reference response) { responses_.push_back(std::move(response)); }

private:
  PurgeIndex& purges_;
  boost::container::small_vector<Reference, 4> responses_;
};

} // namespace

// On a line of its own, so that the locks of neighbours do not disturb each other.
struct alignas(64) Store::Stripe {
  std::mutex mutex;
  boost::unordered_flat_map<base::Fingerprint, Variants, base::FingerprintHash> index;
  std::optional<EvictionLanes> lanes;
  EvictionShares* shares = nullptr; // the store's
  std::size_t objects = 0;
  std::uint64_t insertions = 0;
  std::uint64_t evictions = 0;
  std::uint64_t removals = 0;

  // Requires for all: the lock is held.
  void take_out(Variants& variants, std::size_t at, Removed& removed) {
    lanes->remove(*variants[at]);
    shares->remove(*variants[at]);
    let_go(variants, at, removed);
  }
  // Of what the lanes have let go.
  void let_go(Variants& variants, std::size_t at, Removed& removed) {
    removed.add(std::move(variants[at]));
    variants.erase(variants.begin() + static_cast<std::ptrdiff_t>(at));
    --objects;
  }
  // Those that `claim` picks. Returns how many.
  template <typename Claim>
  std::size_t take_out_all(Variants& variants, Claim claim, Removed& removed) {
    const std::size_t before = variants.size();
    for (std::size_t at = before; at-- > 0;) {
      if (claim(*variants[at])) take_out(variants, at, removed);
    }
    return before - variants.size();
  }
  // Clients have many versions, and each makes another difference of the same. What was asked for
  // least goes, the oldest of equals.
  std::size_t keep_differences(Variants& variants, std::size_t most, Removed& removed) {
    const auto is_difference = [](const Reference& one) { return one->dictionary() != nullptr; };
    const auto count = static_cast<std::size_t>(std::ranges::count_if(variants, is_difference));
    if (count <= most) return 0;
    const auto worth = [&is_difference](const Reference& one) {
      return is_difference(one) ? int{one->visits.load(std::memory_order_relaxed)}
                                : std::numeric_limits<int>::max();
    };
    const auto least = std::ranges::min_element(variants, {}, worth);
    take_out(variants, static_cast<std::size_t>(least - variants.begin()), removed);
    return 1;
  }
};

Store::Store(const Options& options)
    : options_(options), room_(options.size - options.size / kSlack),
      shares_(std::make_unique<EvictionShares>(options.size)),
      stripes_(std::make_unique<Stripe[]>(options.stripes)),
      ranks_(std::make_unique<EvictionRanks>(options.stripes)) {
  SELVEDGE_ASSERT(options.stripes > 0 && (options.stripes & (options.stripes - 1)) == 0);
  SELVEDGE_ASSERT(options.max_variants > 0 && options.max_differences > 0);
  for (std::size_t i = 0; i < options.stripes; ++i) {
    stripes_[i].lanes.emplace(
        EvictionOptions{.kind = options.eviction, .size_exponent = options.eviction_size_exponent},
        eviction_shared_);
    stripes_[i].shares = shares_.get();
  }
}

Store::~Store() {
  clear();
}

Store::Stripe& Store::stripe_of(const base::Fingerprint& print) {
  return stripes_[print.high & (options_.stripes - 1)]; // the index hashes by the other half
}

StoredResponsePtr Store::find(const CacheKey& key, const http::RequestHead& request, Owner owner,
                              const TakenCodings& taken) {
  StoredResponsePtr found;
  boost::container::small_vector<const StoredResponse*, 8> all; // that may be it
  const bool is_plain = taken.best() == taken.ranks[kAsItCame];
  visit_selected(
      key, request,
      [&](Stripe&, const StoredResponse& stored) {
        if (stored.is_partial() || taken.rank_of(stored) == 0) return true;
        all.push_back(&stored);
        return !(is_plain && stored.coding() == kAsItCame);
      },
      [&](Stripe& stripe) {
        const StoredResponse* const best = best_variant(all, taken);
        if (best == nullptr) return;
        stripe.lanes->hit(*best);
        // Its lane stays, until it would go: the one who asks does not wait for that.
        if (owner < best->owner.load(std::memory_order_relaxed)) shares_->promote(*best, owner);
        found.reset(best);
      });
  return found;
}

std::vector<StoredResponsePtr> Store::find_partial(const CacheKey& key,
                                                   const http::RequestHead& request) {
  std::vector<StoredResponsePtr> found;
  visit_selected(
      key, request,
      [&](Stripe& stripe, const StoredResponse& stored) {
        if (!stored.is_partial()) return true;
        stripe.lanes->hit(stored);
        found.emplace_back(&stored);
        return true;
      },
      [](Stripe&) {});
  return found;
}

// RFC 9111, 4.1: the most recent of those that match comes first.
template <typename Visit, typename Finish>
void Store::visit_selected(const CacheKey& key, const http::RequestHead& request, Visit visit,
                           Finish finish) {
  Removed purged(purges_);
  Stripe& stripe = stripe_of(key.print);
  const std::lock_guard lock(stripe.mutex);
  const auto slot = stripe.index.find(key.print);
  if (slot == stripe.index.end()) return;
  Variants& variants = slot->second;
  for (std::size_t at = variants.size(); at-- > 0;) {
    const StoredResponse& stored = *variants[at];
    if (stored.key() != key.text || !selects(stored, request)) continue;
    if (purges_.standing(stored.purge_state()) == Standing::purged) {
      stripe.take_out(variants, at, purged);
      ++stripe.removals;
    } else if (!visit(stripe, stored)) {
      break;
    }
  }
  finish(stripe);
  if (variants.empty()) stripe.index.erase(slot);
}

std::vector<StoredResponsePtr> Store::variants(const CacheKey& key) {
  std::vector<StoredResponsePtr> found;
  Stripe& stripe = stripe_of(key.print);
  const std::lock_guard lock(stripe.mutex);
  const auto slot = stripe.index.find(key.print);
  if (slot == stripe.index.end()) return found;
  for (const Reference& one : slot->second) {
    if (one->key() != key.text) continue;
    if (purges_.standing(one->purge_state()) != Standing::purged) found.emplace_back(one.get());
  }
  return found;
}

std::size_t Store::mark_stale(const CacheKey& key) {
  std::size_t marked = 0;
  for (const StoredResponsePtr& one : variants(key)) {
    PurgeIndex::mark_stale(one->purge_state());
    if (!one->is_pass_marker()) ++marked;
  }
  return marked;
}

void Store::insert(Reference response) {
  SELVEDGE_ASSERT(response->is_pass_marker() || response->body().state() == Body::State::complete);
  // It could only stay by driving out everything else, and would then still be too large.
  if (response->held_bytes() > room_) return;
  // Counted before its standing is asked for: so a purge either counts it or keeps it out.
  if (!response->is_pass_marker()) purges_.note_stored(response->purge_state());
  if (purges_.standing(response->purge_state()) == Standing::purged) {
    Removed(purges_).add(std::move(response));
    return;
  }
  if (is_query_free(response->vary())) has_query_free_.store(true, std::memory_order_relaxed);
  StoredResponsePtr inserted = response;
  add(std::move(response));
  make_room_for(std::move(inserted));
}

void Store::add(Reference response) {
  Removed removed(purges_);
  Stripe& stripe = stripe_of(response->print());
  const std::lock_guard lock(stripe.mutex);
  const base::Fingerprint print = response->print();
  Variants& variants = stripe.index[print];
  // What was made of something that was purged, or has changed, in the meantime is of no use.
  const bool is_orphan =
      response->coding() != kAsItCame && std::ranges::none_of(variants, [&](const Reference& one) {
        return is_source(*one, *response) &&
               purges_.standing(one->purge_state()) == Standing::valid;
      });
  if (is_orphan) {
    removed.add(std::move(response));
    if (variants.empty()) stripe.index.erase(print);
    return;
  }
  // What replaces another is as popular as that was, and nobody loses it by asking for another.
  std::uint8_t visits = 0;
  Owner owner = response->owner.load(std::memory_order_relaxed);
  const auto is_replaced = [&](const StoredResponse& old) {
    if (!replaces(*response, old)) return false;
    visits = std::max(visits, old.visits.load(std::memory_order_relaxed));
    owner = std::min(owner, old.owner.load(std::memory_order_relaxed));
    return true;
  };
  stripe.take_out_all(variants, is_replaced, removed);
  response->visits.store(visits, std::memory_order_relaxed);
  response->owner.store(owner, std::memory_order_relaxed);
  if (response->dictionary()) {
    stripe.evictions += stripe.keep_differences(variants, options_.max_differences - 1, removed);
  }
  const auto is_origins = [](const Reference& one) { return one->coding() == kAsItCame; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(variants, is_origins));
  if (count >= options_.max_variants && is_origins(response)) {
    // What is of no more use; else the oldest of those that were asked for least: who makes up
    // values of fields that Vary names drives out what was made up before.
    const base::Steady now = response->freshness().response_time;
    const auto worth = [now, is_origins](const Reference& one) {
      const bool is_fresh = one->freshness().age(now) < one->freshness().lifetime;
      const int asked = one->visits.load(std::memory_order_relaxed);
      constexpr int kMostVisits = 256;
      if (!is_origins(one)) return std::numeric_limits<int>::max();
      return one->is_pass_marker() || !is_fresh ? asked - kMostVisits : asked;
    };
    const Reference least = *std::ranges::min_element(variants, {}, worth);
    stripe.evictions += stripe.take_out_all(
        variants, [&](const StoredResponse& one) { return goes_with(one, *least); }, removed);
  }
  const std::size_t lane = shares_->lane_of(*response);
  shares_->note_lane(lane);
  stripe.lanes->insert(*response, lane);
  shares_->add(*response);
  publish_rank(stripe, lane, stripe.lanes->least_rank(lane));
  variants.push_back(std::move(response));
  ++stripe.objects;
  ++stripe.insertions;
}

std::size_t Store::remove(const CacheKey& key) {
  std::size_t found = 0;
  remove_if(key.print, [&](const StoredResponse& old) {
    if (old.key() != key.text) return false;
    const bool could_be_found = purges_.standing(old.purge_state()) != Standing::purged;
    if (could_be_found && !old.is_pass_marker()) ++found;
    return true;
  });
  return found;
}

void Store::remove(const StoredResponse& response) {
  remove_if(response.print(), [&](const StoredResponse& old) { return goes_with(old, response); });
}

template <typename Claim> void Store::remove_if(const base::Fingerprint& print, Claim claim) {
  Removed removed(purges_);
  Stripe& stripe = stripe_of(print);
  const std::lock_guard lock(stripe.mutex);
  const auto slot = stripe.index.find(print);
  if (slot == stripe.index.end()) return;
  stripe.removals += stripe.take_out_all(slot->second, claim, removed);
  if (slot->second.empty()) stripe.index.erase(slot);
}

void Store::clear() {
  for (std::size_t i = 0; i < options_.stripes; ++i) {
    Stripe& stripe = stripes_[i];
    Removed removed(purges_);
    const std::lock_guard lock(stripe.mutex);
    for (auto& [print, variants] : stripe.index) {
      stripe.removals += stripe.take_out_all(
          variants, [](const StoredResponse&) { return true; }, removed);
    }
    stripe.index.clear();
  }
}

void Store::make_room() {
  if (is_over_limit()) evict_for(nullptr, Reach::not_live);
  if (is_over_limit()) evict_for(nullptr, Reach::above_shares);
  if (is_over_limit()) evict_for(nullptr, Reach::everything);
}

void Store::make_room_for(StoredResponsePtr inserted) {
  if (!is_over_limit()) return;
  evict_for(inserted.get(), Reach::not_live);
  evict_for(inserted.get(), Reach::above_shares);
  // Within its owner's share, and so is all the rest: then the newest is not the first to go.
  const bool is_open = shares_->open_lanes().test(shares_->lane_of(*inserted));
  if (is_over_limit() && !is_open) evict_for(inserted.get(), Reach::everything);
  Stripe& stripe = stripe_of(inserted->print());
  {
    // The rank that was published last may be that of what would have gone instead of it.
    const std::lock_guard lock(stripe.mutex);
    const std::size_t lane = inserted->eviction.lane;
    publish_rank(stripe, lane, stripe.lanes->least_rank(lane));
  }
  // No other response could go: what readers and fills hold leaves no room even for this one, or
  // what is reserved for others.
  inserted.reset();
  make_room();
}

void Store::evict_for(const StoredResponse* spared, Reach reach) {
  std::size_t fruitless = 0; // turns in a row
  int outranked = 0;         // in a row, too
  int set_aside = 0;
  while (is_over_limit()) {
    const bool spares_live = reach == Reach::not_live;
    if (spares_live && set_aside == kMaxLiveSetAside) return;
    const bool is_any = reach == Reach::everything || (!spares_live && set_aside == kMaxSetAside);
    LaneSet open = is_any ? shares_->lanes() : shares_->open_lanes();
    if (spares_live) open.reset(kLiveLane);
    if (fruitless > options_.stripes * open.count()) return;
    const std::size_t start = next_victim_stripe_.fetch_add(1, std::memory_order_relaxed);
    EvictionTurn turn = ranks_->next(start, open);
    if (outranked == kMaxOutranked) turn.most = EvictionCandidate::kNoRank;
    const Evicted evicted = evict_one(turn, open, spared);
    fruitless = evicted == Evicted::none ? fruitless + 1 : 0;
    outranked = evicted == Evicted::outranked ? outranked + 1 : 0;
    if (evicted == Evicted::set_aside) ++set_aside;
    if (evicted == Evicted::one) set_aside = 0;
  }
}

Store::Evicted Store::evict_one(const EvictionTurn& turn, const LaneSet& open,
                                const StoredResponse* spared) {
  Removed removed(purges_);
  Stripe& stripe = stripes_[turn.stripe];
  const std::lock_guard lock(stripe.mutex);
  if (!open.test(kLiveLane)) let_go_of_live(stripe);
  const EvictionCandidate candidate = stripe.lanes->candidate(turn.lane, spared);
  if (candidate.rank > turn.most || candidate.response == nullptr) {
    publish_rank(stripe, turn.lane, candidate.rank);
    return candidate.response == nullptr ? Evicted::none : Evicted::outranked;
  }
  const std::size_t own_lane = shares_->lane_of(*candidate.response);
  if (!open.test(own_lane)) {
    set_aside(stripe, *candidate.response, own_lane);
    return Evicted::set_aside;
  }
  const auto slot = stripe.index.find(candidate.response->print());
  SELVEDGE_ASSERT(slot != stripe.index.end());
  stripe.lanes->evict(*candidate.response);
  shares_->remove(*candidate.response);
  Variants& variants = slot->second;
  const auto at = std::find(variants.begin(), variants.end(), candidate.response);
  SELVEDGE_ASSERT(at != variants.end());
  stripe.let_go(variants, static_cast<std::size_t>(at - variants.begin()), removed);
  ++stripe.evictions;
  if (variants.empty()) stripe.index.erase(slot);
  publish_rank(stripe, turn.lane, stripe.lanes->least_rank(turn.lane));
  return Evicted::one;
}

// What is live no more, and the first of those that were to go, is one of the others again.
void Store::let_go_of_live(Stripe& stripe) {
  const StoredResponse* const first = stripe.lanes->candidate(kLiveLane, nullptr).response;
  if (first == nullptr) return;
  const std::size_t lane = shares_->lane_of(*first);
  if (lane != kLiveLane) set_aside(stripe, *first, lane);
}

void Store::set_aside(Stripe& stripe, const StoredResponse& response, std::size_t lane) {
  const std::size_t old_lane = response.eviction.lane;
  stripe.lanes->remove(response);
  shares_->remove(response);
  shares_->note_lane(lane);
  stripe.lanes->insert(response, lane);
  shares_->add(response); // its bytes were counted anew
  for (const std::size_t changed : {old_lane, lane}) {
    publish_rank(stripe, changed, stripe.lanes->least_rank(changed));
  }
}

void Store::publish_rank(const Stripe& stripe, std::size_t lane, double rank) {
  ranks_->publish(static_cast<std::size_t>(&stripe - stripes_.get()), lane, rank);
}

void Store::set_reserved(const Shares& shares) {
  shares_->reserve(shares);
}

Store::Stats Store::stats() const {
  Stats stats;
  stats.bytes = ledger_.bytes();
  stats.limit = options_.size;
  for (std::size_t owner = 0; owner < kOwners; ++owner) {
    stats.bytes_by_owner[owner] = shares_->held(owner);
  }
  for (std::size_t i = 0; i < options_.stripes; ++i) {
    Stripe& stripe = stripes_[i];
    const std::lock_guard lock(stripe.mutex);
    stats.objects += stripe.objects;
    stats.insertions += stripe.insertions;
    stats.evictions += stripe.evictions;
    stats.removals += stripe.removals;
  }
  return stats;
}

} // namespace selvedge::cache
