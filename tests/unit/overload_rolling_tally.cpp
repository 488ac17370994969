#include <selvedge/overload/rolling_tally.hpp>
#include <tests/support/catch.hpp>

#include <deque>
#include <random>
#include <utility>

using namespace std::chrono_literals;
using selvedge::base::Steady;
using selvedge::overload::RollingTally;

namespace {

const Steady kStart{1h};

} // namespace

TEST_CASE("a rolling tally forgets slice by slice", "[overload][tally]") {
  RollingTally tally(10s);
  tally.add_success(kStart);
  tally.add_failure(kStart + 4s);
  CHECK(tally.sum(kStart + 9s).attempts == 2);
  CHECK(tally.sum(kStart + 9s).failures() == 1);
  CHECK(tally.sum(kStart + 10s).attempts == 1);
  CHECK(tally.sum(kStart + 10s).successes == 0);
  CHECK(tally.sum(kStart + 14s).attempts == 0);
}

TEST_CASE("a rolling tally is empty after a long pause and after clear", "[overload][tally]") {
  RollingTally tally(10s);
  for (auto at = 0s; at < 10s; at += 1s) tally.add_failure(kStart + at);
  SECTION("pause") {
    CHECK(tally.sum(kStart + 24h).attempts == 0);
  }
  SECTION("clear") {
    tally.clear();
    CHECK(tally.sum(kStart + 9s).attempts == 0);
    tally.add_success(kStart + 9s);
    CHECK(tally.sum(kStart + 9s).successes == 1);
  }
}

TEST_CASE("a rolling tally counts as a list of slices would", "[overload][tally][property]") {
  std::mt19937_64 random(GENERATE(1U, 2U, 3U));
  RollingTally tally(1s);
  std::deque<std::pair<std::int64_t, bool>> attempts; // slice, success
  Steady now = kStart;
  for (int i = 0; i < 20000; ++i) {
    // Mostly within a slice, at times past the whole window.
    now += std::chrono::milliseconds(random() % 500 == 0 ? random() % 3000 : random() % 30);
    const std::int64_t slice = now.time_since_epoch() / 100ms;
    const bool is_success = random() % 3 != 0;
    if (is_success) {
      tally.add_success(now);
    } else {
      tally.add_failure(now);
    }
    attempts.emplace_back(slice, is_success);
    while (attempts.front().first <= slice - 10) attempts.pop_front();
    std::size_t successes = 0;
    for (const auto& attempt : attempts) successes += attempt.second ? 1 : 0;
    REQUIRE(tally.sum(now).attempts == attempts.size());
    REQUIRE(tally.sum(now).successes == successes);
  }
}
