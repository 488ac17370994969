#include <selvedge/base/clock.hpp>
#include <tests/support/catch.hpp>

using namespace std::chrono_literals;
using selvedge::base::Instant;
using selvedge::base::ManualClock;

TEST_CASE("a manual clock stands still until it is told to move", "[base][clock]") {
  const ManualClock clock;
  CHECK(clock.now().steady == clock.now().steady);
  CHECK(clock.now().wall == clock.now().wall);
}

TEST_CASE("both clocks of an instant move together", "[base][clock]") {
  ManualClock clock;
  const Instant before = clock.now();
  clock.advance(90s);
  CHECK(clock.now().steady - before.steady == 90s);
  CHECK(clock.now().wall - before.wall == 90s);
}

TEST_CASE("parts of a second add up on the wall", "[base][clock]") {
  ManualClock clock;
  const Instant before = clock.now();
  for (int i = 0; i < 3; ++i) clock.advance(400ms);
  CHECK(clock.now().steady - before.steady == 1200ms);
  CHECK(clock.now().wall - before.wall == 1s);
  clock.advance(800ms);
  CHECK(clock.now().wall - before.wall == 2s);
}

TEST_CASE("the wall starts where it is told to", "[base][clock]") {
  const std::chrono::sys_seconds start{1234567890s};
  CHECK(ManualClock(start).now().wall == start);
}

TEST_CASE("the system's steady clock does not go back", "[base][clock]") {
  const selvedge::base::SystemClock clock;
  const Instant first = clock.now();
  const Instant second = clock.now();
  CHECK(second.steady >= first.steady);
  CHECK(first.wall > std::chrono::sys_days{std::chrono::year{2020} / 1 / 1});
}
