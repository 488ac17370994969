// Lock rules: memory_->mutex lets one purge through at a time, and comes before the mutex of a
// stripe. A stripe's mutex guards its set, the counts of its tags, and the step from one reference
// to none. Epochs and times of tags are written under memory_->mutex and read without a lock.
//
// Order within a purge: the tag's epoch is written first, then the epoch of the index, with release
// order. So whoever sees the new epoch of the index sees the tag's too, and a mark that carries it
// is right; and what is born in it was asked for after the purge.
#include <selvedge/cache/purge_index.hpp>

#include <selvedge/base/assert.hpp>
#include <selvedge/base/block_bytes.hpp>
#include <selvedge/cache/body.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <mutex>

namespace selvedge::cache {

namespace {

constexpr std::size_t kStripes = 256; // so that the set of one is rehashed in a moment

template <typename Number> void raise(std::atomic<Number>& to, Number value) {
  Number seen = to.load(std::memory_order_relaxed);
  while (seen < value && !to.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// A hash of kind and name: of the name, moved by a distance that depends on the kind.
base::Fingerprint print_of(TagKind kind, std::string_view name) {
  constexpr std::uint64_t kDistance = 0x9e3779b97f4a7c15;
  base::Fingerprint print = base::fingerprint(name);
  print.low ^= kDistance * (static_cast<std::uint64_t>(kind) + 1);
  return print;
}

base::Steady::rep ticks(base::Steady time) {
  return time.time_since_epoch().count();
}

} // namespace

class Tag {
public:
  using Hook = boost::intrusive::list_member_hook<>;

  Tag(PurgeIndex& index, const base::Fingerprint& name)
      : print(name), hard(index.floor_hard_.load(std::memory_order_relaxed)),
        soft(index.floor_soft_.load(std::memory_order_relaxed)), index_(index) {
    if (index_.ledger_ != nullptr) index_.ledger_->take(held_bytes());
  }
  ~Tag() {
    if (index_.ledger_ != nullptr) index_.ledger_->give_back(held_bytes());
  }
  // Itself and its slot in the set of its stripe, which may be 7/16 full.
  static std::size_t held_bytes() { return base::block_bytes(sizeof(Tag)) + 24; }

  void add_reference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();
  bool is_recent() const { return recent.is_linked(); }

  // Requires for the three: the lock of the stripe.
  void note_stored(PurgeEpoch born) {
    catch_up();
    if (born >= counted_from_) ++stored_;
  }
  void note_removed(PurgeEpoch born) {
    catch_up();
    if (born >= counted_from_) --stored_;
  }
  std::size_t purge(PurgeMode mode, PurgeEpoch epoch, base::Steady now) {
    catch_up();
    (mode == PurgeMode::hard ? hard : soft).store(epoch, std::memory_order_relaxed);
    raise(purged_at, ticks(now));
    return stored_;
  }

  const base::Fingerprint print;
  std::atomic<PurgeEpoch> hard; // of the last purge; what is born before is gone
  std::atomic<PurgeEpoch> soft;
  std::atomic<base::Steady::rep> purged_at{ticks(base::Steady::min())};
  std::atomic<int> lives{0}; // for so many it is to stay
  Hook recent;               // in the list of purges, which then holds a reference

private:
  // Forgets those that a hard purge, of the tag or of everything, took since the last call: their
  // removal is not counted any more. Either both or none of an insertion and its removal count,
  // since these epochs only rise.
  void catch_up() {
    const PurgeEpoch now = std::max(hard.load(std::memory_order_relaxed),
                                    index_.everything_hard_.load(std::memory_order_relaxed));
    if (now <= counted_from_) return;
    counted_from_ = now;
    stored_ = 0;
  }

  PurgeIndex& index_;
  std::atomic<std::uint32_t> references_{0};
  PurgeEpoch counted_from_ = 0;
  std::size_t stored_ = 0; // responses in the store born in counted_from_ or later
};

namespace {

struct TagHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(const Tag* tag) const noexcept { return tag->print.low; }
  std::size_t operator()(const base::Fingerprint& print) const noexcept { return print.low; }
};

struct TagEqual {
  using is_transparent = void;
  bool operator()(const Tag* a, const Tag* b) const noexcept { return a == b; }
  bool operator()(const Tag* a, const base::Fingerprint& b) const noexcept { return a->print == b; }
  bool operator()(const base::Fingerprint& a, const Tag* b) const noexcept { return a == b->print; }
};

} // namespace

void PurgeIndex::set_live(const TagPtr& tag, bool is_live) {
  tag->lives.fetch_add(is_live ? 1 : -1, std::memory_order_relaxed);
}

bool PurgeIndex::is_live(const TagPtr& tag) {
  return tag->lives.load(std::memory_order_relaxed) > 0;
}

// On a line of its own, so that the locks of neighbours do not disturb each other.
struct alignas(64) PurgeIndex::Stripe {
  std::mutex mutex;
  boost::unordered_flat_set<Tag*, TagHash, TagEqual> tags;
};

// The tags of the last purges, oldest first, each of them once. They are kept alive, so that a
// fill that began before such a purge finds it when it makes its tags.
struct PurgeIndex::Memory {
  std::mutex mutex;
  boost::intrusive::list<Tag, boost::intrusive::member_hook<Tag, Tag::Hook, &Tag::recent>> recent;

  // Requires for both: the lock. What it lets go is released by the caller, without the lock.
  void remember(Tag& tag) {
    if (tag.is_recent()) {
      recent.erase(recent.iterator_to(tag));
    } else {
      tag.add_reference();
    }
    recent.push_back(tag);
  }
  TagPtr forget(base::Steady now) {
    if (recent.empty()) return nullptr;
    Tag& oldest = recent.front();
    const base::Steady::duration at{oldest.purged_at.load(std::memory_order_relaxed)};
    if (recent.size() <= kMaxRemembered && now - base::Steady{at} <= kRemembered) return nullptr;
    recent.pop_front();
    return TagPtr(&oldest, false);
  }
};

PurgeIndex::PurgeIndex(MemoryLedger* ledger)
    : everything_at_(ticks(base::Steady::min())), ledger_(ledger),
      stripes_(std::make_unique<Stripe[]>(kStripes)), memory_(std::make_unique<Memory>()) {}

PurgeIndex::~PurgeIndex() {
  memory_->recent.clear_and_dispose([](Tag* tag) { tag->release(); });
  for (std::size_t i = 0; i < kStripes; ++i) SELVEDGE_ASSERT(stripes_[i].tags.empty());
}

PurgeIndex::Stripe& PurgeIndex::stripe_of(const base::Fingerprint& print) {
  return stripes_[print.high % kStripes]; // the set hashes by the other half
}

void intrusive_ptr_add_ref(Tag* tag) {
  tag->add_reference();
}

void intrusive_ptr_release(Tag* tag) {
  tag->release();
}

// Only who holds the last reference and the lock may end the tag: so it cannot be found in the set
// meanwhile.
void Tag::release() {
  std::uint32_t seen = references_.load(std::memory_order_relaxed);
  while (seen > 1) {
    if (references_.compare_exchange_weak(seen, seen - 1, std::memory_order_release)) return;
  }
  std::unique_ptr<Tag> gone; // after the lock
  PurgeIndex::Stripe& stripe = index_.stripe_of(print);
  const std::lock_guard lock(stripe.mutex);
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // Whoever makes the tag again holds this lock, and begins with what it knew.
  raise(index_.floor_hard_, hard.load(std::memory_order_relaxed));
  raise(index_.floor_soft_, soft.load(std::memory_order_relaxed));
  stripe.tags.erase(this);
  gone.reset(this);
}

TagPtr PurgeIndex::intern(TagKind kind, std::string_view name) {
  const base::Fingerprint print = print_of(kind, name);
  Stripe& stripe = stripe_of(print);
  const std::lock_guard lock(stripe.mutex);
  if (const auto known = stripe.tags.find(print); known != stripe.tags.end()) return *known;
  auto made = std::make_unique<Tag>(*this, print);
  stripe.tags.insert(made.get());
  return made.release();
}

Standing PurgeIndex::judge(const PurgeState& state, std::uint64_t mark) const {
  const PurgeEpoch epoch = epoch_.load(std::memory_order_acquire);
  PurgeEpoch hard = everything_hard_.load(std::memory_order_relaxed);
  PurgeEpoch soft = everything_soft_.load(std::memory_order_relaxed);
  for (const TagPtr& tag : state.tags) {
    hard = std::max(hard, tag->hard.load(std::memory_order_relaxed));
    soft = std::max(soft, tag->soft.load(std::memory_order_relaxed));
  }
  Standing verdict = standing_in(mark);
  if (soft > state.born) verdict = std::max(verdict, Standing::soft_purged);
  if (hard > state.born) verdict = Standing::purged;
  const std::uint64_t judged = epoch << kStandingBits | static_cast<std::uint64_t>(verdict);
  if (state.mark.compare_exchange_strong(mark, judged, std::memory_order_relaxed)) return verdict;
  return std::max(verdict, standing_in(mark)); // somebody else's is kept: at worst it is redone
}

void PurgeIndex::mark_stale(const PurgeState& state) {
  constexpr auto kStale = static_cast<std::uint64_t>(Standing::soft_purged);
  std::uint64_t mark = state.mark.load(std::memory_order_relaxed);
  while (standing_in(mark) == Standing::valid &&
         !state.mark.compare_exchange_weak(mark, mark | kStale, std::memory_order_relaxed)) {
  }
}

void PurgeIndex::note_stored(const PurgeState& state) {
  for (const TagPtr& tag : state.tags) {
    const std::lock_guard lock(stripe_of(tag->print).mutex);
    tag->note_stored(state.born);
  }
}

void PurgeIndex::note_removed(const PurgeState& state) {
  for (const TagPtr& tag : state.tags) {
    const std::lock_guard lock(stripe_of(tag->print).mutex);
    tag->note_removed(state.born);
  }
}

PurgeIndex::Purged PurgeIndex::purge(TagKind kind, std::string_view name, PurgeMode mode,
                                     base::Steady now) {
  const TagPtr tag = intern(kind, name);
  // Two for one that comes: so expired purges do go, and no purge pays for all of them.
  TagPtr forgotten[2];
  const std::lock_guard lock(memory_->mutex);
  Purged purged{.epoch = epoch_.load(std::memory_order_relaxed) + 1};
  {
    const std::lock_guard counts(stripe_of(tag->print).mutex);
    purged.matched = tag->purge(mode, purged.epoch, now);
  }
  memory_->remember(*tag);
  for (TagPtr& one : forgotten) one = memory_->forget(now);
  epoch_.store(purged.epoch, std::memory_order_release);
  return purged;
}

PurgeIndex::Purged PurgeIndex::purge_everything(PurgeMode mode, std::size_t stored,
                                                base::Steady now) {
  const std::lock_guard lock(memory_->mutex);
  const PurgeEpoch epoch = epoch_.load(std::memory_order_relaxed) + 1;
  (mode == PurgeMode::hard ? everything_hard_ : everything_soft_)
      .store(epoch, std::memory_order_relaxed);
  raise(everything_at_, ticks(now));
  epoch_.store(epoch, std::memory_order_release);
  return {.epoch = epoch, .matched = stored};
}

bool PurgeIndex::predates_purge(const PurgeState& state, base::Steady generated) const {
  const base::Steady::rep then = ticks(generated);
  if (everything_at_.load(std::memory_order_relaxed) > then) return true;
  return std::any_of(state.tags.begin(), state.tags.end(), [&](const TagPtr& tag) {
    return tag->purged_at.load(std::memory_order_relaxed) > then;
  });
}

PurgeIndex::Stats PurgeIndex::stats() const {
  Stats stats{.purges = epoch()};
  for (std::size_t i = 0; i < kStripes; ++i) {
    const std::lock_guard lock(stripes_[i].mutex);
    stats.tags += stripes_[i].tags.size();
  }
  const std::lock_guard lock(memory_->mutex);
  stats.remembered = memory_->recent.size();
  return stats;
}

} // namespace selvedge::cache
