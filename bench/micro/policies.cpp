#include "policies.hpp"

namespace selvedge::bench {

const std::vector<Policy>& policies() {
  static const std::vector<Policy> all{{"lru", cache::Eviction::lru},
                                       {"s3_fifo", cache::Eviction::s3_fifo},
                                       {"gdsf", cache::Eviction::gdsf}};
  return all;
}

void with_every_policy(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("policy");
  for (std::size_t i = 0; i < policies().size(); ++i) {
    benchmark->Arg(static_cast<std::int64_t>(i));
  }
}

cache::Eviction policy_of(benchmark::State& state) {
  const Policy& policy = policies().at(static_cast<std::size_t>(state.range(0)));
  if (state.thread_index() == 0) state.SetLabel(policy.name);
  return policy.eviction;
}

} // namespace selvedge::bench
