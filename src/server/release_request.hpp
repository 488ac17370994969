// What is posted to /v1/releases:..., read and checked. Pure.
#pragma once

#include <selvedge/proxy/release_order.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace selvedge::server {

struct ReleaseRequest {
  std::string url;           // of the route; empty: there is only one
  proxy::ReleaseOrder order; // of promote: the canary; of all: who and why
  bool at_once = false;      // of rollback
};

enum class ReleaseVerb : std::uint8_t { publish, promote, rollback };

// The request, or what is wrong with it. Times are `now`.
std::variant<ReleaseRequest, std::string>
read_release_request(std::string_view content, ReleaseVerb verb, std::chrono::sys_seconds now);

} // namespace selvedge::server
