// What the bounded table of tenants forgets, and what it never does.
#include <selvedge/overload/tenant_limits.hpp>
#include <tests/support/catch.hpp>

#include <vector>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;

namespace {

const Steady kStart{1h};
constexpr std::size_t kSet = 16; // a table of so many is one set

TenantKey key_of(std::uint64_t tenant) {
  return {.rule = 1, .tenant = tenant};
}

} // namespace

TEST_CASE("a table has the capacity asked for, in whole sets", "[overload][tenants]") {
  CHECK(TenantLimits().capacity() == 65536);
  CHECK(TenantLimits({.capacity = 0}).capacity() == 16);
  CHECK(TenantLimits({.capacity = 16}).capacity() == 16);
  CHECK(TenantLimits({.capacity = 17}).capacity() == 32);
}

TEST_CASE("those who share a set share nothing else", "[overload][tenants]") {
  TenantLimits limits({.capacity = kSet});
  const TenantRate slow(0.001, 1);
  for (const TenantKey& key : {TenantKey{.rule = 1, .tenant = 1}, TenantKey{.rule = 2, .tenant = 1},
                               TenantKey{.rule = 1, .tenant = 2}, TenantKey{}}) {
    CHECK(limits.take(key, slow, kStart).is_allowed);
    CHECK_FALSE(limits.take(key, slow, kStart).is_allowed);
  }
}

TEST_CASE("full buckets give way first, whatever was used last", "[overload][tenants]") {
  TenantLimits limits({.capacity = kSet});
  const TenantRate slow(0.001, 1);
  const TenantRate fast(1000, 1);
  for (std::uint64_t i = 0; i + 1 < kSet; ++i) {
    REQUIRE(limits.take(key_of(i), slow, kStart).is_allowed);
  }
  // The last used, but full again by the time room is needed.
  REQUIRE(limits.take(key_of(100), fast, kStart).is_allowed);
  REQUIRE(limits.take(key_of(101), fast, kStart + 1ms).is_allowed);
  REQUIRE(limits.take(key_of(102), fast, kStart + 2ms).is_allowed);
  CHECK(limits.stats().forgotten == 0);
  for (std::uint64_t i = 0; i + 1 < kSet; ++i) {
    CHECK_FALSE(limits.take(key_of(i), slow, kStart + 2ms).is_allowed);
  }
}

TEST_CASE("then the least recently used gives way", "[overload][tenants]") {
  TenantLimits limits({.capacity = kSet});
  const TenantRate slow(0.001, 1);
  for (std::uint64_t i = 0; i < kSet; ++i) REQUIRE(limits.take(key_of(i), slow, kStart).is_allowed);
  REQUIRE_FALSE(limits.take(key_of(0), slow, kStart).is_allowed); // now 1 is the oldest
  for (std::uint64_t i = 0; i < 5; ++i) {
    CHECK(limits.take(key_of(100 + i), slow, kStart).is_allowed);
    CHECK(limits.stats().forgotten == i + 1);
  }
  CHECK_FALSE(limits.take(key_of(0), slow, kStart).is_allowed);
  for (std::uint64_t i = 6; i < kSet; ++i) {
    CHECK_FALSE(limits.take(key_of(i), slow, kStart).is_allowed);
  }
  for (std::uint64_t i = 0; i < 5; ++i) {
    CHECK_FALSE(limits.take(key_of(100 + i), slow, kStart).is_allowed);
  }
  CHECK(limits.take(key_of(1), slow, kStart).is_allowed); // it was forgotten
}

TEST_CASE("what has a request under way is never dropped", "[overload][tenants]") {
  TenantLimits limits({.capacity = kSet});
  const TenantRate slow(0.001, 1);
  REQUIRE(limits.take(key_of(7), slow, kStart).is_allowed);
  ConcurrencyVerdict held = limits.acquire(key_of(7), 1, kStart);
  REQUIRE(held.is_allowed);
  for (std::uint64_t i = 100; i < 1000; ++i) {
    REQUIRE(limits.take(key_of(i), slow, kStart).is_allowed);
    REQUIRE(limits.acquire(key_of(i), 1, kStart).is_allowed); // and given back
  }
  CHECK_FALSE(limits.acquire(key_of(7), 1, kStart).is_allowed);
  CHECK_FALSE(limits.take(key_of(7), slow, kStart).is_allowed);
  CHECK(limits.stats().forgotten == 900 - (kSet - 1));

  held.place.release();
  for (std::uint64_t i = 1000; i < 1000 + kSet; ++i) limits.take(key_of(i), slow, kStart);
  CHECK(limits.take(key_of(7), slow, kStart).is_allowed);
}

TEST_CASE("a table full of requests under way is lenient, and counts it", "[overload][tenants]") {
  TenantLimits limits({.capacity = kSet});
  const TenantRate rate(10, 3);
  std::vector<TenantPlace> places;
  for (std::uint64_t i = 0; i < kSet; ++i) {
    places.push_back(limits.acquire(key_of(i), 1, kStart).place);
  }
  CHECK(limits.stats().uncounted == 0);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    const ConcurrencyVerdict verdict = limits.acquire(key_of(100), 1, kStart);
    CHECK(verdict.is_allowed);
    CHECK_FALSE(verdict.place.is_counted());
    CHECK(verdict.remaining == 0);
    CHECK(limits.stats().uncounted == n);
  }
  for (int i = 0; i < 5; ++i) {
    const RateVerdict verdict = limits.take(key_of(100), rate, kStart);
    CHECK(verdict.is_allowed);
    CHECK(verdict.remaining == 2);
  }
  CHECK(limits.stats().uncounted == 8);
  CHECK(limits.stats().forgotten == 0);
  CHECK_FALSE(limits.acquire(key_of(5), 1, kStart).is_allowed); // those it knows keep to theirs

  places[5].release();
  const ConcurrencyVerdict counted = limits.acquire(key_of(100), 1, kStart);
  CHECK(counted.place.is_counted());
  CHECK_FALSE(limits.acquire(key_of(100), 1, kStart).is_allowed);
}

TEST_CASE("tenants and rules spread over the sets", "[overload][tenants]") {
  const auto forgotten_of = [](auto key) {
    TenantLimits limits({.capacity = 65536});
    const TenantRate slow(0.001, 1);
    for (std::uint64_t i = 0; i < 32768; ++i) limits.take(key(i), slow, kStart);
    return limits.stats().forgotten;
  };
  // Half full: sets of 16 with 8 on average. As if thrown at random about 130 find their set full.
  constexpr std::uint64_t kMost = 300;
  CHECK(forgotten_of([](std::uint64_t i) { return key_of(i); }) < kMost);
  CHECK(forgotten_of([](std::uint64_t i) { return key_of(i * 0x9e3779b97f4a7c15); }) < kMost);
  CHECK(forgotten_of([](std::uint64_t i) {
          return TenantKey{.rule = static_cast<std::uint32_t>(i % 32),
                           .tenant = (i / 32) * 0xbf58476d1ce4e5b9};
        }) < kMost);
  CHECK(forgotten_of([](std::uint64_t i) {
          return TenantKey{.rule = static_cast<std::uint32_t>(i), .tenant = 5};
        }) < kMost);
}
