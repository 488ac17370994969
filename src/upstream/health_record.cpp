#include "health_record.hpp"

#include <selvedge/upstream/slow_start.hpp>

#include <limits>

namespace selvedge::upstream {

HealthRecord::HealthRecord(const HealthCheckOptions& options)
    : unhealthy_after_(options.unhealthy_after), healthy_after_(options.healthy_after) {}

HealthChange HealthRecord::on_check(ServerState& server, CheckResult result, base::Steady now) {
  const bool has_passed = result == CheckResult::passed;
  server.checks.fetch_add(1, std::memory_order_relaxed);
  if (!has_passed) server.failed_checks.fetch_add(1, std::memory_order_relaxed);
  if (result != last_) in_a_row_ = 0;
  last_ = result;
  if (in_a_row_ < std::numeric_limits<std::uint32_t>::max()) ++in_a_row_;
  const std::uint32_t needed = has_passed ? healthy_after_ : unhealthy_after_;
  if (is_decided_ && in_a_row_ < needed) return HealthChange::none;
  is_decided_ = true;
  if (server.is_healthy.load(std::memory_order_relaxed) == has_passed) return HealthChange::none;
  // First, so that nobody sees it healthy with all its weight.
  if (has_passed) mark_returned(server, now);
  server.is_healthy.store(has_passed, std::memory_order_release);
  return has_passed ? HealthChange::recovered : HealthChange::fell_ill;
}

base::Millis next_check_delay(base::Millis interval, double random) {
  const std::chrono::duration<double, std::milli> spread = interval * (0.9 + 0.2 * random);
  return std::chrono::round<base::Millis>(spread);
}

} // namespace selvedge::upstream
