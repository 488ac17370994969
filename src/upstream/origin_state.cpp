#include <selvedge/upstream/origin_state.hpp>

#include <selvedge/upstream/slow_start.hpp>

#include <algorithm>

namespace selvedge::upstream {

std::string_view name(EjectionReason reason) {
  switch (reason) {
  case EjectionReason::none:
    return "none";
  case EjectionReason::consecutive_errors:
    return "consecutive_errors";
  case EjectionReason::success_rate:
    return "success_rate";
  case EjectionReason::latency:
    return "latency";
  }
  return "none";
}

OriginState::OriginState(const OriginOptions& options, base::Steady now,
                         const OriginState* before) {
  for (const ServerOptions& server : options.servers) {
    std::shared_ptr<ServerState> known;
    if (before != nullptr) {
      const auto place =
          std::find_if(before->servers.begin(), before->servers.end(),
                       [&server](const auto& state) { return state->address == server.address; });
      if (place != before->servers.end()) known = *place;
    }
    const bool is_new = known == nullptr;
    if (is_new) known = std::make_shared<ServerState>(server.address);
    if (is_new && before != nullptr) mark_returned(*known, now);
    // Nobody would ever find out that it is well again.
    if (options.health.path.empty()) known->is_healthy.store(true, std::memory_order_relaxed);
    servers.push_back(std::move(known));
  }
}

} // namespace selvedge::upstream
