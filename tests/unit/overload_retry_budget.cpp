#include <selvedge/overload/retry_budget.hpp>
#include <tests/support/catch.hpp>

#include <random>

using namespace selvedge::overload;

namespace {

int spend_all(RetryBudget& budget) {
  int spent = 0;
  while (spent < 1000 && budget.try_spend()) ++spent;
  return spent;
}

} // namespace

TEST_CASE("a quiet origin may retry a burst, and then no more", "[overload][retry]") {
  RetryBudget budget({.share = 0.1, .burst = 10});
  CHECK(spend_all(budget) == 10);
  CHECK_FALSE(budget.try_spend());
}

TEST_CASE("requests earn retries: a tenth of one each", "[overload][retry]") {
  RetryBudget budget({.share = 0.1, .burst = 10});
  spend_all(budget);
  for (int i = 0; i < 9; ++i) budget.note_request();
  CHECK_FALSE(budget.try_spend());
  budget.note_request();
  CHECK(budget.try_spend());
  CHECK_FALSE(budget.try_spend());
}

TEST_CASE("no more than the burst is saved up", "[overload][retry]") {
  RetryBudget budget({.share = 0.1, .burst = 10});
  for (int i = 0; i < 100000; ++i) budget.note_request();
  CHECK(spend_all(budget) == 10);
}

TEST_CASE("a share or a burst of nothing allows nothing", "[overload][retry]") {
  const auto options = GENERATE(RetryBudgetOptions{.share = 0, .burst = 10},
                                RetryBudgetOptions{.share = 0.1, .burst = 0});
  RetryBudget budget(options);
  for (int i = 0; i < 1000; ++i) budget.note_request();
  CHECK_FALSE(budget.try_spend());
}

TEST_CASE("an origin where everything fails sees the share on top", "[overload][retry]") {
  const double share = GENERATE(0.02, 0.1, 0.25, 1.0);
  RetryBudget budget({.share = share, .burst = 10});
  int retries = 0;
  for (int i = 0; i < 10000; ++i) {
    budget.note_request();
    if (budget.try_spend()) ++retries;
  }
  // It is no more, and since each request wants a retry it is no less.
  CHECK(retries <= static_cast<int>(10000 * share) + 10);
  CHECK(retries >= static_cast<int>(10000 * share));
}

TEST_CASE("no sequence overspends a retry budget", "[overload][retry][property]") {
  std::mt19937_64 random(GENERATE(1U, 2U, 3U, 4U));
  const double share = 0.01 * static_cast<double>(1 + random() % 100);
  const auto burst = static_cast<std::uint32_t>(1 + random() % 20);
  RetryBudget budget({.share = share, .burst = burst});
  double requests = 0;
  double retries = 0;
  for (int i = 0; i < 20000; ++i) {
    // Stretches of few and of many failures.
    const std::uint64_t failing = i / 500 % 2 == 0 ? 1 : 8;
    if (random() % 10 >= failing) {
      budget.note_request();
      ++requests;
    } else if (budget.try_spend()) {
      ++retries;
    }
    REQUIRE(retries <= burst + share * requests + 1e-6);
  }
  CHECK(retries > 0);
}
