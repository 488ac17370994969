#include <selvedge/overload/concurrency_limiter.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <array>
#include <random>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;

namespace {

const Steady kStart{1h};

// Fetches that all take as long, `in_flight` of them at once. Each 50 ms ten of them end: that is a
// sample, while the usual latency is below 50 ms.
class Feed {
public:
  explicit Feed(const ConcurrencyLimits& limits) : limiter(limits) {}

  void answers(int samples, std::chrono::nanoseconds latency, std::uint32_t in_flight) {
    samples_of(samples, in_flight, [&](int) { limiter.on_answered(now_, latency); });
  }
  // One of each ten fetches takes longer.
  void outliers(int samples, std::chrono::nanoseconds latency, std::chrono::nanoseconds longer,
                std::uint32_t in_flight) {
    samples_of(samples, in_flight,
               [&](int fetch) { limiter.on_answered(now_, fetch == 0 ? longer : latency); });
  }
  // Of each ten fetches `dropped` are dropped.
  void drops(int samples, int dropped, std::chrono::nanoseconds latency, std::uint32_t in_flight) {
    samples_of(samples, in_flight, [&](int fetch) {
      if (fetch < dropped) {
        limiter.on_dropped(now_);
      } else {
        limiter.on_answered(now_, latency);
      }
    });
  }

  ConcurrencyLimiter limiter;

private:
  template <class End> void samples_of(int samples, std::uint32_t in_flight, const End& end) {
    for (int sample = 0; sample < samples; ++sample) {
      while (limiter.in_flight() < in_flight && limiter.try_acquire(Importance::premium)) continue;
      while (limiter.in_flight() > in_flight) limiter.release();
      now_ += 50ms;
      for (int fetch = 0; fetch < 10; ++fetch) {
        end(fetch);
        limiter.release();
        // Another one follows, unless the limit has just become lower.
        static_cast<void>(limiter.try_acquire(Importance::premium));
      }
    }
  }

  Steady now_ = kStart;
};

constexpr ConcurrencyLimits kLimits{.initial = 100, .min = 10, .max = 200};
constexpr std::uint32_t kMuch = 10000;

} // namespace

TEST_CASE("each importance sees its share of the limit, and at least one", "[overload][limiter]") {
  struct Row {
    std::uint32_t limit;
    Importance importance;
    std::uint32_t room;
  };
  const auto row = GENERATE(Row{100, Importance::premium, 100}, Row{100, Importance::standard, 70},
                            Row{100, Importance::free, 40}, Row{100, Importance::background, 10},
                            Row{5, Importance::premium, 5}, Row{5, Importance::standard, 3},
                            Row{5, Importance::free, 2}, Row{5, Importance::background, 1},
                            Row{1, Importance::premium, 1}, Row{1, Importance::background, 1});
  ConcurrencyLimiter limiter({.initial = row.limit, .min = row.limit, .max = row.limit});
  for (std::uint32_t i = 0; i < row.room; ++i) REQUIRE(limiter.try_acquire(row.importance));
  CHECK_FALSE(limiter.has_room(row.importance));
  CHECK_FALSE(limiter.try_acquire(row.importance));
  CHECK(limiter.in_flight() == row.room);
  limiter.release();
  CHECK(limiter.try_acquire(row.importance));
}

TEST_CASE("what the less important have under way leaves room for the others",
          "[overload][limiter]") {
  ConcurrencyLimiter limiter({.initial = 100, .min = 100, .max = 100});
  while (limiter.try_acquire(Importance::free)) continue;
  CHECK(limiter.in_flight() == 40);
  while (limiter.try_acquire(Importance::standard)) continue;
  CHECK(limiter.in_flight() == 70);
  CHECK_FALSE(limiter.has_room(Importance::background));
  while (limiter.try_acquire(Importance::premium)) continue;
  CHECK(limiter.in_flight() == 100);
}

TEST_CASE("a limit that is used grows while latencies are as usual", "[overload][limiter]") {
  Feed feed(kLimits);
  feed.answers(5, 20ms, kMuch);
  CHECK(feed.limiter.limit() > 105);
  CHECK(feed.limiter.usual_latency() == 20ms);
  feed.answers(200, 20ms, kMuch);
  CHECK(feed.limiter.limit() == 200);
}

TEST_CASE("a limit that is not used stays", "[overload][limiter]") {
  Feed feed(kLimits);
  feed.answers(100, 20ms, 49);
  CHECK(feed.limiter.limit() == 100);
  // Nor does it shrink: it is not what makes the server slow.
  feed.answers(100, 200ms, 49);
  CHECK(feed.limiter.limit() == 100);
}

TEST_CASE("being refused uses a limit as well", "[overload][limiter]") {
  ConcurrencyLimiter limiter(kLimits);
  Steady now = kStart;
  const auto run = [&](int samples, std::chrono::nanoseconds latency) {
    for (int i = 0; i < samples; ++i) {
      while (limiter.try_acquire(Importance::free)) continue;
      now += 50ms;
      for (int fetch = 0; fetch < 10 && limiter.in_flight() > 0; ++fetch) {
        limiter.on_answered(now, latency);
        limiter.release();
      }
    }
  };
  run(20, 20ms);
  CHECK(limiter.limit() > 110);
  run(20, 200ms);
  CHECK(limiter.limit() < 50);
}

TEST_CASE("a limit shrinks when latencies rise tenfold, down to its least, and recovers",
          "[overload][limiter]") {
  Feed feed({.initial = 100, .min = 20, .max = 200});
  feed.answers(100, 20ms, kMuch);
  REQUIRE(feed.limiter.limit() == 200);
  feed.answers(10, 200ms, kMuch);
  CHECK(feed.limiter.limit() < 100);
  feed.answers(30, 200ms, kMuch);
  CHECK(feed.limiter.limit() == 20);
  feed.answers(100, 20ms, kMuch);
  CHECK(feed.limiter.limit() > 150);
}

TEST_CASE("latencies may rise by half before a limit shrinks", "[overload][limiter]") {
  const auto latency = GENERATE(21ms, 25ms, 30ms);
  Feed feed(kLimits);
  feed.answers(20, 20ms, kMuch);
  const std::uint32_t before = feed.limiter.limit();
  feed.answers(10, latency, kMuch);
  CHECK(feed.limiter.limit() > before);
}

TEST_CASE("a server that has become slower for good is not squeezed for ever",
          "[overload][limiter]") {
  Feed feed(kLimits);
  feed.answers(20, 20ms, kMuch);
  feed.answers(50, 60ms, kMuch);
  CHECK(feed.limiter.limit() < 20);
  feed.answers(2000, 60ms, kMuch);
  CHECK(feed.limiter.limit() == 200);
}

TEST_CASE("latencies of a bad beginning are soon unlearnt", "[overload][limiter]") {
  Feed feed(kLimits);
  feed.answers(20, 2s, 49);
  REQUIRE(feed.limiter.usual_latency() == 2s);
  // 25 seconds; the window alone would take minutes.
  feed.answers(500, 20ms, 49);
  CHECK(feed.limiter.usual_latency() < 50ms);
  CHECK(feed.limiter.usual_latency() >= 20ms);
}

TEST_CASE("drops shrink a limit by their share", "[overload][limiter]") {
  Feed feed(kLimits);
  feed.answers(20, 20ms, kMuch);
  const std::uint32_t before = feed.limiter.limit();
  SECTION("all") {
    feed.drops(100, 10, 20ms, kMuch);
    CHECK(feed.limiter.limit() == 10);
    CHECK(feed.limiter.usual_latency() == 20ms);
  }
  SECTION("a third") {
    feed.drops(200, 3, 20ms, kMuch);
    CHECK(feed.limiter.limit() < before / 3);
    CHECK(feed.limiter.limit() > 10);
  }
  feed.answers(100, 20ms, kMuch);
  CHECK(feed.limiter.limit() > before);
}

TEST_CASE("a slow fetch among ten is no overload", "[overload][limiter]") {
  Feed feed(kLimits);
  feed.answers(20, 20ms, kMuch);
  const std::uint32_t before = feed.limiter.limit();
  feed.outliers(10, 20ms, 100ms, kMuch);
  CHECK(feed.limiter.limit() > before);
}

TEST_CASE("three equal numbers fix a limit", "[overload][limiter]") {
  Feed feed({.initial = 50, .min = 50, .max = 50});
  feed.answers(20, 20ms, kMuch);
  feed.answers(20, 2s, kMuch);
  feed.drops(20, 10, 20ms, kMuch);
  CHECK(feed.limiter.limit() == 50);
}

TEST_CASE("no sequence brings a limiter out of its bounds", "[overload][limiter][property]") {
  std::mt19937_64 random(GENERATE(range(1U, 7U)));
  const auto min = static_cast<std::uint32_t>(1 + random() % 20);
  const auto initial = min + static_cast<std::uint32_t>(random() % 50);
  const auto max = initial + static_cast<std::uint32_t>(random() % 200);
  ConcurrencyLimiter limiter({.initial = initial, .min = min, .max = max});
  Steady now = kStart;
  std::uint32_t in_flight = 0;
  for (int i = 0; i < 50000; ++i) {
    now += std::chrono::microseconds(random() % 2000);
    // Stretches of demand and of rest, of quick and of slow answers.
    if (random() % 100 < (i / 5000 % 2 == 0 ? 70U : 30U)) {
      const auto importance = static_cast<Importance>(random() % kImportances);
      const std::uint32_t limit = limiter.limit();
      constexpr std::array<std::uint32_t, kImportances> kPercent{100, 70, 40, 10};
      const auto room = std::max(limit * kPercent[index_of(importance)] / 100, 1U);
      REQUIRE(limiter.has_room(importance) == (in_flight < room));
      REQUIRE(limiter.try_acquire(importance) == (in_flight < room));
      if (in_flight < room) ++in_flight;
    } else if (in_flight > 0) {
      const auto latency =
          std::chrono::nanoseconds(random() % (i / 2000 % 2 == 0 ? 1000 : 500000000));
      const std::uint64_t end = random() % 10;
      if (end < 8) limiter.on_answered(now, latency);
      if (end == 8) limiter.on_dropped(now);
      limiter.release();
      --in_flight;
    }
    REQUIRE(limiter.in_flight() == in_flight);
    REQUIRE(limiter.limit() >= min);
    REQUIRE(limiter.limit() <= max);
  }
}
