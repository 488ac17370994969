#include "variants.hpp"

#include <selvedge/cache/store.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

// RFC 9111, 3.3: parts are kept side by side until a complete response has all of them.
bool covers(const StoredResponse& fresh, const StoredResponse& old) {
  if (!fresh.is_partial()) return true;
  return old.is_partial() && old.content_range()->range == fresh.content_range()->range &&
         old.content_range()->complete_length == fresh.content_range()->complete_length;
}

bool has_same_coding(const StoredResponse& a, const StoredResponse& b) {
  if (a.coding() != b.coding()) return false;
  return a.dictionary() == b.dictionary() ||
         (a.dictionary() && b.dictionary() && *a.dictionary() == *b.dictionary());
}

} // namespace

bool replaces(const StoredResponse& fresh, const StoredResponse& old) {
  if (old.key() != fresh.key()) return false;
  if (old.is_pass_marker()) return true;
  if (old.vary() != fresh.vary()) return false;
  if (has_same_coding(fresh, old)) return covers(fresh, old);
  const bool is_news = fresh.coding() == kAsItCame && !fresh.is_partial();
  return is_news && (fresh.is_pass_marker() || old.content_id() != fresh.content_id());
}

bool goes_with(const StoredResponse& one, const StoredResponse& gone) {
  if (&one == &gone) return true;
  return gone.coding() == kAsItCame && gone.shared_body() != nullptr && one.coding() != kAsItCame &&
         one.key() == gone.key() && one.vary() == gone.vary() &&
         one.content_id() == gone.content_id();
}

bool is_source(const StoredResponse& there, const StoredResponse& made) {
  return there.coding() == kAsItCame && !there.is_pass_marker() && !there.is_partial() &&
         there.key() == made.key() && there.vary() == made.vary() &&
         there.content_id() == made.content_id() &&
         there.freshness().response_time == made.freshness().response_time;
}

std::uint8_t TakenCodings::rank_of(const StoredResponse& stored) const {
  const std::uint8_t rank = ranks[stored.coding()];
  if (!stored.dictionary()) return rank;
  return dictionary != nullptr && *dictionary == *stored.dictionary() ? rank : std::uint8_t{0};
}

const StoredResponse* best_variant(std::span<const StoredResponse* const> all,
                                   const TakenCodings& taken) {
  if (all.empty()) return nullptr;
  const auto as_it_came = std::ranges::find(all, kAsItCame, &StoredResponse::coding);
  const StoredResponse* best = as_it_came != all.end() ? *as_it_came : all.front();
  if (best->is_pass_marker()) return best;
  const std::uint64_t content = best->content_id();
  for (const StoredResponse* const one : all) {
    if (one->is_pass_marker() || one->content_id() != content) continue;
    if (taken.rank_of(*one) > taken.rank_of(*best)) best = one;
  }
  return best;
}

std::uint8_t TakenCodings::best() const {
  return *std::ranges::max_element(ranks);
}

} // namespace selvedge::cache
