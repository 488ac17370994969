#include <selvedge/insight/distinct_counts.hpp>
#include <tests/support/catch.hpp>

#include <cmath>
#include <random>
#include <string>
#include <thread>
#include <vector>

using selvedge::insight::DistinctCounts;
using namespace std::chrono_literals;

namespace {

const std::chrono::sys_seconds kNoon{std::chrono::hours{480'000}};

bool is_about(double estimate, double count) {
  return std::abs(estimate - count) <= 0.02 * count + 0.5;
}

} // namespace

TEST_CASE("each kind has its own count, of this hour and the last", "[insight]") {
  DistinctCounts counts;
  std::mt19937_64 random(1);
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t session = random();
    counts.note("ui@2.3.1", session, kNoon);
    counts.note("ui@2.3.1", session, kNoon + 10min);
    if (i < 100) counts.note("ui@2.4.0", session, kNoon + 20min);
  }
  const auto now = counts.rows(kNoon + 59min);
  REQUIRE(now.size() == 2);
  CHECK(now[0].kind == "ui@2.3.1");
  CHECK(is_about(now[0].this_hour, 5000));
  CHECK(now[0].last_hour == 0);
  CHECK(is_about(now[1].this_hour, 100));
  for (int i = 0; i < 300; ++i) counts.note("ui@2.4.0", random(), kNoon + 61min);
  const auto later = counts.rows(kNoon + 62min);
  REQUIRE(later.size() == 2);
  CHECK(later[0].this_hour == 0);
  CHECK(is_about(later[0].last_hour, 5000));
  CHECK(is_about(later[1].this_hour, 300));
  CHECK(is_about(later[1].last_hour, 100));
  CHECK(counts.rows(kNoon + 125min).size() == 1); // of the older one nothing was seen
  CHECK(counts.rows(kNoon + 300min).empty());
}

TEST_CASE("kinds have bounded room, which those of two hours ago give away", "[insight]") {
  DistinctCounts counts;
  constexpr std::uint64_t kMany = 5000;
  for (std::uint64_t i = 0; i < kMany; ++i) counts.note("old-" + std::to_string(i), i, kNoon);
  const std::size_t held = counts.rows(kNoon).size();
  CHECK(held > DistinctCounts::kSets * DistinctCounts::kWays / 2);
  CHECK(held <= DistinctCounts::kSets * DistinctCounts::kWays);
  CHECK(counts.uncounted() == kMany - held);
  const auto later = kNoon + 2h;
  for (std::uint64_t i = 0; i < 100; ++i) counts.note("new-" + std::to_string(i), i, later);
  const auto rows = counts.rows(later);
  CHECK(rows.size() == 100);
  CHECK(rows.front().kind == "new-0");
  CHECK(counts.uncounted() == kMany - held);
}

TEST_CASE("workers count together", "[insight]") {
  DistinctCounts counts;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&counts, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 20'000; ++i) {
        counts.note("ui@" + std::to_string(i % 50), random(), kNoon);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto rows = counts.rows(kNoon);
  REQUIRE(rows.size() + counts.uncounted() >= 45);
  for (const auto& row : rows) CHECK(is_about(row.this_hour, 1600));
}
