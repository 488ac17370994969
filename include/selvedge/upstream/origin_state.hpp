// What all workers know of the servers of an origin: it outlives a reload, server by server.
// Thread: any.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/upstream/options.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::upstream {

// Counted by every worker, taken by the comparison of servers (see OutlierDetector).
struct ServerWindow {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> latency_us{0}; // the sum, of fetches that did not fail, to the head
};

// Why a server is out; none: it is not.
enum class EjectionReason : std::uint8_t { none, consecutive_errors, success_rate, latency };
std::string_view name(EjectionReason reason); // "success_rate"

struct ServerState {
  explicit ServerState(std::string server_address) : address(std::move(server_address)) {}
  const std::string address;
  std::atomic<bool> is_healthy{true}; // by active checks
  std::atomic<std::uint32_t> consecutive_errors{0};
  std::atomic<std::uint32_t> ejections{0};       // in a row; falls again while it is well
  std::atomic<std::int64_t> ejected_until_ns{0}; // of the steady clock; 0: it is not out
  std::atomic<EjectionReason> ejection_reason{EjectionReason::none};
  std::atomic<std::int64_t> returned_at_ns{0}; // came back, or is new: slow start; 0: long ago
  std::atomic<std::uint32_t> inflight{0};      // fetches, of all workers
  std::atomic<std::uint64_t> latency_us{0}; // smoothed, to the head; of the worker that knew last
  ServerWindow window;
  // For people: totals since the server is known.
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::uint64_t> checks{0};
  std::atomic<std::uint64_t> failed_checks{0};
  std::atomic<std::uint64_t> total_ejections{0};

  bool is_ejected(base::Steady now) const {
    return ejected_until_ns.load(std::memory_order_relaxed) >
           now.time_since_epoch() / std::chrono::nanoseconds(1);
  }
};

// The servers in the order of OriginOptions::servers. Immutable; the states are shared with the
// OriginState before it where addresses are the same.
struct OriginState {
  // A server that the state before did not have starts slowly, from `now` on.
  OriginState(const OriginOptions& options, base::Steady now, const OriginState* before = nullptr);
  std::vector<std::shared_ptr<ServerState>> servers;
};
using OriginStatePtr = std::shared_ptr<const OriginState>;

} // namespace selvedge::upstream
