#include <selvedge/base/timer_wheel.hpp>
#include <tests/support/catch.hpp>

#include <functional>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using selvedge::base::Steady;
using selvedge::base::Timer;
using selvedge::base::TimerWheel;

namespace {

const Steady kStart{1h};

class CountingTimer final : public Timer {
public:
  void on_timeout() override {
    ++fired;
    if (then) then();
  }
  int fired = 0;
  std::function<void()> then;
};

} // namespace

TEST_CASE("a timer fires at its deadline or up to one tick later, never before", "[base][timer]") {
  TimerWheel wheel(kStart, 50ms);
  CountingTimer timer;
  const auto delay = GENERATE(0ms, 1ms, 49ms, 50ms, 51ms, 1000ms, 24999ms, 25600ms, 100000ms);
  wheel.arm(timer, kStart, delay);
  CHECK(timer.is_armed());
  for (auto at = 0ms; at < delay; at += 50ms) wheel.advance(kStart + at);
  CHECK(timer.fired == 0);
  wheel.advance(kStart + delay + 50ms);
  CHECK(timer.fired == 1);
  CHECK_FALSE(timer.is_armed());
  wheel.advance(kStart + delay + 60s);
  CHECK(timer.fired == 1);
}

TEST_CASE("a disarmed or destroyed timer does not fire", "[base][timer]") {
  TimerWheel wheel(kStart);
  CountingTimer disarmed;
  auto destroyed = std::make_unique<CountingTimer>();
  wheel.arm(disarmed, kStart, 100ms);
  wheel.arm(*destroyed, kStart, 100ms);
  disarmed.disarm();
  destroyed.reset();
  wheel.advance(kStart + 1s);
  CHECK(disarmed.fired == 0);
}

TEST_CASE("arming again moves the deadline", "[base][timer]") {
  TimerWheel wheel(kStart, 50ms);
  CountingTimer timer;
  wheel.arm(timer, kStart, 100ms);
  wheel.advance(kStart + 90ms);
  wheel.arm(timer, kStart + 90ms, 100ms);
  wheel.advance(kStart + 180ms);
  CHECK(timer.fired == 0);
  wheel.advance(kStart + 250ms);
  CHECK(timer.fired == 1);
}

TEST_CASE("a timer may arm itself from its timeout, once a period", "[base][timer]") {
  TimerWheel wheel(kStart, 50ms);
  CountingTimer timer;
  Steady now = kStart;
  timer.then = [&] { wheel.arm(timer, now, 100ms); };
  wheel.arm(timer, now, 100ms);
  for (int i = 0; i < 30; ++i) wheel.advance(now += 50ms); // 1.5 s
  CHECK(timer.fired == 10);
}

TEST_CASE("a timeout may disarm another that is due in the same turn", "[base][timer]") {
  TimerWheel wheel(kStart, 50ms);
  CountingTimer first;
  CountingTimer second;
  first.then = [&] { second.disarm(); };
  wheel.arm(first, kStart, 100ms);
  wheel.arm(second, kStart, 100ms);
  wheel.advance(kStart + 1s);
  CHECK(first.fired == 1);
  CHECK(second.fired == 0);
}

TEST_CASE("after a long pause everything due fires once and the rest waits", "[base][timer]") {
  TimerWheel wheel(kStart, 50ms);
  std::vector<CountingTimer> due(1000);
  for (std::size_t i = 0; i < due.size(); ++i) {
    wheel.arm(due[i], kStart, std::chrono::milliseconds{i * 37});
  }
  CountingTimer later;
  wheel.arm(later, kStart, 2h);
  wheel.advance(kStart + 1h);
  for (const CountingTimer& timer : due) CHECK(timer.fired == 1);
  CHECK(later.fired == 0);
  wheel.advance(kStart + 2h + 50ms);
  CHECK(later.fired == 1);
}
