// What checks of one server say about its health. Thread: the one worker that sends the checks.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/upstream/options.hpp>
#include <selvedge/upstream/origin_state.hpp>
#include <selvedge/upstream/status_range.hpp>

#include <cstdint>

namespace selvedge::upstream {

enum class CheckResult : std::uint8_t { failed, passed };
enum class HealthChange : std::uint8_t { none, fell_ill, recovered };

class HealthRecord {
public:
  explicit HealthRecord(const HealthCheckOptions& options);

  // Counts the check and sets the server's is_healthy, at once by the first one, later when enough
  // in a row say the same. A server that recovers starts slowly.
  HealthChange on_check(ServerState& server, CheckResult result, base::Steady now);

private:
  const std::uint32_t unhealthy_after_;
  const std::uint32_t healthy_after_;
  CheckResult last_ = CheckResult::failed;
  std::uint32_t in_a_row_ = 0; // like the last one; 0: none yet
  bool is_decided_ = false;
};

// From one check to the next: give or take a tenth. `random` is in [0, 1).
base::Millis next_check_delay(base::Millis interval, double random);

} // namespace selvedge::upstream
