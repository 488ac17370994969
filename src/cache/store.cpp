// Lock rules: a stripe's mutex guards everything in it; at most one is held at a time; no stored
// response is destroyed under it, because that may free megabytes. So whatever leaves the index is
// moved to a list of the caller, which is declared before the lock and outlives it.
#include <selvedge/cache/store.hpp>

#include <selvedge/base/assert.hpp>

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <mutex>
#include <vector>

namespace selvedge::cache {

namespace {

// A twentieth of the size is left for what the allocator holds beyond the blocks in use: slabs and
// pages that are partly empty (measured in bench/README.md, Memory).
constexpr std::size_t kSlack = 20;

using Reference = boost::intrusive_ptr<StoredResponse>;
// Of one fingerprint, oldest first. All have the same key but for a collision of fingerprints.
using Variants = boost::container::small_vector<Reference, 1>;
using Removed = boost::container::small_vector<Reference, 4>;

// Whether `fresh` takes the place of `old`. A pass marker says that answers of its key are not
// stored, and any response that is stored after all says otherwise.
bool replaces(const StoredResponse& fresh, const StoredResponse& old) {
  return old.key() == fresh.key() && (old.is_pass_marker() || old.vary() == fresh.vary());
}

} // namespace

// On a line of its own, so that the locks of neighbours do not disturb each other.
struct alignas(64) Store::Stripe {
  std::mutex mutex;
  boost::unordered_flat_map<base::Fingerprint, Variants, base::FingerprintHash> index;
  std::unique_ptr<EvictionPolicy> policy;
  std::size_t objects = 0;
  std::uint64_t insertions = 0;
  std::uint64_t evictions = 0;
  std::uint64_t removals = 0;

  // Requires: the lock is held. Moves the variants that `claim` picks from the slot to `removed`.
  template <typename Claim>
  std::size_t take_out(Variants& variants, Claim claim, Removed& removed) {
    std::size_t taken = 0;
    for (auto it = variants.begin(); it != variants.end();) {
      if (!claim(**it)) {
        ++it;
        continue;
      }
      policy->on_remove(**it);
      removed.push_back(std::move(*it));
      it = variants.erase(it);
      ++taken;
    }
    objects -= taken;
    return taken;
  }
};

Store::Store(const Options& options)
    : options_(options), room_(options.size - options.size / kSlack),
      stripes_(std::make_unique<Stripe[]>(options.stripes)) {
  SELVEDGE_ASSERT(options.stripes > 0 && (options.stripes & (options.stripes - 1)) == 0);
  SELVEDGE_ASSERT(options.max_variants > 0);
  for (std::size_t i = 0; i < options.stripes; ++i) {
    stripes_[i].policy = make_eviction_policy(options.eviction);
  }
}

Store::~Store() {
  clear();
}

Store::Stripe& Store::stripe_of(const base::Fingerprint& print) {
  return stripes_[print.high & (options_.stripes - 1)]; // the index hashes by the other half
}

StoredResponsePtr Store::find(const CacheKey& key, const http::RequestHead& request) {
  Stripe& stripe = stripe_of(key.print);
  const std::lock_guard lock(stripe.mutex);
  const auto slot = stripe.index.find(key.print);
  if (slot == stripe.index.end()) return nullptr;
  // RFC 9111, 4.1: the most recent of those that match.
  for (auto it = slot->second.rbegin(); it != slot->second.rend(); ++it) {
    const StoredResponse& stored = **it;
    if (stored.key() != key.text || !selects(stored, request)) continue;
    stripe.policy->on_hit(stored);
    return StoredResponsePtr(&stored);
  }
  return nullptr;
}

std::vector<StoredResponsePtr> Store::variants(const CacheKey& key) {
  std::vector<StoredResponsePtr> found;
  Stripe& stripe = stripe_of(key.print);
  const std::lock_guard lock(stripe.mutex);
  const auto slot = stripe.index.find(key.print);
  if (slot == stripe.index.end()) return found;
  for (const Reference& one : slot->second) {
    if (one->key() == key.text) found.emplace_back(one.get());
  }
  return found;
}

void Store::insert(Reference response) {
  SELVEDGE_ASSERT(response->is_pass_marker() || response->body().state() == Body::State::complete);
  // It could only stay by driving out everything else, and would then still be too large.
  if (response->held_bytes() > room_) return;
  StoredResponsePtr inserted = response;
  Removed removed;
  {
    Stripe& stripe = stripe_of(response->print());
    const std::lock_guard lock(stripe.mutex);
    Variants& variants = stripe.index[response->print()];
    stripe.take_out(
        variants, [&](const StoredResponse& old) { return replaces(*response, old); }, removed);
    if (variants.size() >= options_.max_variants) {
      const StoredResponse& oldest = *variants.front();
      stripe.evictions += stripe.take_out(
          variants, [&](const StoredResponse& old) { return &old == &oldest; }, removed);
    }
    stripe.policy->on_insert(*response);
    variants.push_back(std::move(response));
    ++stripe.objects;
    ++stripe.insertions;
  }
  removed.clear();
  make_room(std::move(inserted));
}

std::size_t Store::remove(const CacheKey& key) {
  Removed removed;
  Stripe& stripe = stripe_of(key.print);
  const std::lock_guard lock(stripe.mutex);
  const auto slot = stripe.index.find(key.print);
  if (slot == stripe.index.end()) return 0;
  const std::size_t taken = stripe.take_out(
      slot->second, [&](const StoredResponse& old) { return old.key() == key.text; }, removed);
  if (slot->second.empty()) stripe.index.erase(slot);
  stripe.removals += taken;
  return taken;
}

void Store::clear() {
  for (std::size_t i = 0; i < options_.stripes; ++i) {
    Stripe& stripe = stripes_[i];
    Removed removed;
    const std::lock_guard lock(stripe.mutex);
    for (auto& [print, variants] : stripe.index) {
      stripe.removals += stripe.take_out(
          variants, [](const StoredResponse&) { return true; }, removed);
    }
    stripe.index.clear();
  }
}

void Store::make_room() {
  make_room(nullptr);
}

void Store::make_room(StoredResponsePtr spared) {
  std::size_t idle_stripes = 0; // in a row
  while (ledger_.bytes() > room_ && idle_stripes < options_.stripes) {
    const std::size_t next = next_victim_stripe_.fetch_add(1, std::memory_order_relaxed);
    const bool evicted = evict_one(stripes_[next & (options_.stripes - 1)], spared.get());
    idle_stripes = evicted ? 0 : idle_stripes + 1;
  }
  if (spared == nullptr) return;
  // No other response could go: what readers and fills hold leaves no room even for this one.
  spared.reset();
  make_room(nullptr);
}

bool Store::evict_one(Stripe& stripe, const StoredResponse* spared) {
  Removed removed;
  const std::lock_guard lock(stripe.mutex);
  const StoredResponse* victim = stripe.policy->victim();
  if (victim == nullptr || victim == spared) return false;
  const auto slot = stripe.index.find(victim->print());
  SELVEDGE_ASSERT(slot != stripe.index.end());
  stripe.evictions += stripe.take_out(
      slot->second, [&](const StoredResponse& old) { return &old == victim; }, removed);
  if (slot->second.empty()) stripe.index.erase(slot);
  return true;
}

Store::Stats Store::stats() const {
  Stats stats;
  stats.bytes = ledger_.bytes();
  stats.limit = options_.size;
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
