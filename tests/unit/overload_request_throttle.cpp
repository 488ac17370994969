#include <selvedge/overload/request_throttle.hpp>
#include <tests/support/catch.hpp>

#include <random>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;

namespace {

const Steady kStart{1h};
constexpr auto kClass = Importance::standard;

void note(RequestThrottle& throttle, int accepted, int rejected, Steady at = kStart) {
  for (int i = 0; i < accepted; ++i) throttle.on_accepted(kClass, at);
  for (int i = 0; i < rejected; ++i) throttle.on_rejected(kClass, at);
}

} // namespace

TEST_CASE("the throttle refuses by (requests - 2 accepts) / (requests + 1)",
          "[overload][throttle]") {
  struct Row {
    int accepted;
    int rejected;
    double probability;
  };
  const auto row =
      GENERATE(Row{0, 0, 0.0}, Row{100, 0, 0.0}, Row{50, 50, 0.0}, Row{40, 60, 20.0 / 101},
               Row{10, 89, 79.0 / 100}, Row{0, 1, 1.0 / 2}, Row{0, 8, 8.0 / 9}, Row{0, 999, 0.9});
  RequestThrottle throttle;
  note(throttle, row.accepted, row.rejected);
  CHECK(throttle.refusal_probability(kClass, kStart) == Approx(row.probability));
}

TEST_CASE("the given number decides", "[overload][throttle]") {
  RequestThrottle throttle;
  note(throttle, 10, 89);
  CHECK_FALSE(throttle.admits(kClass, kStart, 0.78));
  CHECK(throttle.admits(kClass, kStart, 0.80));
}

TEST_CASE("what was refused here counts as a request", "[overload][throttle]") {
  RequestThrottle throttle;
  note(throttle, 40, 60);
  REQUIRE_FALSE(throttle.admits(kClass, kStart, 0.0));
  CHECK(throttle.refusal_probability(kClass, kStart) == Approx(21.0 / 102));
}

TEST_CASE("a burst without answers yet is not refused", "[overload][throttle]") {
  RequestThrottle throttle;
  for (int i = 0; i < 1000; ++i) REQUIRE(throttle.admits(kClass, kStart, 0.0));
}

TEST_CASE("each importance has its own throttle", "[overload][throttle]") {
  RequestThrottle throttle;
  note(throttle, 0, 100);
  CHECK_FALSE(throttle.admits(kClass, kStart, 0.5));
  CHECK(throttle.admits(Importance::premium, kStart, 0.0));
  CHECK(throttle.admits(Importance::free, kStart, 0.0));
}

TEST_CASE("rejections are forgotten after two minutes", "[overload][throttle]") {
  RequestThrottle throttle;
  note(throttle, 0, 100);
  CHECK(throttle.refusal_probability(kClass, kStart + 107s) == 0.9);
  CHECK(throttle.refusal_probability(kClass, kStart + 120s) == 0.0);
}

TEST_CASE("the options name the numbers of the formula", "[overload][throttle]") {
  RequestThrottle throttle(
      {.window = 10s, .accepts_multiplier = 1, .padding = 10, .max_refused_share = 0.6});
  note(throttle, 40, 50);
  CHECK(throttle.refusal_probability(kClass, kStart) == Approx(50.0 / 100));
  note(throttle, 0, 100);
  CHECK(throttle.refusal_probability(kClass, kStart) == 0.6);
  CHECK(throttle.refusal_probability(kClass, kStart + 10s) == 0.0);
}

TEST_CASE("an origin that is full sees little more than twice what it accepts",
          "[overload][throttle][property]") {
  std::mt19937_64 random(GENERATE(1U, 2U, 3U));
  std::uniform_real_distribution<double> chance(0.0, 1.0);
  RequestThrottle throttle;
  int sent = 0;
  int accepted = 0;
  // 100 wanted a second; the origin accepts the first 10 of each second.
  for (int i = 0; i < 60000; ++i) {
    const Steady now = kStart + i * 10ms;
    if (i % 100 == 0) accepted = 0;
    if (!throttle.admits(kClass, now, chance(random))) continue;
    if (i >= 20000) ++sent;
    if (accepted++ < 10) {
      throttle.on_accepted(kClass, now);
    } else {
      throttle.on_rejected(kClass, now);
    }
  }
  // In 400 seconds the origin accepts 4000.
  CHECK(sent < 10000);
  CHECK(sent > 6000);
}

TEST_CASE("an origin that is well again is asked again by everybody",
          "[overload][throttle][property]") {
  std::mt19937_64 random(GENERATE(1U, 2U, 3U));
  std::uniform_real_distribution<double> chance(0.0, 1.0);
  RequestThrottle throttle;
  Steady now = kStart;
  for (int i = 0; i < 12000; ++i, now += 10ms) {
    if (throttle.admits(kClass, now, chance(random))) throttle.on_rejected(kClass, now);
  }
  REQUIRE(throttle.refusal_probability(kClass, now) == 0.9);
  for (int i = 0; i < 30000; ++i, now += 10ms) {
    if (throttle.admits(kClass, now, chance(random))) throttle.on_accepted(kClass, now);
  }
  CHECK(throttle.refusal_probability(kClass, now) == 0.0);
}
