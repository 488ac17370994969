// Purges in a store of a million tagged responses: what one costs, what it costs the finds after
// it, and the longest that a find or an insertion takes while purges keep coming.
#include "allocations.hpp"
#include "thread_usage.hpp"

#include <selvedge/cache/store.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace selvedge::bench {

namespace {

constexpr std::size_t kResponses = 1'000'000;
constexpr std::size_t kNames = 10'000; // so that each concerns 300 responses
constexpr std::size_t kTagsEach = 3;
constexpr std::chrono::microseconds kBetweenPurges{1000};
constexpr base::Steady kNow{std::chrono::hours{1}};

using Clock = std::chrono::steady_clock;

std::string name_number(std::size_t number) {
  return "product-" + std::to_string(number % kNames);
}

std::string url_of(std::size_t number) {
  return "https://www.example.com/p/" + std::to_string(number);
}

boost::intrusive_ptr<cache::StoredResponse> tagged(std::size_t number, cache::Store& store) {
  boost::intrusive_ptr<cache::Body> body(new cache::Body({.length = 1, .ledger = &store.ledger()}));
  body->append("x");
  body->finish();
  cache::StoredResponse::Parts parts;
  parts.key = url_of(number);
  parts.print = base::fingerprint(parts.key);
  parts.body = std::move(body);
  parts.freshness.lifetime = base::Seconds{3600};
  parts.born = store.purges().epoch();
  for (std::size_t i = 0; i < kTagsEach; ++i) {
    const std::string name = name_number(number * (2 * i + 1) + i);
    parts.tags.push_back(store.purges().intern(cache::TagKind::key, name));
  }
  return new cache::StoredResponse(std::move(parts), &store.ledger());
}

// Made once for all benchmarks of this file: that takes seconds.
cache::Store& million() {
  static const std::unique_ptr<cache::Store> store = [] {
    auto made = std::make_unique<cache::Store>(cache::Store::Options{.size = std::size_t{4} << 30});
    for (std::size_t i = 0; i < kResponses; ++i) made->insert(tagged(i, *made));
    return made;
  }();
  return *store;
}

// A find when nothing was purged since the response was last looked at, and when something else
// was, so that its tags are looked at again.
void find_after_purge(benchmark::State& state) {
  cache::Store& store = million();
  const bool is_purged_before = state.range(0) != 0;
  const auto responses = static_cast<std::size_t>(state.range(1));
  const http::RequestHead request;
  std::vector<std::string> urls;
  for (std::size_t i = 0; i < responses; ++i) urls.push_back(url_of(i * (kResponses / responses)));
  std::vector<cache::CacheKey> keys;
  for (const std::string& url : urls) keys.push_back({url, base::fingerprint(url)});
  for (const cache::CacheKey& key : keys) benchmark::DoNotOptimize(store.find(key, request));
  std::size_t at = responses;
  AllocationCount count;
  for (auto _ : state) {
    if (at == responses) {
      state.PauseTiming();
      count.pause();
      at = 0;
      if (is_purged_before) {
        store.purges().purge(cache::TagKind::key, "of nobody", cache::PurgeMode::hard, kNow);
      }
      count.resume();
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(store.find(keys[at++], request));
  }
  count.require_none(state, "find_after_purge");
}
BENCHMARK(find_after_purge)
    ->ArgNames({"purged", "responses"})
    ->ArgsProduct({{0, 1}, {1000, 100000}});

// Purges names until it is told to stop, with pauses in between.
void keep_purging(cache::Store& store, const std::atomic<bool>& is_over,
                  std::atomic<std::size_t>& purges) {
  std::size_t number = 0;
  for (auto next = Clock::now(); !is_over; next += kBetweenPurges) {
    std::this_thread::sleep_until(next);
    const std::string name = name_number(number += 4999);
    store.purges().purge(cache::TagKind::key, name, cache::PurgeMode::hard, kNow);
    ++purges;
  }
}

double microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

void find_or_insert(cache::Store& store, std::size_t step) {
  static const http::RequestHead request;
  const std::size_t number = (step * 7919) % kResponses;
  if (step % 4 == 0) {
    store.insert(tagged(number, store));
    return;
  }
  const std::string url = url_of(number);
  benchmark::DoNotOptimize(store.find({url, base::fingerprint(url)}, request));
}

// A worker that finds and inserts while names are purged: its longest call by the clock (which
// counts what other programs took of the processor, too) and by its own work, and how often it
// slept.
void longest_pause(benchmark::State& state) {
  cache::Store& store = million();
  std::atomic<bool> is_over{false};
  std::atomic<std::size_t> purges{0};
  std::thread purger;
  if (state.range(0) != 0) {
    purger = std::thread(keep_purging, std::ref(store), std::cref(is_over), std::ref(purges));
  }
  std::chrono::nanoseconds longest{0};
  std::chrono::nanoseconds longest_work{0};
  std::size_t above_1ms = 0;
  std::size_t step = 0;
  const auto begun = Clock::now();
  const long slept_before = sleeps();
  for (auto _ : state) {
    const auto before = Clock::now();
    const auto worked_before = worked();
    find_or_insert(store, ++step);
    const std::chrono::nanoseconds work = worked() - worked_before;
    longest_work = std::max(longest_work, work);
    above_1ms += work > std::chrono::milliseconds{1} ? 1 : 0;
    longest = std::max<std::chrono::nanoseconds>(longest, Clock::now() - before);
  }
  const long slept = sleeps() - slept_before;
  const std::chrono::duration<double> all = Clock::now() - begun;
  is_over = true;
  if (purger.joinable()) purger.join();
  state.counters["longest_us"] = microseconds(longest);
  state.counters["longest_work_us"] = microseconds(longest_work);
  state.counters["above_1ms"] = static_cast<double>(above_1ms);
  state.counters["sleeps"] = static_cast<double>(slept);
  state.counters["purges_per_s"] = static_cast<double>(purges) / all.count();
}
BENCHMARK(longest_pause)->ArgName("purging")->Arg(0)->Arg(1)->Iterations(2'000'000)->UseRealTime();

// How long after the beginning of a purge a thread that keeps asking still finds a response with
// that tag: the longest of all.
void purge_is_visible(benchmark::State& state) {
  cache::Store& store = million();
  std::chrono::nanoseconds longest{0};
  std::size_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    number += 7919;
    const std::string url = url_of(number % kResponses);
    const cache::CacheKey key{url, base::fingerprint(url)};
    store.insert(tagged(number % kResponses, store));
    std::atomic<bool> is_asking{false};
    Clock::time_point gone;
    std::thread asker([&] {
      const http::RequestHead request;
      while (store.find(key, request)) is_asking = true;
      gone = Clock::now();
    });
    while (!is_asking) std::this_thread::yield();
    state.ResumeTiming();
    const auto begun = Clock::now();
    const std::string name = name_number(number % kResponses); // its first tag
    store.purges().purge(cache::TagKind::key, name, cache::PurgeMode::hard, kNow);
    asker.join();
    longest = std::max<std::chrono::nanoseconds>(longest, gone - begun);
  }
  state.counters["longest_us"] = microseconds(longest);
}
BENCHMARK(purge_is_visible)->Iterations(500)->UseRealTime();

// Each name is that of 300 responses. The last of this file, since the hard ones leave nothing.
void purge_one_name(benchmark::State& state) {
  cache::Store& store = million();
  const auto mode = state.range(0) == 0 ? cache::PurgeMode::soft : cache::PurgeMode::hard;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kNames; ++i) names.push_back(name_number(i));
  std::size_t next = 0;
  for (auto _ : state) {
    const std::string& name = names[next++ % kNames];
    benchmark::DoNotOptimize(store.purges().purge(cache::TagKind::key, name, mode, kNow));
  }
}
BENCHMARK(purge_one_name)->ArgName("hard")->Arg(0)->Arg(1);

} // namespace

} // namespace selvedge::bench
