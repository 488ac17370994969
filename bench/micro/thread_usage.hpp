// What the calling thread has used of the machine. Thread: any.
#pragma once

#include <chrono>

namespace selvedge::bench {

// Its work, without the times when the system ran another one.
std::chrono::nanoseconds worked();
// How often it slept, as it does when it waits for a lock that another one holds.
long sleeps();

} // namespace selvedge::bench
