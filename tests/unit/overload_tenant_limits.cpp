#include <selvedge/overload/tenant_limits.hpp>
#include <selvedge/overload/token_bucket.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <cmath>
#include <map>
#include <random>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;

static_assert(!std::is_copy_constructible_v<TenantPlace>);
static_assert(std::is_nothrow_move_constructible_v<TenantPlace>);

namespace {

const Steady kStart{1h};
constexpr TenantKey kAlice{.rule = 1, .tenant = 0xa11ce};
constexpr TenantKey kBob{.rule = 1, .tenant = 0xb0b};

} // namespace

TEST_CASE("a tenant has its burst at once and then its rate", "[overload][tenants]") {
  TenantLimits limits;
  const TenantRate rate(10, 3);
  for (int i = 0; i < 3; ++i) CHECK(limits.take(kAlice, rate, kStart).is_allowed);
  CHECK_FALSE(limits.take(kAlice, rate, kStart).is_allowed);
  CHECK_FALSE(limits.take(kAlice, rate, kStart + 99ms).is_allowed);
  CHECK(limits.take(kAlice, rate, kStart + 100ms).is_allowed);
  CHECK_FALSE(limits.take(kAlice, rate, kStart + 100ms).is_allowed);
}

TEST_CASE("tenants and rules do not take from each other", "[overload][tenants]") {
  TenantLimits limits;
  const TenantRate rate(1, 1);
  const TenantKey other_rule{.rule = 2, .tenant = kAlice.tenant};
  const TenantKey nobody{};
  for (const TenantKey& key : {kAlice, kBob, other_rule, nobody}) {
    CHECK(limits.take(key, rate, kStart).is_allowed);
    CHECK_FALSE(limits.take(key, rate, kStart).is_allowed);
  }
}

TEST_CASE("a verdict says what the RateLimit fields need", "[overload][tenants]") {
  TenantLimits limits;
  const TenantRate rate(10, 3);
  RateVerdict verdict = limits.take(kAlice, rate, kStart);
  CHECK(verdict.limit == 3);
  CHECK(verdict.remaining == 2);
  CHECK(verdict.until_next == 0ns);
  CHECK(verdict.effective_window == 200ms);

  verdict = limits.take(kAlice, rate, kStart + 50ms); // 2.5 tokens were there
  CHECK(verdict.remaining == 1);
  CHECK(verdict.until_next == 0ns);

  verdict = limits.take(kAlice, rate, kStart + 50ms);
  CHECK(verdict.is_allowed);
  CHECK(verdict.remaining == 0);
  CHECK(verdict.until_next == 50ms);
  CHECK(verdict.effective_window == 50ms);

  verdict = limits.take(kAlice, rate, kStart + 70ms);
  CHECK_FALSE(verdict.is_allowed);
  CHECK(verdict.limit == 3);
  CHECK(verdict.remaining == 0);
  CHECK(verdict.until_next == 30ms);
  CHECK(verdict.effective_window == 30ms);
}

TEST_CASE("the bounds of rates", "[overload][tenants]") {
  CHECK(TenantRate(10).burst() == 10);
  CHECK(TenantRate(0.1).burst() == 1);
  CHECK(TenantRate(0.1).interval() == 10s);
  CHECK(TenantRate(3).interval() == 333333334ns); // not more than three a second
  for (int k = 1; k < 1000; ++k) { // and no nanosecond is lost by how a rate is written
    CAPTURE(k);
    CHECK(TenantRate(1e9 / k).interval() == std::chrono::nanoseconds(k));
  }
  CHECK(TenantRate(1e15).interval() == 1ns);
  CHECK(TenantRate(1e15).burst() == 0xffffffff);
  CHECK(TenantRate(0.5, 0xffffffff).burst() < 0xffffffff);
  CHECK(TenantRate(0.5, 0xffffffff).window() > 70 * 365 * 24h);
  CHECK(TenantRate(1e-300, 5).burst() == 1);

  TenantLimits limits;
  CHECK(limits.take(kAlice, TenantRate(0.5, 0xffffffff), kStart).is_allowed);
  CHECK(limits.take(kBob, TenantRate(1e-300, 5), kStart).is_allowed);
  CHECK_FALSE(limits.take(kBob, TenantRate(1e-300, 5), kStart + 1000h).is_allowed);
}

TEST_CASE("a rate as a quota is never more than the rate", "[overload][tenants]") {
  struct Row {
    TenantRate rate;
    std::uint64_t requests;
    std::chrono::seconds window;
  };
  const std::array rows{
      Row{TenantRate(10, 600), 600, 60s},
      Row{TenantRate(3, 10), 10, 4s}, // 3.3 s
      Row{TenantRate(100, 100), 100, 1s},
      Row{TenantRate(100, 10), 100, 1s}, // the burst alone would be a tenth of it
      Row{TenantRate(2.5, 1), 2, 1s},
      Row{TenantRate(0.1, 1), 1, 10s},
  };
  for (const Row& row : rows) {
    CHECK(row.rate.quota().requests == row.requests);
    CHECK(row.rate.quota().window == row.window);
  }
}

TEST_CASE("times that go back bring no tokens twice", "[overload][tenants]") {
  TenantLimits limits;
  const TenantRate rate(1000, 10);
  for (int i = 0; i < 10; ++i) REQUIRE(limits.take(kAlice, rate, kStart + 5ms).is_allowed);
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(limits.take(kAlice, rate, kStart).is_allowed);
    CHECK_FALSE(limits.take(kAlice, rate, kStart + 5ms).is_allowed);
  }
  CHECK(limits.take(kAlice, rate, kStart + 6ms).is_allowed);
}

TEST_CASE("after a change of the rate the bucket is empty at worst", "[overload][tenants]") {
  TenantLimits limits;
  const TenantRate slow(1, 3600);
  for (int i = 0; i < 3600; ++i) REQUIRE(limits.take(kAlice, slow, kStart).is_allowed);
  const TenantRate fast(10, 10);
  CHECK(limits.take(kAlice, fast, kStart).until_next == 100ms);
  for (int i = 1; i <= 10; ++i) CHECK(limits.take(kAlice, fast, kStart + i * 100ms).is_allowed);
}

TEST_CASE("a tenant has so many requests under way and no more", "[overload][tenants]") {
  TenantLimits limits;
  ConcurrencyVerdict first = limits.acquire(kAlice, 2, kStart);
  CHECK(first.is_allowed);
  CHECK(first.place.is_counted());
  CHECK(first.remaining == 1);
  const ConcurrencyVerdict second = limits.acquire(kAlice, 2, kStart);
  CHECK(second.is_allowed);
  CHECK(second.remaining == 0);
  const ConcurrencyVerdict third = limits.acquire(kAlice, 2, kStart);
  CHECK_FALSE(third.is_allowed);
  CHECK_FALSE(third.place.is_counted());
  CHECK(third.remaining == 0);
  CHECK(limits.acquire(kBob, 2, kStart).is_allowed);

  first.place.release();
  first.place.release(); // gives back one
  const ConcurrencyVerdict fourth = limits.acquire(kAlice, 2, kStart);
  CHECK(fourth.is_allowed);
  CHECK_FALSE(limits.acquire(kAlice, 2, kStart).is_allowed);
  CHECK_FALSE(limits.acquire(kAlice, 1, kStart).is_allowed); // of a limit that shrank
  CHECK(limits.acquire(kAlice, 3, kStart).is_allowed);
}

TEST_CASE("a place goes where it is moved, and is given back once", "[overload][tenants]") {
  TenantLimits limits;
  const auto has_room = [&] { return limits.acquire(kAlice, 1, kStart).is_allowed; };
  {
    TenantPlace kept;
    {
      TenantPlace place = limits.acquire(kAlice, 1, kStart).place;
      kept = std::move(place);
    }
    CHECK_FALSE(has_room());
    TenantPlace other = limits.acquire(kBob, 1, kStart).place;
    kept = std::move(other); // which gives Alice's back
    CHECK(has_room());
    CHECK_FALSE(limits.acquire(kBob, 1, kStart).is_allowed);
    TenantPlace& same = kept;
    kept = std::move(same);
    CHECK_FALSE(limits.acquire(kBob, 1, kStart).is_allowed);
  }
  CHECK(limits.acquire(kBob, 1, kStart).is_allowed);
}

TEST_CASE("tokens and places of one rule do not disturb each other", "[overload][tenants]") {
  TenantLimits limits;
  const TenantRate rate(1, 2);
  const ConcurrencyVerdict place = limits.acquire(kAlice, 1, kStart);
  CHECK(limits.take(kAlice, rate, kStart).remaining == 1);
  CHECK(limits.take(kAlice, rate, kStart).is_allowed);
  CHECK_FALSE(limits.take(kAlice, rate, kStart).is_allowed);
  CHECK_FALSE(limits.acquire(kAlice, 1, kStart).is_allowed);
}

TEST_CASE("a tenant's bucket does what a token bucket does", "[overload][tenants][property]") {
  constexpr double kRounding = 1e-5;
  std::mt19937_64 random(GENERATE(1U, 2U, 3U, 4U));
  TenantLimits limits;
  struct Case {
    TenantRate rate;
    TokenBucket model;
  };
  std::vector<Case> cases;
  for (int i = 0; i < 20; ++i) {
    // Those with whole nanoseconds between tokens, for the model knows no others.
    const double rate = 1e9 / static_cast<double>(1 + random() % 5'000'000);
    const auto burst = static_cast<std::uint32_t>(1 + random() % 30);
    cases.push_back({TenantRate(rate, burst), TokenBucket(rate, burst, kStart)});
  }
  Steady now = kStart;
  std::map<bool, int> seen;
  for (int i = 0; i < 20000; ++i) {
    now += std::chrono::nanoseconds(random() % 200'000);
    const std::size_t which = random() % cases.size();
    Case& one = cases[which];
    const double before = one.model.available(now);
    const bool is_full = before >= one.rate.burst();
    // Where rounding may decide.
    if (!is_full && std::abs(before - std::round(before)) < kRounding) continue;
    const RateVerdict verdict = limits.take({.rule = 7, .tenant = which << 40}, one.rate, now);
    REQUIRE(verdict.is_allowed == one.model.take(now));
    REQUIRE(verdict.remaining == static_cast<std::uint32_t>(one.model.available(now) + kRounding));
    const auto difference = verdict.until_next - one.model.time_until(now);
    REQUIRE(std::chrono::abs(difference) <= 10ns);
    ++seen[verdict.is_allowed];
  }
  CHECK(seen[true] > 100);
  CHECK(seen[false] > 100);
}

TEST_CASE("who waits as told is allowed", "[overload][tenants][property]") {
  std::mt19937_64 random(GENERATE(5U, 6U));
  TenantLimits limits;
  for (int round = 0; round < 200; ++round) {
    const TenantRate rate(std::uniform_real_distribution<double>(0.01, 1e7)(random),
                          static_cast<std::uint32_t>(random() % 20));
    const TenantKey key{.rule = 1, .tenant = random()};
    Steady now = kStart + std::chrono::hours(round);
    for (int i = 0; i < 50; ++i) {
      const RateVerdict verdict = limits.take(key, rate, now);
      REQUIRE(verdict.is_allowed);
      now += verdict.until_next;
      if (verdict.until_next > 1ns) {
        REQUIRE_FALSE(limits.take(key, rate, now - 1ns).is_allowed);
      }
    }
  }
}
