// Counts what a benchmark allocates: allocations.cpp replaces the program's operator new.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace selvedge::bench {

// Calls of operator new on this thread so far.
std::uint64_t allocations();

// Reports "allocs", the mean of an iteration, from its construction to report().
class AllocationCount {
public:
  AllocationCount() : before_(allocations()) {}
  void report(benchmark::State& state) const;
  // For what a hit does: aborts the program, with the benchmark's name, if anything was allocated.
  void require_none(benchmark::State& state, const char* what) const;

private:
  std::uint64_t before_;
};

} // namespace selvedge::bench
