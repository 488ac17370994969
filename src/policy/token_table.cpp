#include "token_table.hpp"

#include <bit>

namespace selvedge::policy {

const KnownToken* TokenTable::find(const base::Fingerprint& print) {
  const Index index = search(print);
  if (index == kNone) return nullptr;
  use(index);
  return &slots_[index].token;
}

void TokenTable::put(const base::Fingerprint& print, const KnownToken& token) {
  if (capacity_ == 0) return;
  if (const Index known = search(print); known != kNone) {
    slots_[known].token = token;
    use(known);
    return;
  }
  if (buckets_.empty()) buckets_.assign(std::bit_ceil(capacity_), kNone);
  const Index index = make_room();
  Index& bucket = bucket_of(print);
  slots_[index] = Slot{print, token, bucket, kNone, kNone};
  bucket = index;
  enter_as_newest(index);
}

void TokenTable::clear() {
  slots_.clear();
  buckets_.clear();
  newest_ = oldest_ = kNone;
}

TokenTable::Index TokenTable::search(const base::Fingerprint& print) {
  if (buckets_.empty()) return kNone;
  Index index = bucket_of(print);
  while (index != kNone && slots_[index].print != print) index = slots_[index].next;
  return index;
}

// A slot that is in no list.
TokenTable::Index TokenTable::make_room() {
  if (slots_.size() < capacity_) {
    slots_.emplace_back();
    return static_cast<Index>(slots_.size() - 1);
  }
  const Index index = oldest_;
  leave_bucket(index);
  leave_use(index);
  return index;
}

void TokenTable::use(Index index) {
  if (index == newest_) return;
  leave_use(index);
  enter_as_newest(index);
}

void TokenTable::enter_as_newest(Index index) {
  slots_[index].newer = kNone;
  slots_[index].older = newest_;
  (newest_ == kNone ? oldest_ : slots_[newest_].newer) = index;
  newest_ = index;
}

void TokenTable::leave_use(Index index) {
  const Slot& slot = slots_[index];
  (slot.newer == kNone ? newest_ : slots_[slot.newer].older) = slot.older;
  (slot.older == kNone ? oldest_ : slots_[slot.older].newer) = slot.newer;
}

void TokenTable::leave_bucket(Index index) {
  Index* at = &bucket_of(slots_[index].print);
  while (*at != index) at = &slots_[*at].next;
  *at = slots_[index].next;
}

} // namespace selvedge::policy
