// How many different things were seen of each of many kinds, in this hour and in the last one: two
// sketches a kind, in memory with an upper bound. A kind that was not seen for two hours gives its
// place to another. Thread: any; note() takes no lock but for the first thing of a kind.
#pragma once

#include <selvedge/insight/hyper_log_log.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::insight {

class DistinctCounts {
public:
  static constexpr std::size_t kSets = 64;
  static constexpr std::size_t kWays = 8; // kinds of a set; a kind's set is that of its hash

  struct Row {
    std::string kind;
    double this_hour = 0;
    double last_hour = 0;
  };

  DistinctCounts();
  ~DistinctCounts();
  DistinctCounts(const DistinctCounts&) = delete;
  DistinctCounts& operator=(const DistinctCounts&) = delete;

  // `hash` is a uniform hash of the thing. Not counted when there is no place for its kind.
  void note(std::string_view kind, std::uint64_t hash, std::chrono::sys_seconds now);
  // Of kinds that were seen in either hour, by name.
  std::vector<Row> rows(std::chrono::sys_seconds now) const;
  // Things that were not counted.
  std::uint64_t uncounted() const { return uncounted_.load(std::memory_order_relaxed); }

private:
  struct Kind;
  using Set = std::array<std::atomic<Kind*>, kWays>;

  Kind* find(Set& set, std::uint64_t key) const;
  Kind* add(Set& set, std::uint64_t key, std::string_view name, std::int64_t hour);

  std::array<Set, kSets> sets_{}; // a kind, once there, stays until the end: only its name changes
  mutable std::mutex mutex_;      // guards names, and who makes or changes a kind
  std::atomic<std::uint64_t> uncounted_{0};
};

} // namespace selvedge::insight
