// A hit in the memory cache by one thread, by as many as this machine has cores, and by many more
// than it has: what it costs each of them, and whether they wait for each other.
#include "allocations.hpp"
#include "policies.hpp"
#include "responses.hpp"
#include "thread_usage.hpp"

#include <selvedge/cache/store.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace selvedge::bench {

namespace {

constexpr std::size_t kObjectBytes = 500;
constexpr std::size_t kDraws = 1u << 18;

// What is asked for, as numbers of objects.
enum class Demand {
  uniform,
  zipf,   // the k-th most popular in proportion to 1/k^0.9, as bench/zipf.lua
  one_key // everybody wants the same: nothing is shared more than this
};

struct Workload {
  std::size_t objects;
  Demand demand;
};

std::vector<std::uint32_t> draw(const Workload& workload) {
  constexpr double kExponent = 0.9;
  std::vector<double> cumulative;
  double sum = 0;
  for (std::size_t rank = 1; rank <= workload.objects; ++rank) {
    const double weight = std::pow(static_cast<double>(rank), -kExponent);
    cumulative.push_back(sum += workload.demand == Demand::zipf ? weight : 1);
  }
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> point(0, sum);
  std::vector<std::uint32_t> draws;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const auto at = std::lower_bound(cumulative.begin(), cumulative.end(), point(random));
    const auto rank = std::min<std::size_t>(static_cast<std::size_t>(at - cumulative.begin()),
                                            workload.objects - 1);
    // Popular ones are not neighbours in memory.
    const std::size_t number =
        workload.demand == Demand::one_key ? 0 : (rank * 7919) % workload.objects;
    draws.push_back(static_cast<std::uint32_t>(number));
  }
  return draws;
}

// A store with all the objects in it, made by the first thread of a run and shared by the others.
class Filled {
public:
  Filled(cache::Eviction eviction, std::size_t objects)
      : eviction_(eviction), store_({.size = std::size_t{1} << 30, .eviction = eviction}) {
    for (std::size_t i = 0; i < objects; ++i) {
      urls_.push_back(asset_url(i));
      store_.insert(asset(i, kObjectBytes, {}, &store_.ledger()));
    }
    for (const std::string& url : urls_) keys_.push_back({url, base::fingerprint(url)});
  }
  bool is_for(cache::Eviction eviction, std::size_t objects) const {
    return eviction_ == eviction && keys_.size() == objects;
  }
  cache::Store& store() { return store_; }
  const cache::CacheKey& key(std::size_t number) const { return keys_[number]; }
  // A request has just been read when its key is looked up, so its key is at hand. For the keys
  // here to be, they are fetched a few lookups ahead: first where the text is, then the text.
  void fetch_key(std::size_t soon, std::size_t next) const {
    __builtin_prefetch(&keys_[soon]);
    __builtin_prefetch(keys_[next].text.data());
  }

private:
  const cache::Eviction eviction_;
  cache::Store store_;
  std::vector<std::string> urls_;
  std::vector<cache::CacheKey> keys_;
};

// Kept from one run to the next while they fit, because filling takes longer than measuring.
std::unique_ptr<Filled> filled;
std::vector<std::uint32_t> draws;

void prepare(cache::Eviction eviction, const Workload& workload) {
  if (!filled || !filled->is_for(eviction, workload.objects)) {
    filled.reset(); // before the next: both would be half a gigabyte
    filled = std::make_unique<Filled>(eviction, workload.objects);
  }
  draws = draw(workload);
}

std::size_t drawn(std::size_t at) {
  return draws[at % kDraws];
}

void store_find(benchmark::State& state, const Workload& workload) {
  const cache::Eviction eviction = policy_of(state);
  if (state.thread_index() == 0) prepare(eviction, workload);
  const http::RequestHead request = asset_request();
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 4999;
  benchmark::IterationCount found = 0;
  const AllocationCount count;
  // The threads wait for each other before the first lookup and after the last: that is not it.
  long slept = 0;
  benchmark::IterationCount done = 0;
  for (auto _ : state) {
    if (done++ == 0) slept -= sleeps();
    filled->fetch_key(drawn(at + 16), drawn(at + 8));
    const cache::CacheKey& key = filled->key(drawn(at++));
    cache::StoredResponsePtr hit = filled->store().find(key, request);
    found += hit != nullptr ? 1 : 0;
    benchmark::DoNotOptimize(hit);
    if (done == state.max_iterations) slept += sleeps();
  }
  count.require_none(state, "store_find");
  state.counters["sleeps_per_M"] =
      benchmark::Counter(static_cast<double>(slept) * 1e6 / static_cast<double>(done),
                         benchmark::Counter::kAvgThreads);
  if (found != state.iterations()) state.SkipWithError("a stored response was not found");
}

constexpr int kManyThreads = 64;

void with_threads(benchmark::internal::Benchmark* benchmark) {
  with_every_policy(benchmark);
  benchmark->Threads(1)->Threads(2)->Threads(kManyThreads)->UseRealTime();
}

BENCHMARK_CAPTURE(store_find, few, (Workload{400, Demand::uniform}))->Apply(with_threads);
BENCHMARK_CAPTURE(store_find, one_key, (Workload{400, Demand::one_key}))->Apply(with_threads);
BENCHMARK_CAPTURE(store_find, uniform, (Workload{100000, Demand::uniform}))->Apply(with_threads);
BENCHMARK_CAPTURE(store_find, zipf, (Workload{100000, Demand::zipf}))->Apply(with_threads);

} // namespace

} // namespace selvedge::bench
