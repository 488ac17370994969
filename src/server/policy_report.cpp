#include "policy_report.hpp"

#include <selvedge/base/process_memory.hpp>

#include <algorithm>
#include <numeric>

namespace selvedge::server {

using overload::Lane;
using overload::LoadLevel;

namespace {

LoadLevel level_of(const net::WorkerLoad& load) {
  return static_cast<LoadLevel>(
      std::min<std::uint64_t>(load.level.value(), overload::kLoadLevels - 1));
}

LaneReport report_of(const overload::LaneCounters& counters) {
  LaneReport report;
  report.turns = counters.turns.value();
  report.waiting = counters.waiting.value();
  report.spent_s = static_cast<double>(counters.spent_ns.value()) / 1e9;
  report.delay_s = static_cast<double>(counters.delay_ns.value()) / 1e9;
  for (std::size_t i = 0; i < report.delays.size(); ++i) {
    report.delays[i] = counters.delays[i].value();
  }
  return report;
}

WorkerReport report_of(const net::Worker& worker) {
  const net::WorkerLoad& load = worker.load_seen();
  WorkerReport report;
  report.worker = worker.index();
  report.level = level_of(load);
  report.admitted_level = load.admitted.value();
  report.busy = static_cast<double>(load.busy_permille.value()) / 1e3;
  report.busy_s = static_cast<double>(load.busy_us.value()) / 1e6;
  report.refused_s = static_cast<double>(load.refused_us.value()) / 1e6;
  report.strangers_wait = load.strangers_wait.value() != 0;
  for (std::size_t i = 0; i < overload::kLanes; ++i) {
    report.lanes[i] = report_of(worker.lane_counters(static_cast<Lane>(i)));
  }
  return report;
}

void add(IdentityReport& to, const policy::IdentityCounters& counters) {
  to.verified += counters.tokens_verified.value();
  to.cached += counters.tokens_cached.value();
  to.expired += counters.tokens_expired.value();
  to.forged += counters.tokens_forged.value();
  to.refused += counters.tokens_refused.value();
  to.malformed += counters.tokens_malformed.value();
  to.oversized += counters.tokens_oversized.value();
  to.untiered += counters.tokens_untiered.value();
  to.api_keys_unknown += counters.api_keys_unknown.value();
}

void add_worker(PolicyReport& to, const Node& node, std::size_t worker) {
  to.workers.push_back(report_of(node.worker(worker)));
  add(to.identity, node.identity_counters(worker));
  const proxy::ProxyCounters& counters = node.proxy_counters(worker);
  for (std::size_t i = 0; i < to.shed.size(); ++i) {
    for (std::size_t r = 0; r < proxy::kShedReasons; ++r) {
      to.shed[i][r] += counters.shed[i][r].value();
    }
  }
  const downstream::Counters& connections = node.connections().counters(worker);
  to.handshakes_full += connections.handshakes_full.value();
  to.handshakes_resumed += connections.handshakes_resumed.value();
  to.streams_deferred += connections.deferred_streams.value();
}

// By the accounts: a policy that comes into force meanwhile may have other tiers.
void add_accounts(PolicyReport& to, const std::vector<proxy::AccountsPtr>& accounts,
                  const policy::PolicySet& set) {
  std::vector<const policy::Ledger*> ledgers;
  for (const std::string& name : accounts.front()->tiers) {
    TierReport tier;
    if (const auto known = set.tier_of(name)) tier.options = set.tiers()[*known];
    tier.options.name = name;
    to.tiers.push_back(std::move(tier));
  }
  for (const proxy::AccountsPtr& one : accounts) {
    ledgers.push_back(&one->ledger);
    for (std::size_t i = 0; i < to.tiers.size(); ++i) to.tiers[i].add(one->by_tier[i]);
  }
  to.ledger = policy::Ledger::sum(ledgers);
}

} // namespace

void LaneReport::add(const LaneReport& other) {
  turns += other.turns;
  waiting += other.waiting;
  spent_s += other.spent_s;
  delay_s += other.delay_s;
  for (std::size_t i = 0; i < delays.size(); ++i) delays[i] += other.delays[i];
}

void TierReport::add(const proxy::TierCounters& counters) {
  served += counters.served.value();
  failed += counters.failed.value();
  for (std::size_t i = 0; i < shed.size(); ++i) shed[i] += counters.shed[i].value();
  for (std::size_t i = 0; i < durations.size(); ++i) durations[i] += counters.durations[i].value();
  duration_s += static_cast<double>(counters.duration_us.value()) / 1e6;
  content_bytes += counters.content_bytes.value();
}

std::uint64_t TierReport::shed_in_all() const {
  return std::accumulate(shed.begin(), shed.end(), std::uint64_t{0});
}

double TierReport::availability() const {
  const std::uint64_t all = served + failed + shed_in_all();
  return all == 0 ? 1 : static_cast<double>(served) / static_cast<double>(all);
}

double TierReport::p99_s() const {
  return quantile(0.99, durations, proxy::RouteCounters::kBounds) / 1e6;
}

LoadLevel PolicyReport::level() const {
  LoadLevel highest = LoadLevel::calm;
  for (const WorkerReport& worker : workers) highest = std::max(highest, worker.level);
  return highest;
}

LaneReports PolicyReport::lanes() const {
  LaneReports all;
  for (const WorkerReport& worker : workers) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i].add(worker.lanes[i]);
  }
  return all;
}

PolicyReport collect_policy(const Node& node) {
  const proxy::PolicingPtr policing = node.policing();
  const policy::PolicyOptions& options = policing->set->options();
  PolicyReport report;
  report.version = options.version;
  report.currency = options.economics.currency;
  for (std::size_t i = 0; i < node.workers(); ++i) add_worker(report, node, i);
  add_accounts(report, node.accounts(), *policing->set);
  report.limits = node.tenant_limits().stats();
  report.resident_bytes = base::resident_bytes();
  report.memory_limit = options.overload.memory;
  return report;
}

LoadLevel load_level(const Node& node) {
  LoadLevel highest = LoadLevel::calm;
  for (std::size_t i = 0; i < node.workers(); ++i) {
    highest = std::max(highest, level_of(node.worker(i).load_seen()));
  }
  return highest;
}

double quantile(double share, std::span<const std::uint64_t> counts,
                std::span<const std::uint32_t> bounds) {
  const auto all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (all == 0) return 0;
  const double rank = share * static_cast<double>(all);
  double below = 0;
  double lower = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    const double upper = bounds[i];
    if (here > 0 && below + here >= rank) return lower + (upper - lower) * (rank - below) / here;
    below += here;
    lower = upper;
  }
  return lower;
}

} // namespace selvedge::server
