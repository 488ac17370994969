// Statuses as an option names them: "200", "200-399". Thread: any.
#pragma once

#include <selvedge/http/status.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace selvedge::upstream {

struct StatusRange {
  http::Status first = 200;
  http::Status last = 200; // included

  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

// Nothing for a text that is none: it has three digits, or twice three with a hyphen between them,
// within 100-599 (RFC 9110, 15) and in this order.
std::optional<StatusRange> parse_status_range(std::string_view text);

bool contains(std::span<const StatusRange> ranges, http::Status status);

} // namespace selvedge::upstream
