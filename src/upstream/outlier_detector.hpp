// Leaves servers out for a while that fail in a row, or do worse than the others of their group.
// Holds no state but options: what it knows is in the ServerStates, which all workers share.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/upstream/options.hpp>
#include <selvedge/upstream/origin_state.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace selvedge::upstream {

// For the log of events.
struct EjectionEvent {
  enum class Kind : std::uint8_t { ejected, returned };
  Kind kind = Kind::ejected;
  EjectionReason reason = EjectionReason::none;
  std::size_t server = 0; // index in the group
  base::Steady until{};   // when it returns, or did
  double observed = 0;    // errors in a row; the success rate; the mean latency in seconds
  double allowed = 0;     // the bound that was passed, in the same unit
};

// What a fetch was like, for its server.
struct FetchOutcome {
  bool is_ok = false;
  std::chrono::nanoseconds latency{0}; // until the head was there; of those that are ok
};

class OutlierDetector {
public:
  using Servers = std::span<const std::shared_ptr<ServerState>>;

  explicit OutlierDetector(const EjectionOptions& options) : options_(options) {}

  // Counts in the server's window, and ejects it after so many errors in a row; of workers that
  // see it at once, one does. Total counts for people are the caller's.
  // Thread: any, without locks.
  std::optional<EjectionEvent> on_result(Servers servers, std::size_t server, FetchOutcome outcome,
                                         base::Steady now) const;

  // Takes the windows, which begin anew, and compares the servers with each other; ends ejections
  // and forgives old ones.
  // Thread: one worker of all, each EjectionOptions::interval.
  std::vector<EjectionEvent> compare(Servers servers, base::Steady now) const;

private:
  // What one window says of a server that is in.
  struct Sample {
    std::size_t server;
    double requests;
    double failures;
    double latency_s; // the sum, of those that did not fail
  };
  struct Outlier {
    std::size_t server;
    double observed;
    double allowed;
  };

  std::optional<EjectionEvent> end_ejection(ServerState& state, std::size_t server,
                                            base::Steady now) const;
  // Those that failed too often, worst first.
  std::vector<Outlier> worst_by_success(std::span<const Sample> samples) const;
  // Those that are too slow, worst first.
  std::vector<Outlier> worst_by_latency(std::span<const Sample> samples) const;
  std::optional<EjectionEvent> eject(Servers servers, Outlier outlier, EjectionReason reason,
                                     base::Steady now) const;
  // Whether the group can do without the server: no more than max_share are out with it, and
  // another one is well.
  bool may_be_out(Servers servers, std::size_t server, base::Steady now) const;

  const EjectionOptions options_;
};

} // namespace selvedge::upstream
