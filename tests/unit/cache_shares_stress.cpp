// Several threads on one store whose reservations change; meant for ThreadSanitizer as much as for
// its own checks.
#include <selvedge/cache/store.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;
using test::key_of;

namespace {

constexpr std::size_t kMiB = 1u << 20;
constexpr std::size_t kKeys = 400;
constexpr std::size_t kThreads = 4;
constexpr int kSteps = 4000;

std::string key_number(std::size_t i) {
  return "http://example.com/" + std::to_string(i);
}

void insert(Store& store, const std::string& key, Owner owner, std::size_t bytes) {
  StoredResponse::Parts parts;
  parts.key = key;
  parts.print = base::fingerprint(key);
  parts.body = test::complete_body("", nullptr);
  parts.owner = owner;
  store.insert(new StoredResponse(std::move(parts), &store.ledger(), bytes));
}

void work(Store& store, unsigned seed, std::atomic<std::uint64_t>& found) {
  std::mt19937 random(seed);
  for (int step = 0; step < kSteps; ++step) {
    const std::string key = key_number(random() % kKeys);
    const auto owner = static_cast<Owner>(random() % kOwners);
    const auto dice = random() % 100;
    if (dice < 50) {
      if (const auto hit = store.find(key_of(key), {}, owner)) {
        found += hit->owner <= owner ? 1 : 0;
      }
    } else if (dice < 95) {
      insert(store, key, owner, random() % 20000);
    } else if (dice < 98) {
      store.remove(key_of(key));
    } else if (dice < 99) {
      const double share = static_cast<double>(random() % 60) / 100;
      store.set_reserved({share, 0.2, 0, 0});
    } else {
      store.make_room();
      found += store.stats().bytes_by_owner[owner] > 8 * kMiB ? kSteps * kThreads : 0;
    }
  }
}

} // namespace

TEST_CASE("threads that promote, reserve and evict leave the accounts right",
          "[cache][shares][stress]") {
  const auto eviction = GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = kMiB, .stripes = stripes, .eviction = eviction});
  store.set_reserved({0.3, 0.2, 0, 0});
  std::atomic<std::uint64_t> found{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(work, std::ref(store), static_cast<unsigned>(i + 1), std::ref(found));
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(found > 100);
  CHECK(found < kSteps * kThreads); // no account fell below nothing
  const Store::Stats stats = store.stats();
  CHECK(stats.bytes <= stats.limit);
  CHECK(stats.evictions > 0);
  std::size_t held = 0;
  for (const std::size_t bytes : stats.bytes_by_owner) held += bytes;
  CHECK(held == stats.bytes); // nobody reads, and nothing is purged
  store.clear();
  CHECK(store.stats().bytes_by_owner == std::array<std::size_t, kOwners>{});
  CHECK(store.ledger().bytes() == 0);
}
