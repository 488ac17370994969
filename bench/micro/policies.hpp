// Every eviction policy, so that what is measured of one is measured of all.
#pragma once

#include <selvedge/cache/eviction_policy.hpp>

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace selvedge::bench {

struct Policy {
  const char* name;
  cache::Eviction eviction;
};

const std::vector<Policy>& policies();
// One run for each of them; its number is the argument.
void with_every_policy(benchmark::internal::Benchmark* benchmark);
// The policy of this run, whose name becomes the label.
cache::Eviction policy_of(benchmark::State& state);

} // namespace selvedge::bench
