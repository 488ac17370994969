// What content codings have cost and spared, for /metrics.
#pragma once

#include <selvedge/server/node.hpp>

namespace selvedge::server {

class Exposition;
void write_codings(Exposition& out, const Node& node);

} // namespace selvedge::server
