// Other servers for an origin of a running node: what POST /v1/origins asks for, read and checked
// by the same records as the file. Thread: any.
#pragma once

#include <selvedge/upstream/options.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::config {

struct OriginChange {
  std::string origin;
  std::vector<upstream::ServerOptions> servers; // instead of all it has; empty: see below
  std::string server;                           // the one whose weight changes
  std::uint32_t weight = 1;
};

// {"name": ORIGIN, "servers": [...]} or {"name": ORIGIN, "server": ADDRESS, "weight": N}, as JSON
// or YAML. Throws ConfigError, one line a problem: "request:1:20: ...".
OriginChange parse_origin_change(std::string_view text);

// Something in an origin that does not fit together.
struct OriginProblem {
  std::string key; // "tls.key"
  std::string text;
};
std::vector<OriginProblem> problems_of(const upstream::OriginOptions& origin);

} // namespace selvedge::config
