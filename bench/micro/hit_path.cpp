// The steps of a hit beside the lookup: the key and the decision.
#include "allocations.hpp"
#include "responses.hpp"

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/decide.hpp>

namespace selvedge::bench {

namespace {

void decide_fresh_hit(benchmark::State& state) {
  const base::Instant now{base::Steady{std::chrono::hours{1}}, {}};
  const auto stored = asset(1, 2000, now.steady, nullptr);
  const http::RequestHead request = asset_request();
  const cache::CachePolicy policy;
  const AllocationCount count;
  for (auto _ : state) {
    const cache::CacheDecision decision = cache::decide(request, stored.get(), now, policy);
    if (decision.action != cache::Action::serve) state.SkipWithError("not served");
    benchmark::DoNotOptimize(decision);
  }
  count.require_none(state, "decide_fresh_hit");
}
BENCHMARK(decide_fresh_hit);

void decide_with_request_directives(benchmark::State& state) {
  const base::Instant now{base::Steady{std::chrono::hours{1}}, {}};
  const auto stored = asset(1, 2000, now.steady, nullptr);
  http::RequestHead request = asset_request();
  request.fields.add("cache-control", "max-age=600, min-fresh=10");
  const cache::CachePolicy policy{.clients_may_revalidate = true};
  const AllocationCount count;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache::decide(request, stored.get(), now, policy));
  }
  count.require_none(state, "decide_with_request_directives");
}
BENCHMARK(decide_with_request_directives);

void make_cache_key(benchmark::State& state) {
  const http::RequestHead request = asset_request();
  base::Arena arena;
  const AllocationCount count;
  for (auto _ : state) {
    arena.clear();
    benchmark::DoNotOptimize(
        cache::make_cache_key(request.scheme, request.authority, request.target, arena));
  }
  count.require_none(state, "make_cache_key");
}
BENCHMARK(make_cache_key);

void selects_variant(benchmark::State& state) {
  const auto stored = asset(1, 2000, {}, nullptr);
  const http::RequestHead request = asset_request();
  const AllocationCount count;
  for (auto _ : state) {
    const bool is_selected = cache::selects(*stored, request);
    if (!is_selected) state.SkipWithError("not selected");
    benchmark::DoNotOptimize(is_selected);
  }
  count.require_none(state, "selects_variant");
}
BENCHMARK(selects_variant);

} // namespace

} // namespace selvedge::bench
