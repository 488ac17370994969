// The node's numbers as Prometheus text (exposition format 0.0.4).
#pragma once

#include <selvedge/server/node.hpp>

#include <string>
#include <string_view>

namespace selvedge::server {

struct ReloadState {
  bool last_was_successful = true;
  std::chrono::sys_seconds last{};
};

// Thread: any.
std::string metrics_text(const Node& node, const ReloadState& reload, std::string_view version);

// Sums over all workers and routes.
struct RequestTotals {
  std::array<std::uint64_t, http::kCacheOutcomes> by_outcome{};
  std::uint64_t all() const;
  std::uint64_t hits() const;   // hit and stale
  std::uint64_t misses() const; // miss, collapsed and revalidated
};
RequestTotals request_totals(const Node& node);

} // namespace selvedge::server
