// Several threads that take and acquire, against a model that no limit is exceeded; meant for
// ThreadSanitizer as much as for its own checks.
#include <selvedge/overload/tenant_limits.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;

namespace {

const Steady kStart{1h};
constexpr unsigned kThreads = 4;
constexpr int kSteps = 30000;
constexpr std::size_t kTenants = 12;

TenantKey key_of(std::size_t tenant) {
  return {.rule = static_cast<std::uint32_t>(tenant % 3), .tenant = tenant * 0x9e3779b97f4a7c15};
}

template <typename Work> void run_threads(const Work& work) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

// Time for all threads, moved by each. Each sees it late by up to a millisecond, as workers do that
// read their clock once a turn.
class SharedTime {
public:
  Steady advance(std::mt19937& random) {
    const std::int64_t now = passed_.fetch_add(static_cast<std::int64_t>(random() % 20'000));
    const std::int64_t late = static_cast<std::int64_t>(random()) % kLatest.count();
    return kStart + std::chrono::nanoseconds(now - late);
  }
  std::chrono::duration<double> passed() const {
    return kLatest + std::chrono::nanoseconds(passed_.load());
  }

private:
  static constexpr std::chrono::nanoseconds kLatest{1ms};
  std::atomic<std::int64_t> passed_{0};
};

} // namespace

TEST_CASE("over any time the tokens taken are at most burst and rate",
          "[overload][tenants][stress]") {
  TenantLimits limits({.capacity = 4096});
  SharedTime time;
  std::array<std::atomic<std::uint32_t>, kTenants> taken{};
  const auto rate_of = [](std::size_t tenant) {
    return TenantRate(100 + 200 * static_cast<double>(tenant),
                      static_cast<std::uint32_t>(1 + tenant * 3));
  };
  run_threads([&](unsigned seed) {
    std::mt19937 random(seed + 1);
    for (int step = 0; step < kSteps; ++step) {
      const std::size_t tenant = random() % kTenants;
      const Steady now = time.advance(random);
      if (limits.take(key_of(tenant), rate_of(tenant), now).is_allowed) ++taken[tenant];
    }
  });
  CHECK(limits.stats().forgotten == 0);
  CHECK(limits.stats().uncounted == 0);
  for (std::size_t tenant = 0; tenant < kTenants; ++tenant) {
    const TenantRate rate = rate_of(tenant);
    const double most = rate.burst() + time.passed() / rate.interval();
    CAPTURE(tenant, most);
    CHECK(taken[tenant] <= most);
    CHECK(taken[tenant] >= most * 0.7); // and nobody was kept from what is theirs
  }
}

TEST_CASE("never more requests under way than the limit", "[overload][tenants][stress]") {
  TenantLimits limits({.capacity = 4096});
  SharedTime time;
  std::array<std::atomic<std::uint32_t>, kTenants> under_way{};
  std::atomic<std::uint64_t> broken{0};
  std::atomic<std::uint64_t> refused{0};
  const auto limit_of = [](std::size_t tenant) {
    return static_cast<std::uint32_t>(1 + tenant % 4);
  };
  struct Held {
    std::size_t tenant;
    TenantPlace place;
  };
  const auto give_back = [&](Held& held) {
    --under_way[held.tenant]; // before the table does: the model never counts one too many
    held.place.release();
  };
  run_threads([&](unsigned seed) {
    std::mt19937 random(seed + 1);
    std::vector<Held> held;
    for (int step = 0; step < kSteps; ++step) {
      const std::size_t tenant = random() % kTenants;
      const Steady now = time.advance(random);
      ConcurrencyVerdict verdict = limits.acquire(key_of(tenant), limit_of(tenant), now);
      if (!verdict.is_allowed) {
        ++refused;
      } else {
        if (++under_way[tenant] > limit_of(tenant)) ++broken;
        if (!verdict.place.is_counted()) ++broken;
        held.push_back({tenant, std::move(verdict.place)});
      }
      if (!held.empty() && random() % 2 == 0) {
        std::swap(held[random() % held.size()], held.back());
        give_back(held.back());
        held.pop_back();
      }
    }
    for (Held& one : held) give_back(one);
  });
  CHECK(broken == 0);
  CHECK(refused > 1000);
  // All places are back, no more and no less.
  for (std::size_t tenant = 0; tenant < kTenants; ++tenant) {
    CHECK(under_way[tenant] == 0);
    std::vector<TenantPlace> places;
    for (std::uint32_t i = 0; i < limit_of(tenant); ++i) {
      places.push_back(limits.acquire(key_of(tenant), limit_of(tenant), kStart).place);
      CHECK(places.back().is_counted());
    }
    CHECK_FALSE(limits.acquire(key_of(tenant), limit_of(tenant), kStart).is_allowed);
  }
}

TEST_CASE("a flood of tenants does not loosen the limit of one with a request under way",
          "[overload][tenants][stress]") {
  TenantLimits limits({.capacity = 256});
  SharedTime time;
  std::atomic<std::uint64_t> broken{0};
  run_threads([&](unsigned seed) {
    std::mt19937 random(seed + 1);
    const TenantKey own{.rule = 1, .tenant = seed};
    const TenantRate rate(10, 5);
    for (int step = 0; step < kSteps / 10; ++step) {
      const ConcurrencyVerdict held = limits.acquire(own, 1, time.advance(random));
      if (!held.is_allowed || !held.place.is_counted()) ++broken;
      for (int i = 0; i < 20; ++i) {
        limits.take({.rule = 2, .tenant = random()}, rate, time.advance(random));
      }
      if (limits.acquire(own, 1, time.advance(random)).is_allowed) ++broken;
    }
  });
  CHECK(broken == 0);
  CHECK(limits.stats().forgotten > 1000);
  CHECK(limits.stats().uncounted == 0);
}
