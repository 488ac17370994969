// The families of /metrics that tell of load, tiers, identities and money. Bundles are not among
// their labels, for there may be many: /v1/economics has them. Thread: any.
#pragma once

#include "exposition.hpp"
#include "policy_report.hpp"

namespace selvedge::server {

void write_policy(Exposition& out, const PolicyReport& report);

} // namespace selvedge::server
