// The memory cache: a hit by one and by two threads, and insertion into a full store.
#include "allocations.hpp"
#include "responses.hpp"

#include <selvedge/cache/store.hpp>

#include <memory>
#include <string>
#include <vector>

namespace selvedge::bench {

namespace {

// Of the working set: one that stays in the processor's caches, and one that does not.
constexpr std::size_t kFew = 400;
constexpr std::size_t kMany = 10000;
constexpr std::size_t kObjectBytes = 2000;

cache::Eviction eviction_of(const benchmark::State& state) {
  return state.range(0) == 0 ? cache::Eviction::lru : cache::Eviction::s3_fifo;
}

// Built by the first thread of a run and shared by all of them.
struct Filled {
  std::unique_ptr<cache::Store> store;
  std::vector<std::string> urls;
  std::vector<cache::CacheKey> keys;
};

void fill(Filled& filled, cache::Eviction eviction, std::size_t objects) {
  filled.store = std::make_unique<cache::Store>(cache::Store::Options{.eviction = eviction});
  for (std::size_t i = 0; i < objects; ++i) {
    filled.urls.push_back(asset_url(i));
    filled.store->insert(asset(i, kObjectBytes, {}, &filled.store->ledger()));
  }
  for (const std::string& url : filled.urls) filled.keys.push_back({url, base::fingerprint(url)});
}

Filled shared_by_threads;

void store_find(benchmark::State& state) {
  const auto objects = static_cast<std::size_t>(state.range(1));
  if (state.thread_index() == 0) fill(shared_by_threads, eviction_of(state), objects);
  const http::RequestHead request = asset_request();
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 4999;
  benchmark::IterationCount found = 0;
  const AllocationCount count;
  for (auto _ : state) {
    at = (at + 7919) % objects;
    cache::StoredResponsePtr hit =
        shared_by_threads.store->find(shared_by_threads.keys[at], request);
    found += hit != nullptr ? 1 : 0;
    benchmark::DoNotOptimize(hit);
  }
  count.require_none(state, "store_find");
  if (found != state.iterations()) state.SkipWithError("a stored response was not found");
  if (state.thread_index() == 0) shared_by_threads = Filled{};
}
BENCHMARK(store_find)
    ->ArgNames({"s3_fifo", "objects"})
    ->ArgsProduct({{0, 1}, {kFew, kMany}})
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

void store_miss(benchmark::State& state) {
  Filled filled;
  fill(filled, cache::Eviction::lru, kMany);
  const std::string url = asset_url(kMany + 1);
  const cache::CacheKey key{url, base::fingerprint(url)};
  const http::RequestHead request = asset_request();
  const AllocationCount count;
  for (auto _ : state) benchmark::DoNotOptimize(filled.store->find(key, request));
  count.require_none(state, "store_miss");
}
BENCHMARK(store_miss);

// Each insertion into a full store evicts one response; making the response is part of it.
void store_insert_and_evict(benchmark::State& state) {
  cache::Store store({.size = 16u << 20, .eviction = eviction_of(state)});
  std::size_t number = 0;
  while (store.stats().evictions == 0) {
    store.insert(asset(number++, kObjectBytes, {}, &store.ledger()));
  }
  const AllocationCount count;
  for (auto _ : state) store.insert(asset(number++, kObjectBytes, {}, &store.ledger()));
  count.report(state);
  if (store.ledger().bytes() > store.stats().limit) state.SkipWithError("over the limit");
}
BENCHMARK(store_insert_and_evict)->ArgName("s3_fifo")->Arg(0)->Arg(1);

} // namespace

} // namespace selvedge::bench
