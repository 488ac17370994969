// The memory cache beside its hits (store_find.cpp): a lookup that finds nothing, and insertion
// into a full store.
#include "allocations.hpp"
#include "policies.hpp"
#include "responses.hpp"

#include <selvedge/cache/store.hpp>

#include <string>
#include <vector>

namespace selvedge::bench {

namespace {

constexpr std::size_t kObjectBytes = 2000;

void store_miss(benchmark::State& state) {
  constexpr std::size_t kObjects = 10000;
  cache::Store store({});
  for (std::size_t i = 0; i < kObjects; ++i) {
    store.insert(asset(i, kObjectBytes, {}, &store.ledger()));
  }
  const std::string url = asset_url(kObjects + 1);
  const cache::CacheKey key{url, base::fingerprint(url)};
  const http::RequestHead request = asset_request();
  const AllocationCount count;
  for (auto _ : state) benchmark::DoNotOptimize(store.find(key, request));
  count.require_none(state, "store_miss");
}
BENCHMARK(store_miss);

// Each insertion into a full store evicts one response and frees it. What is inserted was made
// outside of the measurement, a batch at a time.
void store_insert_and_evict(benchmark::State& state) {
  constexpr std::size_t kBatch = 128;
  cache::Store store({.size = 32u << 20, .eviction = policy_of(state)});
  std::size_t number = 0;
  // Until the policy has seen several times what it holds, and what it remembers has grown.
  while (store.stats().evictions < 4 * store.stats().objects) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      store.insert(asset(number++, kObjectBytes, {}, &store.ledger()));
    }
  }
  std::vector<boost::intrusive_ptr<cache::StoredResponse>> batch;
  batch.reserve(kBatch);
  AllocationCount count;
  for (auto _ : state) {
    if (batch.empty()) {
      state.PauseTiming();
      count.pause();
      while (batch.size() < kBatch) {
        batch.push_back(asset(number++, kObjectBytes, {}, &store.ledger()));
      }
      count.resume();
      state.ResumeTiming();
    }
    store.insert(std::move(batch.back()));
    batch.pop_back();
  }
  // Not one for each: an index that grows, and the blocks of a queue that moves on.
  count.require_at_most(state, "store_insert_and_evict", 0.1);
  if (store.ledger().bytes() > store.stats().limit) state.SkipWithError("over the limit");
}
BENCHMARK(store_insert_and_evict)->Apply(with_every_policy)->Iterations(1 << 17);

} // namespace

} // namespace selvedge::bench
