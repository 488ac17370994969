#include <selvedge/insight/hyper_log_log.hpp>
#include <tests/support/catch.hpp>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using selvedge::insight::HyperLogLog;

TEST_CASE("different things are counted within two percent, however many", "[insight]") {
  const std::uint64_t count = GENERATE(1u, 10u, 100u, 1000u, 10'000u, 40'000u, 80'000u, 1'000'000u);
  CAPTURE(count);
  HyperLogLog seen;
  std::mt19937_64 random(count);
  for (std::uint64_t i = 0; i < count; ++i) seen.add(random());
  const double bound = std::max(0.5, 0.02 * static_cast<double>(count));
  CHECK(std::abs(seen.estimate() - static_cast<double>(count)) <= bound);
}

TEST_CASE("the error is what the paper says, over many counts", "[insight]") {
  std::mt19937_64 random(11);
  double squares = 0;
  constexpr int kTrials = 60;
  constexpr int kCount = 50'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    HyperLogLog seen;
    for (int i = 0; i < kCount; ++i) seen.add(random());
    const double error = seen.estimate() / kCount - 1;
    squares += error * error;
  }
  CHECK(std::sqrt(squares / kTrials) < 0.0075); // 0.57%, and what 60 trials may be off
}

TEST_CASE("the same thing counts once", "[insight]") {
  HyperLogLog seen;
  CHECK(seen.estimate() == 0);
  CHECK(seen.add(0x123456789abcdef0));
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(seen.add(0x123456789abcdef0));
  CHECK(std::abs(seen.estimate() - 1) < 0.01);
  seen.clear();
  CHECK(seen.estimate() == 0);
}

TEST_CASE("hashes at the ends are taken", "[insight]") {
  HyperLogLog seen;
  seen.add(0);
  seen.add(~std::uint64_t{0});
  CHECK(std::abs(seen.estimate() - 2) < 0.1);
}

TEST_CASE("many threads lose nothing", "[insight]") {
  HyperLogLog together, alone;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&together, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 20'000; ++i) together.add(random());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t t = 0; t < 4; ++t) {
    std::mt19937_64 random(t);
    for (int i = 0; i < 20'000; ++i) alone.add(random());
  }
  CHECK(together.estimate() == alone.estimate());
}
