// GET /v1/bundles: which versions sessions hold, and how indexes fared. Thread: any.
#pragma once

#include "admin_answer.hpp"
#include "exposition.hpp"

#include <selvedge/server/node.hpp>

#include <chrono>
#include <cstdint>

namespace selvedge::server {

AdminAnswer bundles_answer(const Node& node, std::chrono::sys_seconds now);
// The same as metrics.
void write_bundles(Exposition& out, const Node& node, std::chrono::sys_seconds now);

} // namespace selvedge::server
