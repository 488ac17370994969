#include <selvedge/policy/economics.hpp>
#include <tests/support/catch.hpp>

#include <atomic>
#include <limits>
#include <string>
#include <thread>

using namespace selvedge::policy;

namespace {

std::vector<LedgerRow> rows_of(const Ledger& ledger) {
  const Ledger* one = &ledger;
  return Ledger::sum({&one, 1});
}

Deed served(std::uint8_t tier, std::string_view bundle, double value) {
  Deed deed;
  deed.tier = tier;
  deed.bundle = bundle;
  deed.value = value;
  return deed;
}

} // namespace

TEST_CASE("deeds are summed by tier and bundle", "[policy][economics]") {
  Ledger first(2);
  Ledger second(2);
  first.note({.tier = 1,
              .bundle = "ui",
              .outcome = Outcome::served,
              .value = 0.25,
              .sent_bytes = 100,
              .saved_bytes = 300,
              .origin_bytes = 50,
              .stored_bytes = 20,
              .origin_cost = 0.5,
              .storage_cost = 0.125});
  second.note(served(1, "ui", 0.5));
  Deed shed = served(0, "ui", 2);
  shed.outcome = Outcome::shed;
  second.note(shed);
  second.note(served(0, "", 0));

  const std::vector<const Ledger*> both{&first, &second};
  const std::vector<LedgerRow> rows = Ledger::sum(both);
  const std::vector<LedgerRow> expected = {
      {.tier = 0, .bundle = "", .served = 1},
      {.tier = 0, .bundle = "ui", .shed = 1, .value_shed = 2000000},
      {.tier = 1,
       .bundle = "ui",
       .served = 2,
       .sent_bytes = 100,
       .saved_bytes = 300,
       .origin_bytes = 50,
       .stored_bytes = 20,
       .value_served = 750000,
       .origin_cost = 500000,
       .storage_cost = 125000},
  };
  CHECK(rows == expected);
  CHECK(Ledger::sum({}).empty());
  CHECK(rows_of(Ledger(3)).empty());
}

TEST_CASE("fractions of a millionth add up", "[policy][economics]") {
  Ledger ledger(1);
  for (int i = 0; i < 1000; ++i) {
    Deed deed = served(0, "a", 0.25e-6);
    deed.origin_cost = 1.5e-9;
    ledger.note(deed);
  }
  const std::vector<LedgerRow> rows = rows_of(ledger);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].value_served == 250);
  CHECK(rows[0].origin_cost == 1);
}

TEST_CASE("an amount that is none adds nothing", "[policy][economics]") {
  Ledger ledger(1);
  for (const double value : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    ledger.note(served(0, "a", value));
  }
  CHECK(rows_of(ledger)[0].value_served == 0);
  ledger.note(served(0, "a", std::numeric_limits<double>::infinity()));
  CHECK(rows_of(ledger)[0].value_served > 0);
  CHECK(rows_of(ledger)[0].served == 3);
}

TEST_CASE("bundles after the most a ledger names are together", "[policy][economics]") {
  Ledger ledger(1);
  const auto name = [](std::size_t i) { return "bundle-" + std::to_string(i); };
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < Ledger::kBundles + 10; ++i) ledger.note(served(0, name(i), 1));
  }
  ledger.note(served(0, std::string(Ledger::kLongestName + 1, 'x'), 1));
  ledger.note(served(0, "other", 1));
  const std::vector<LedgerRow> rows = rows_of(ledger);
  REQUIRE(rows.size() == Ledger::kBundles + 1);
  for (const LedgerRow& row : rows) {
    CAPTURE(row.bundle);
    CHECK(row.served == (row.bundle == "other" ? 22u : 2u));
  }
}

TEST_CASE("a ledger is read while it is written", "[policy][economics]") {
  Ledger ledger(2);
  const std::string ending(40, 'n'); // too long to lie within a string
  std::atomic<bool> is_done{false};
  std::thread writer([&] {
    for (int round = 0; round < 50; ++round) {
      for (int i = 0; i < 300; ++i) {
        ledger.note(served(static_cast<std::uint8_t>(i % 2), std::to_string(i) + ending, 1));
      }
    }
    is_done = true;
  });
  bool are_names_whole = true;
  std::uint64_t last = 0;
  bool is_rising = true;
  do {
    std::uint64_t sum = 0;
    for (const LedgerRow& row : rows_of(ledger)) {
      are_names_whole &= row.bundle == "other" || row.bundle.ends_with(ending);
      sum += row.served;
    }
    is_rising &= sum >= last;
    last = sum;
  } while (!is_done);
  writer.join();
  CHECK(are_names_whole);
  CHECK(is_rising);
  std::uint64_t sum = 0;
  for (const LedgerRow& row : rows_of(ledger)) sum += row.served;
  CHECK(sum == 50u * 300u);
}
