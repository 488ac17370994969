// A server that comes back, or is new, is asked little at first: its caches and connections are
// cold. Thread: any.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/upstream/origin_state.hpp>

#include <cstdint>

namespace selvedge::upstream {

// As the atomic members of ServerState keep it.
std::int64_t nanoseconds_of(base::Steady time);

// From now on, or from the end of the ejection that it is in.
void mark_returned(ServerState& server, base::Steady now);

// Grows from a tenth to the whole within `slow_start`. In full for one that is still out: so much
// of its group is missing.
double effective_weight(const ServerState& server, std::uint32_t weight, base::Millis slow_start,
                        base::Steady now);

} // namespace selvedge::upstream
