// GET /v1/origins: origins and their servers, as they are now. POST /v1/origins: other servers, or
// another weight, without a restart.
#pragma once

#include "admin_answer.hpp"
#include "origin_report.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::server {

struct AppliedChange {
  std::uint64_t generation = 0;
  std::vector<std::string> changes; // as config::differences() says them
};

// Puts what `make` makes of the configuration in force to use, as a reload does; no reload and no
// other change comes between. Throws what `make` throws, and what Node::apply() does: then nothing
// has changed. Thread: any.
using MakeConfig = std::function<config::Config(const config::Config& current)>;
using ChangeConfig = std::function<AppliedChange(const MakeConfig& make)>;

// Thread: any.
AdminAnswer origins_answer(const std::vector<OriginReport>& origins);

// {"name": ORIGIN, "servers": [...]}, with servers as in the configuration, or {"name": ORIGIN,
// "server": ADDRESS, "weight": N}. 400 for anything else, 404 for names that are not there.
AdminAnswer change_origin(std::string_view content, const ChangeConfig& change_config);

} // namespace selvedge::server
