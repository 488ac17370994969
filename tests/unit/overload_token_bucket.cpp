#include <selvedge/overload/token_bucket.hpp>
#include <tests/support/catch.hpp>

#include <random>

using namespace std::chrono_literals;
using selvedge::base::Steady;
using selvedge::overload::TokenBucket;

namespace {

const Steady kStart{1h};

} // namespace

TEST_CASE("a token bucket gives its burst at once and then its rate", "[overload][tokens]") {
  TokenBucket bucket(10, 3, kStart);
  for (int i = 0; i < 3; ++i) CHECK(bucket.take(kStart));
  CHECK_FALSE(bucket.take(kStart));
  CHECK_FALSE(bucket.take(kStart + 99ms));
  CHECK(bucket.take(kStart + 100ms));
  CHECK_FALSE(bucket.take(kStart + 100ms));
}

TEST_CASE("a token bucket gives all tokens or none", "[overload][tokens]") {
  TokenBucket bucket(1, 5, kStart);
  CHECK(bucket.take(kStart, 3));
  CHECK_FALSE(bucket.take(kStart, 3));
  CHECK(bucket.available(kStart) == Approx(2));
  CHECK(bucket.take(kStart, 2));
}

TEST_CASE("no more than the burst is saved up in a token bucket", "[overload][tokens]") {
  TokenBucket bucket(1000, 5, kStart);
  CHECK(bucket.available(kStart + 24h) == Approx(5));
}

TEST_CASE("a token bucket says how long to wait", "[overload][tokens]") {
  TokenBucket bucket(10, 5, kStart);
  CHECK(bucket.time_until(kStart, 5) == 0ns);
  REQUIRE(bucket.take(kStart, 5));
  CHECK(bucket.time_until(kStart) == 100ms);
  CHECK(bucket.time_until(kStart, 5) == 500ms);
  CHECK(bucket.time_until(kStart + 30ms) == 70ms);
  CHECK(bucket.time_until(kStart, 6) == std::chrono::nanoseconds::max());
}

TEST_CASE("a token bucket without a rate is used up once", "[overload][tokens]") {
  TokenBucket bucket(0, 2, kStart);
  CHECK(bucket.take(kStart, 2));
  CHECK_FALSE(bucket.take(kStart + 24h));
  CHECK(bucket.time_until(kStart) == std::chrono::nanoseconds::max());
}

TEST_CASE("no sequence takes more than burst and rate, and who waits as told is served",
          "[overload][tokens][property]") {
  std::mt19937_64 random(GENERATE(1U, 2U, 3U, 4U));
  const double rate = std::uniform_real_distribution<double>(0.5, 5000)(random);
  const double burst = std::uniform_real_distribution<double>(3, 50)(random);
  TokenBucket bucket(rate, burst, kStart);
  Steady now = kStart;
  double taken = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto wanted = static_cast<double>(1 + random() % 3);
    if (random() % 4 == 0) {
      now += bucket.time_until(now, wanted);
      REQUIRE(bucket.take(now, wanted));
      taken += wanted;
    } else {
      now += std::chrono::microseconds(random() % 400);
      if (bucket.take(now, wanted)) taken += wanted;
    }
    const std::chrono::duration<double> passed = now - kStart;
    // What rounding may give away in so many calls is less than a tenth of a token.
    REQUIRE(taken <= burst + rate * passed.count() + 0.1);
  }
}
