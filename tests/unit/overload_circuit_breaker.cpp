#include <selvedge/overload/circuit_breaker.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;

namespace {

const Steady kStart{1h};

void succeed(CircuitBreaker& breaker, Steady at, int times = 1) {
  for (int i = 0; i < times; ++i) {
    const Passage passage = breaker.admit(at);
    REQUIRE(passage.is_allowed());
    breaker.on_success(passage, at);
  }
}

void fail(CircuitBreaker& breaker, Steady at, int times = 1) {
  for (int i = 0; i < times; ++i) {
    const Passage passage = breaker.admit(at);
    REQUIRE(passage.is_allowed());
    breaker.on_failure(passage, at);
  }
}

// Half of at least 20 opens it for a second.
CircuitBreaker opened() {
  CircuitBreaker breaker({});
  fail(breaker, kStart, 20);
  REQUIRE(breaker.state() == BreakerState::open);
  return breaker;
}

} // namespace

TEST_CASE("a breaker opens at a share of failures among enough requests", "[overload][breaker]") {
  CircuitBreaker breaker({});
  SECTION("the share is reached with the last failure") {
    succeed(breaker, kStart, 10);
    fail(breaker, kStart, 9);
    CHECK(breaker.state() == BreakerState::closed);
    fail(breaker, kStart);
    CHECK(breaker.state() == BreakerState::open);
    CHECK(breaker.times_opened() == 1);
  }
  SECTION("too few requests") {
    fail(breaker, kStart, 19);
    CHECK(breaker.state() == BreakerState::closed);
  }
  SECTION("too few failures") {
    succeed(breaker, kStart, 100);
    fail(breaker, kStart, 99);
    CHECK(breaker.state() == BreakerState::closed);
  }
  SECTION("failures of long ago") {
    fail(breaker, kStart, 19);
    fail(breaker, kStart + 10s, 19);
    CHECK(breaker.state() == BreakerState::closed);
  }
}

TEST_CASE("a breaker of share 0 never opens", "[overload][breaker]") {
  CircuitBreaker breaker({.failure_share = 0, .min_requests = 1});
  fail(breaker, kStart, 1000);
  CHECK(breaker.state() == BreakerState::closed);
}

TEST_CASE("an open breaker lets nothing through until its time is over", "[overload][breaker]") {
  CircuitBreaker breaker = opened();
  CHECK_FALSE(breaker.admit(kStart).is_allowed());
  CHECK_FALSE(breaker.admit(kStart + 999ms).is_allowed());
  CHECK_FALSE(breaker.would_admit(kStart + 999ms));
  CHECK(breaker.would_admit(kStart + 1s));
  CHECK(breaker.state() == BreakerState::open);
  CHECK(breaker.admit(kStart + 1s).is_probe());
  CHECK(breaker.state() == BreakerState::half_open);
}

TEST_CASE("a half-open breaker lets one probe through at a time", "[overload][breaker]") {
  CircuitBreaker breaker = opened();
  const Passage probe = breaker.admit(kStart + 1s);
  REQUIRE(probe.is_probe());
  CHECK_FALSE(breaker.would_admit(kStart + 1s));
  CHECK_FALSE(breaker.admit(kStart + 20s).is_allowed());
  SECTION("success closes it") {
    breaker.on_success(probe, kStart + 20s);
    CHECK(breaker.state() == BreakerState::closed);
    CHECK_FALSE(breaker.admit(kStart + 20s).is_probe());
    // What happened before is forgotten.
    fail(breaker, kStart + 20s, 19);
    CHECK(breaker.state() == BreakerState::closed);
  }
  SECTION("failure opens it again, for twice as long") {
    breaker.on_failure(probe, kStart + 2s);
    CHECK(breaker.state() == BreakerState::open);
    CHECK_FALSE(breaker.would_admit(kStart + 3999ms));
    CHECK(breaker.would_admit(kStart + 4s));
    CHECK(breaker.times_opened() == 2);
  }
  SECTION("when it was given up, the next request is the probe") {
    breaker.on_abandoned(probe);
    CHECK(breaker.admit(kStart + 1s).is_probe());
  }
}

TEST_CASE("the open time doubles up to a bound, and begins anew after a success",
          "[overload][breaker]") {
  CircuitBreaker breaker = opened();
  Steady now = kStart;
  for (const auto open_for : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    CHECK_FALSE(breaker.would_admit(now + open_for - 1ms));
    now += open_for;
    fail(breaker, now);
  }
  now += 30s;
  succeed(breaker, now);
  fail(breaker, now, 20);
  CHECK(breaker.state() == BreakerState::open);
  CHECK_FALSE(breaker.would_admit(now + 999ms));
  CHECK(breaker.would_admit(now + 1s));
}

TEST_CASE("an open time above the bound is kept", "[overload][breaker]") {
  CircuitBreaker breaker({.min_requests = 1, .open_time = 60s});
  fail(breaker, kStart);
  CHECK_FALSE(breaker.would_admit(kStart + 59s));
  fail(breaker, kStart + 60s);
  CHECK_FALSE(breaker.would_admit(kStart + 119s));
  CHECK(breaker.would_admit(kStart + 120s));
}

TEST_CASE("results of requests from before a change of state are ignored", "[overload][breaker]") {
  CircuitBreaker breaker({});
  std::vector<Passage> slow;
  for (int i = 0; i < 50; ++i) slow.push_back(breaker.admit(kStart));
  fail(breaker, kStart, 20);
  REQUIRE(breaker.state() == BreakerState::open);
  SECTION("a success does not close it") {
    breaker.on_success(slow.front(), kStart + 500ms);
    CHECK(breaker.state() == BreakerState::open);
    REQUIRE(breaker.admit(kStart + 1s).is_probe());
    breaker.on_success(slow.back(), kStart + 1s);
    CHECK(breaker.state() == BreakerState::half_open);
  }
  SECTION("failures do not open it once it is closed again") {
    succeed(breaker, kStart + 1s);
    for (const Passage& passage : slow) breaker.on_failure(passage, kStart + 2s);
    CHECK(breaker.state() == BreakerState::closed);
  }
  SECTION("one that was given up is not the probe") {
    REQUIRE(breaker.admit(kStart + 1s).is_probe());
    breaker.on_abandoned(slow.front());
    CHECK_FALSE(breaker.would_admit(kStart + 1s));
  }
}

TEST_CASE("a refused passage has no result", "[overload][breaker]") {
  CircuitBreaker breaker = opened();
  const Passage refused = breaker.admit(kStart);
  breaker.on_success(refused, kStart);
  CHECK(breaker.state() == BreakerState::open);
  breaker.on_failure(Passage{}, kStart);
  CHECK(breaker.times_opened() == 1);
}

namespace {

// Requests under way at an origin that fails at random, in the hands of a breaker.
class RandomUse {
public:
  explicit RandomUse(unsigned seed) : random_(seed) {}

  void step(std::uint64_t failures_of_ten) {
    now_ += std::chrono::milliseconds(random_() % 40);
    if (under_way_.size() < 40 && random_() % 2 == 0) {
      begin();
    } else if (!under_way_.empty()) {
      end(failures_of_ten);
    }
  }
  // All that are under way end well, and after the longest open time one more does.
  void get_well() {
    for (const Passage& passage : under_way_) breaker.on_success(passage, now_);
    under_way_.clear();
    now_ += 30s;
    succeed(breaker, now_);
  }

  CircuitBreaker breaker{{.min_requests = 5, .window = 1s, .open_time = 200ms}};

private:
  void begin() {
    const BreakerState before = breaker.state();
    const bool would = breaker.would_admit(now_);
    const Passage passage = breaker.admit(now_);
    REQUIRE(passage.is_allowed() == would);
    REQUIRE(passage.is_probe() == (would && before != BreakerState::closed));
    if (would) under_way_.push_back(passage);
    const auto probes = std::count_if(under_way_.begin(), under_way_.end(),
                                      [](const Passage& one) { return one.is_probe(); });
    REQUIRE(probes <= 1);
    if (breaker.state() == BreakerState::half_open) REQUIRE(probes == 1);
  }

  void end(std::uint64_t failures_of_ten) {
    const std::size_t index = random_() % under_way_.size();
    const Passage passage = under_way_[index];
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(index));
    const BreakerState before = breaker.state();
    if (random_() % 10 == 0) {
      breaker.on_abandoned(passage);
      REQUIRE(breaker.state() == before);
    } else if (random_() % 10 < failures_of_ten) {
      breaker.on_failure(passage, now_);
      if (passage.is_probe()) REQUIRE(breaker.state() == BreakerState::open);
      if (!passage.is_probe() && before != BreakerState::closed) REQUIRE(breaker.state() == before);
    } else {
      breaker.on_success(passage, now_);
      REQUIRE(breaker.state() == (passage.is_probe() ? BreakerState::closed : before));
    }
  }

  std::mt19937_64 random_;
  Steady now_ = kStart;
  std::vector<Passage> under_way_;
};

} // namespace

TEST_CASE("a breaker has one probe at most and never stays open at an origin that is well",
          "[overload][breaker][property]") {
  const auto seed = GENERATE(range(1U, 9U));
  RandomUse use(seed);
  std::uint64_t opened = 0;
  for (std::uint64_t round = 0; round < 20; ++round) {
    for (int i = 0; i < 500; ++i) use.step(round % 2 == 0 ? 9 : 3);
    use.get_well();
    REQUIRE(use.breaker.state() == BreakerState::closed);
    opened = use.breaker.times_opened();
  }
  CHECK(opened > 10);
}
