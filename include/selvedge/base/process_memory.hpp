// Resident memory of this process in bytes; 0 where the system does not say. Thread: any.
#pragma once

#include <cstdint>

namespace selvedge::base {

std::uint64_t resident_bytes();

} // namespace selvedge::base
