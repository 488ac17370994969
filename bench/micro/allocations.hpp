// Counts what a benchmark allocates, whoever asks for it, nghttp2 and OpenSSL included:
// allocations.cpp stands in front of the program's malloc.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace selvedge::bench {

// Calls of malloc, calloc, realloc and their kin (and so of operator new) on this thread so far.
std::uint64_t allocations();

// From its construction to one of the calls below, each of which reports "allocs", the mean of an
// iteration. Those that require something abort the program with the benchmark's name and the
// figure when it does not hold.
class AllocationCount {
public:
  AllocationCount() : before_(allocations()) {}

  // What is allocated in between does not count.
  void pause() { paused_at_ = allocations(); }
  void resume() { before_ += allocations() - paused_at_; }

  double of_an_iteration(const benchmark::State& state) const;
  void require_none(benchmark::State& state, const char* what) const;
  void require_exactly(benchmark::State& state, const char* what, double expected) const;
  void require_at_most(benchmark::State& state, const char* what, double limit) const;

private:
  std::uint64_t before_;
  std::uint64_t paused_at_ = 0;
};

} // namespace selvedge::bench
