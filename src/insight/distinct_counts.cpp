#include <selvedge/insight/distinct_counts.hpp>

#include <selvedge/base/fingerprint.hpp>

#include <algorithm>

namespace selvedge::insight {

namespace {

std::int64_t hour_of(std::chrono::sys_seconds time) {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

} // namespace

struct DistinctCounts::Kind {
  struct Hour {
    std::atomic<std::int64_t> hour{-1};
    HyperLogLog seen;
  };

  // The sketch of an hour; one that is of the hour before the last begins anew. A thing that
  // another thread adds in that moment may be lost.
  HyperLogLog& of(std::int64_t hour) {
    Hour& one = hours[static_cast<std::size_t>(hour & 1)];
    std::int64_t was = one.hour.load(std::memory_order_relaxed);
    if (was != hour && one.hour.compare_exchange_strong(was, hour)) one.seen.clear();
    return one.seen;
  }
  double estimate(std::int64_t hour) const {
    const Hour& one = hours[static_cast<std::size_t>(hour & 1)];
    return one.hour.load(std::memory_order_relaxed) == hour ? one.seen.estimate() : 0;
  }
  bool was_seen_since(std::int64_t hour) const {
    return std::ranges::any_of(hours, [hour](const Hour& one) {
      return one.hour.load(std::memory_order_relaxed) >= hour;
    });
  }

  std::atomic<std::uint64_t> key{0};
  std::string name; // guarded by mutex_
  std::array<Hour, 2> hours;
};

DistinctCounts::DistinctCounts() = default;

DistinctCounts::~DistinctCounts() {
  for (Set& set : sets_) {
    for (std::atomic<Kind*>& way : set) delete way.load();
  }
}

DistinctCounts::Kind* DistinctCounts::find(Set& set, std::uint64_t key) const {
  for (const std::atomic<Kind*>& way : set) {
    Kind* const kind = way.load(std::memory_order_acquire);
    if (kind != nullptr && kind->key.load(std::memory_order_acquire) == key) return kind;
  }
  return nullptr;
}

DistinctCounts::Kind* DistinctCounts::add(Set& set, std::uint64_t key, std::string_view name,
                                          std::int64_t hour) {
  const std::lock_guard lock(mutex_);
  if (Kind* const there = find(set, key)) return there; // another thread was first
  for (std::atomic<Kind*>& way : set) {
    Kind* kind = way.load(std::memory_order_relaxed);
    if (kind != nullptr && kind->was_seen_since(hour - 1)) continue;
    const bool is_new = kind == nullptr;
    if (is_new) kind = std::make_unique<Kind>().release(); // the set's, until the end
    kind->name = name;
    kind->key.store(key, std::memory_order_release);
    kind->of(hour);
    if (is_new) way.store(kind, std::memory_order_release);
    return kind;
  }
  return nullptr;
}

void DistinctCounts::note(std::string_view kind, std::uint64_t hash, std::chrono::sys_seconds now) {
  const std::uint64_t key = base::fingerprint(kind).low | 1;
  Set& set = sets_[(key >> 1) % kSets];
  const std::int64_t hour = hour_of(now);
  Kind* found = find(set, key);
  if (found == nullptr) found = add(set, key, kind, hour);
  if (found == nullptr) {
    uncounted_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  found->of(hour).add(hash);
}

std::vector<DistinctCounts::Row> DistinctCounts::rows(std::chrono::sys_seconds now) const {
  const std::int64_t hour = hour_of(now);
  const std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  for (const Set& set : sets_) {
    for (const std::atomic<Kind*>& way : set) {
      const Kind* const kind = way.load(std::memory_order_acquire);
      if (kind == nullptr || !kind->was_seen_since(hour - 1)) continue;
      rows.push_back({kind->name, kind->estimate(hour), kind->estimate(hour - 1)});
    }
  }
  std::ranges::sort(rows, {}, &Row::kind);
  return rows;
}

} // namespace selvedge::insight
