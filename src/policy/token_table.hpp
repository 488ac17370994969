// What is known of tokens, by their fingerprints: bounded, the least recently used go first.
// Looking up allocates nothing. Thread: one.
//
// Two tokens with one fingerprint are not told apart. Who wants to be taken for another would need
// that one's token to look for a second with its fingerprint, and then needs no second.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/fingerprint.hpp>
#include <selvedge/policy/identity.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace selvedge::policy {

struct KnownToken {
  Identity identity; // of no source: the token names nobody
  std::chrono::sys_seconds until = std::chrono::sys_seconds::max(); // it is valid
  base::Steady recheck = base::Steady::max();                       // when to look at it anew
};

class TokenTable {
public:
  explicit TokenTable(std::size_t capacity) : capacity_(capacity) {}

  // Null: not known. It counts as a use.
  const KnownToken* find(const base::Fingerprint& print);
  void put(const base::Fingerprint& print, const KnownToken& token);
  void clear();
  std::size_t size() const { return slots_.size(); }

private:
  using Index = std::uint32_t; // of a slot
  static constexpr Index kNone = ~Index{0};

  // Each slot is in the list of its bucket, and in that of all by their use.
  struct Slot {
    base::Fingerprint print;
    KnownToken token;
    Index next = kNone; // in the bucket
    Index newer = kNone;
    Index older = kNone;
  };

  Index& bucket_of(const base::Fingerprint& print) {
    return buckets_[print.low & (buckets_.size() - 1)];
  }
  Index search(const base::Fingerprint& print);
  Index make_room();
  void use(Index index);
  void enter_as_newest(Index index);
  void leave_use(Index index);
  void leave_bucket(Index index);

  std::size_t capacity_;
  std::vector<Slot> slots_;
  std::vector<Index> buckets_; // a power of two of them; none until there is a token
  Index newest_ = kNone;
  Index oldest_ = kNone;
};

} // namespace selvedge::policy
