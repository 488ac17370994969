// What the policy and the load have done to the node's clients, as values, summed over its workers:
// for the admin API and the metrics. Thread: any.
#pragma once

#include <selvedge/server/node.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace selvedge::server {

struct LaneReport {
  std::uint64_t turns = 0;
  std::uint64_t waiting = 0; // now
  double spent_s = 0;
  double delay_s = 0; // from ready to their turns, all turns together
  std::array<std::uint64_t, overload::LaneCounters::kBounds.size() + 1> delays{};

  void add(const LaneReport& other);
  double mean_delay_s() const { return turns == 0 ? 0 : delay_s / static_cast<double>(turns); }
};
using LaneReports = std::array<LaneReport, overload::kLanes>;

struct WorkerReport {
  unsigned worker = 0;
  overload::LoadLevel level = overload::LoadLevel::calm;
  std::uint64_t admitted_level = 0; // of overload::kLevels
  double busy = 0;                  // share of a core, of late
  double busy_s = 0;                // since the start
  double refused_s = 0;             // of it, for answers that only say no
  bool strangers_wait = false;
  LaneReports lanes;
};

using ShedCounts = std::array<std::uint64_t, proxy::kShedReasons>;

struct TierReport {
  policy::TierOptions options;
  std::uint64_t served = 0;
  std::uint64_t failed = 0;
  ShedCounts shed{};
  std::array<std::uint64_t, proxy::RouteCounters::kBounds.size() + 1> durations{};
  double duration_s = 0; // of all that were served
  std::uint64_t content_bytes = 0;

  void add(const proxy::TierCounters& counters);
  std::uint64_t shed_in_all() const;
  // Of all requests, those with a good answer; 1 when there were none.
  double availability() const;
  // Estimated from the buckets, as Prometheus' histogram_quantile() does; 0 when nothing was
  // served.
  double p99_s() const;
};

struct IdentityReport {
  std::uint64_t verified = 0, cached = 0, expired = 0, forged = 0;
  std::uint64_t refused = 0, malformed = 0, oversized = 0, untiered = 0;
  std::uint64_t api_keys_unknown = 0;
};

struct PolicyReport {
  std::string version;
  std::string currency;
  std::vector<WorkerReport> workers;
  std::vector<TierReport> tiers;
  std::vector<policy::LedgerRow> ledger; // of these tiers
  std::array<ShedCounts, overload::kImportances> shed{};
  IdentityReport identity;
  overload::TenantLimits::Stats limits;
  std::uint64_t handshakes_full = 0;
  std::uint64_t handshakes_resumed = 0;
  std::uint64_t streams_deferred = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t memory_limit = 0; // 0: none

  overload::LoadLevel level() const; // the highest of the workers
  LaneReports lanes() const;         // of all workers together
};

PolicyReport collect_policy(const Node& node);
// The highest of the workers.
overload::LoadLevel load_level(const Node& node);

// Amounts of the ledger are in millionths.
constexpr double in_currency(std::uint64_t millionths) {
  return static_cast<double>(millionths) / 1e6;
}

// The bound below which that share of what was counted lies, by counts of buckets with these upper
// bounds; the last bucket has none, and stands for its lower one. 0 when nothing was counted.
double quantile(double share, std::span<const std::uint64_t> counts,
                std::span<const std::uint32_t> bounds);

} // namespace selvedge::server
