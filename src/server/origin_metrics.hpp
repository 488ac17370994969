// The families of /metrics that tell of origins and their servers. Thread: any.
#pragma once

#include "exposition.hpp"
#include "origin_report.hpp"

#include <vector>

namespace selvedge::server {

void write_origins(Exposition& out, const std::vector<OriginReport>& origins);

} // namespace selvedge::server
