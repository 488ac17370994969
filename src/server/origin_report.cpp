#include "origin_report.hpp"

#include <selvedge/upstream/origin.hpp>
#include <selvedge/upstream/origin_state.hpp>
#include <selvedge/upstream/slow_start.hpp>

#include <algorithm>
#include <map>

namespace selvedge::server {
namespace {

using upstream::OriginCounters;
using upstream::OriginOptions;
using upstream::OriginState;
using upstream::ServerState;

void note_ejection(ServerReport& report, const ServerState& state, base::Steady now) {
  report.is_ejected = state.is_ejected(now);
  if (!report.is_ejected) return;
  const std::chrono::nanoseconds until{state.ejected_until_ns.load(std::memory_order_relaxed)};
  report.ejection_reason = name(state.ejection_reason.load(std::memory_order_relaxed));
  report.ejected_for_s = std::chrono::duration<double>(until - now.time_since_epoch()).count();
}

void fill(ServerReport& report, const ServerState& state, base::Millis slow_start,
          base::Steady now) {
  const auto value = [](const auto& number) { return number.load(std::memory_order_relaxed); };
  report.effective_weight =
      upstream::effective_weight(state, report.options.weight, slow_start, now);
  report.is_healthy = value(state.is_healthy);
  note_ejection(report, state, now);
  report.consecutive_errors = value(state.consecutive_errors);
  report.in_flight = value(state.inflight);
  report.requests = value(state.requests);
  report.failures = value(state.failures);
  report.bytes_received = value(state.bytes_received);
  report.checks = value(state.checks);
  report.failed_checks = value(state.failed_checks);
  report.ejections = value(state.total_ejections);
  report.latency_s = static_cast<double>(value(state.latency_us)) / 1e6;
}

// Servers are found by address: a reload may come between reading the options and the state.
void fill(OriginReport& report, const OriginState& state, base::Millis slow_start,
          base::Steady now) {
  for (ServerReport& server : report.servers) {
    const auto found =
        std::find_if(state.servers.begin(), state.servers.end(),
                     [&](const auto& one) { return one->address == server.options.address; });
    if (found != state.servers.end()) fill(server, **found, slow_start, now);
  }
}

// What one worker counted.
void add(OriginReport& report, const OriginCounters& counters) {
  ++report.workers;
  if (counters.breaker_is_open.value() != 0) ++report.open_breakers;
  report.panics += counters.panics.value();
  report.in_flight += counters.inflight.value();
  report.waiting += counters.waiting.value();
  report.waited += counters.queued.value();
  report.limit += counters.limit.value();
  report.requests += counters.requests.value();
  report.errors += counters.errors.value();
  report.timeouts += counters.timeouts.value();
  report.retries += counters.retries.value();
  report.hedges += counters.hedges.value();
  report.hedges_won += counters.hedges_won.value();
  report.connections_opened += counters.connections.value();
  report.connections_reused += counters.reused.value();
  report.bytes_received += counters.bytes_read.value();
  report.refused.by_queue += counters.refused_queue.value();
  report.refused.by_wait += counters.refused_wait.value();
  report.refused.by_breaker += counters.refused_breaker.value();
  report.refused.by_throttle += counters.refused_throttle.value();
}

OriginReport configured(const OriginOptions& options) {
  OriginReport report;
  report.name = options.name;
  report.kind = options.kind;
  report.balance = options.balance;
  for (const upstream::ServerOptions& server : options.servers) {
    ServerReport& one = report.servers.emplace_back();
    one.options = server;
    one.effective_weight = server.weight;
  }
  return report;
}

} // namespace

double ServerReport::cost() const {
  constexpr double kGiB = 1u << 30;
  return options.cost * static_cast<double>(bytes_received) / kGiB;
}

std::vector<OriginReport> collect(const Node& node, base::Steady now) {
  const auto config = node.config();
  std::vector<OriginReport> reports;
  std::map<std::string, std::size_t> places;
  for (const OriginOptions& options : config->origins) {
    places.emplace(options.name, reports.size());
    reports.push_back(configured(options));
  }
  node.visit_origins([&](const std::string& name, const upstream::Origin& origin) {
    const auto place = places.find(name);
    if (place == places.end()) return;
    OriginReport& report = reports[place->second];
    // The state is of all workers, so once is enough.
    const upstream::OriginStatePtr state = origin.state();
    if (state && report.workers == 0) {
      fill(report, *state, config->origins[place->second].slow_start, now);
    }
    add(report, origin.counters());
  });
  return reports;
}

} // namespace selvedge::server
