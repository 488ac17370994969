// What became of a flow's requests: by the phase in which they were due, and by tenths of a second.
// A request belongs to where it was due, whenever it ended. Owned and called by one thread.
#pragma once

#include "latencies.hpp"
#include "spike_line.hpp"
#include "spike_scenario.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <vector>

namespace selvedge::bench {

class SpikeTally {
public:
  SpikeTally(const Scenario& scenario, const FlowOptions& flow);

  // Each request is offered, then unsent, or sent and ended or unanswered.
  void offered(Us due);
  // It found no connection with room in time.
  void unsent(Us due);
  void sent(Us due, Us now);
  void ended(const EndedRequest& request, Us now, std::size_t tenant);
  // Still under way when nobody waits for it any more.
  void unanswered(Us due);

  nlohmann::json report();

private:
  struct Phase {
    PhaseSpan span;
    std::uint64_t offered = 0;
    std::uint64_t sent = 0;
    std::uint64_t ok = 0;
    std::uint64_t rejected = 0;
    std::uint64_t unsent = 0;
    std::uint64_t late = 0;       // answered after the timeout
    std::uint64_t unanswered = 0; // never
    std::uint64_t closed = 0;
    std::uint64_t error = 0;
    std::uint64_t bytes = 0;            // of content, of those that are ok
    Latencies latencies;                // of those that are ok
    Latencies delays;                   // from due to sent
    std::vector<std::uint64_t> tenants; // ok
  };
  // A tenth of a second.
  struct Slice {
    std::uint64_t offered = 0;
    std::uint64_t ok = 0;             // of those offered here
    std::uint64_t ended_ok = 0;       // that ended here
    std::uint64_t ended_rejected = 0; // likewise
    Latencies latencies{0};
  };

  Phase* phase_at(Us due);
  Slice& slice_at(Us time);
  void count_ok(const EndedRequest& request, Us latency, std::size_t tenant);

  Us timeout_;
  std::vector<Phase> phases_;
  std::vector<Slice> slices_;
};

} // namespace selvedge::bench
