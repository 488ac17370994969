// What the node knows of its origins and their servers, summed over the workers: for GET
// /v1/origins and for metrics.
#pragma once

#include <selvedge/server/node.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace selvedge::server {

struct ServerReport {
  upstream::ServerOptions options;
  double effective_weight = 0; // less than the configured one during slow start
  bool is_healthy = true;      // by active checks
  bool is_ejected = false;
  std::string_view ejection_reason; // "" when it is not out
  double ejected_for_s = 0;         // from now
  std::uint32_t consecutive_errors = 0;
  std::uint32_t in_flight = 0;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t checks = 0;
  std::uint64_t failed_checks = 0;
  std::uint64_t ejections = 0; // since the server is known
  double latency_s = 0;        // to the head of the answer, smoothed; 0: unknown

  double cost() const; // of what was received, in the currency of the accounts
};

// Fetches that no server was asked for.
struct RefusedFetches {
  std::uint64_t by_queue = 0;    // no room, and too many waited already
  std::uint64_t by_wait = 0;     // waited for room, and got none in time
  std::uint64_t by_breaker = 0;  // it is open
  std::uint64_t by_throttle = 0; // the servers refuse too much of what they are asked
};

struct OriginReport {
  std::string name;
  upstream::OriginKind kind = upstream::OriginKind::http;
  upstream::Balance balance = upstream::Balance::round_robin;
  std::vector<ServerReport> servers;
  std::size_t workers = 0;       // each has a breaker
  std::size_t open_breakers = 0; // of them
  std::uint64_t panics = 0;      // fetches from servers that are not well, for want of others
  std::uint64_t in_flight = 0;
  std::uint64_t waiting = 0; // for room, now
  std::uint64_t waited = 0;
  std::uint64_t limit = 0; // of fetches under way
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t retries = 0;
  std::uint64_t hedges = 0;
  std::uint64_t hedges_won = 0;
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_reused = 0;
  std::uint64_t bytes_received = 0;
  RefusedFetches refused;
};

// In the order of the configuration. Thread: any.
std::vector<OriginReport> collect(const Node& node, base::Steady now);

} // namespace selvedge::server
