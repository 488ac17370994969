// Purges in constant time: nothing is looked for, listed or removed. Every stored response holds
// its tags; a purge raises the tag's epoch, and a response is gone as soon as one of its tags has
// an epoch above the one it was born in. What nobody may use any more leaves by eviction, or when
// it is found.
//
// A response is born in the epoch in which its fetch began: so a purge during a fill wins over it,
// even one that came before the first response with that tag.
// Thread: any. Owned by the store; outlives every tag.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/fingerprint.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace selvedge::cache {

using PurgeEpoch = std::uint64_t;

enum class TagKind : std::uint8_t {
  key,       // Surrogate-Key, xkey, Cache-Tag: as the origin names it, for the whole node
  group,     // Cache-Groups (RFC 9875): "scheme://authority name", since groups belong to an origin
  host,      // "example.com:8443", whatever the scheme
  directory, // "example.com/a/b/": every one above the response's path, up to kMaxDirectories
  url,       // "example.com/a/b/c.js": the path without query
  bundle,    // "acme-ui@2.3.1", and "acme-ui": what is of that version, of any
  target, // a whole cache key. A response under that key does not keep it, since a purge of a URL
          // removes what is stored; it tells fills that their URL was purged lately, and is kept
          // by responses whose key is that URL and further lines
};
// Directories below the root of a host that are noted for prefix purges: as many segments a prefix
// may have. Deeper ones cannot be purged alone.
inline constexpr std::size_t kMaxDirectories = 16;

enum class PurgeMode : std::uint8_t {
  hard, // gone
  soft, // stale: to be validated before use, or used as stale responses may be (RFC 9111, 4.2.4)
};

class MemoryLedger;
class PurgeIndex;

// One name, shared by all responses that have it. Exists as long as one of them, or a recent purge
// of the name. Names are not kept: kind and name are told apart by a keyed hash of 128 bits, and
// the worst that a collision could do is purge too much.
class Tag;
void intrusive_ptr_add_ref(Tag* tag);
void intrusive_ptr_release(Tag* tag);
using TagPtr = boost::intrusive_ptr<Tag>;
using Tags = std::vector<TagPtr>;

enum class Standing : std::uint8_t { valid, soft_purged, purged };

// What a stored response keeps for the index. The mark remembers the last verdict and the epoch it
// was given in, so that a hit costs one comparison unless something was purged since.
struct PurgeState {
  mutable std::atomic<std::uint64_t> mark{0}; // epoch and Standing
  PurgeEpoch born = 0;
  Tags tags{};
};

class PurgeIndex {
public:
  // A purge is known to fills that began before it for so long, or at least until so many names
  // were purged after it. Fills that are older still when their first tag is made count as purged.
  static constexpr base::Seconds kRemembered{600};
  static constexpr std::size_t kMaxRemembered = 65536;

  // `ledger` is charged for the tags; may be null.
  explicit PurgeIndex(MemoryLedger* ledger = nullptr);
  ~PurgeIndex();
  PurgeIndex(const PurgeIndex&) = delete;
  PurgeIndex& operator=(const PurgeIndex&) = delete;

  // Of the last purge.
  PurgeEpoch epoch() const { return epoch_.load(std::memory_order_acquire); }
  // The tag of that name, made if need be. It knows of purges of its name made before.
  TagPtr intern(TagKind kind, std::string_view name);

  // Whether responses with that tag are to stay while there are others that can go: as long as one
  // of those who said so, and hold the tag, has not said otherwise.
  static void set_live(const TagPtr& tag, bool is_live);
  static bool is_live(const TagPtr& tag);

  // Takes two relaxed loads while nothing was purged since the last time; then each tag is looked
  // at once. It never gets better: a soft purge lasts until a new response is stored.
  Standing standing(const PurgeState& state) const {
    const std::uint64_t mark = state.mark.load(std::memory_order_relaxed);
    if (mark >> kStandingBits == epoch_.load(std::memory_order_relaxed)) return standing_in(mark);
    return judge(state, mark);
  }
  // A soft purge of this response alone.
  static void mark_stale(const PurgeState& state);

  // A response with that state enters (before it can be found) or left the store, for the counts
  // of receipts. Thread: any, with no lock held.
  void note_stored(const PurgeState& state);
  void note_removed(const PurgeState& state);

  struct Purged {
    PurgeEpoch epoch = 0;
    // Stored responses that it concerned. One that another purge took counts until it has left.
    std::size_t matched = 0;
  };
  Purged purge(TagKind kind, std::string_view name, PurgeMode mode, base::Steady now);
  // `stored`: how many responses there are, for the count.
  Purged purge_everything(PurgeMode mode, std::size_t stored, base::Steady now);

  // Whether one of the tags, or everything, was purged after `generated`, when the response left
  // the origin: then a cache between here and the origin gave a copy from before the purge. Known
  // for as long as the tag exists.
  bool predates_purge(const PurgeState& state, base::Steady generated) const;

  struct Stats {
    std::size_t tags = 0;
    std::size_t remembered = 0; // purges of the last minutes, by name
    std::uint64_t purges = 0;
  };
  Stats stats() const;

private:
  friend class Tag;
  struct Stripe;
  struct Memory;
  static constexpr unsigned kStandingBits = 2; // of a mark; the rest is the epoch
  static Standing standing_in(std::uint64_t mark) { return static_cast<Standing>(mark & 3); }
  Standing judge(const PurgeState& state, std::uint64_t mark) const;
  Stripe& stripe_of(const base::Fingerprint& print);

  // Read by every hit and written by purges only, on a line of its own.
  alignas(64) std::atomic<PurgeEpoch> epoch_{0};
  std::atomic<PurgeEpoch> everything_hard_{0};
  std::atomic<PurgeEpoch> everything_soft_{0};
  std::atomic<base::Steady::rep> everything_at_;
  // What tags that do not exist any more knew: a new one begins with these.
  std::atomic<PurgeEpoch> floor_hard_{0};
  std::atomic<PurgeEpoch> floor_soft_{0};
  alignas(64) MemoryLedger* const ledger_;
  std::unique_ptr<Stripe[]> stripes_;
  std::unique_ptr<Memory> memory_;
};

// The tags of a response with that cache key: its host, the root of the host and the directories
// below it, its path when the key has a query or more lines than the URL, and the URL when it has
// more lines. (A key that is only a URL without query is purged by itself: Store::remove() and
// Store::mark_stale().)
void add_place_tags(PurgeIndex& index, std::string_view key, Tags& tags);

} // namespace selvedge::cache
