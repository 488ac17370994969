#include <selvedge/upstream/slow_start.hpp>

#include <algorithm>

namespace selvedge::upstream {

namespace {
constexpr double kLeastShare = 0.1; // enough to learn whether it works
} // namespace

std::int64_t nanoseconds_of(base::Steady time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

void mark_returned(ServerState& server, base::Steady now) {
  const std::int64_t out_until = server.ejected_until_ns.load(std::memory_order_relaxed);
  // 0 says that it was long ago.
  const std::int64_t from = std::max({nanoseconds_of(now), out_until, std::int64_t{1}});
  server.returned_at_ns.store(from, std::memory_order_relaxed);
}

double effective_weight(const ServerState& server, std::uint32_t weight, base::Millis slow_start,
                        base::Steady now) {
  const std::int64_t from = server.returned_at_ns.load(std::memory_order_relaxed);
  const std::int64_t elapsed = nanoseconds_of(now) - from;
  if (from == 0 || elapsed < 0 || slow_start.count() <= 0) return weight;
  const std::chrono::duration<double, std::nano> whole = slow_start;
  const double share = static_cast<double>(elapsed) / whole.count();
  return weight * std::clamp(share, kLeastShare, 1.0);
}

} // namespace selvedge::upstream
