#include <selvedge/overload/event_log.hpp>
#include <selvedge/overload/load_controller.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <set>

using namespace selvedge;
using namespace selvedge::overload;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds kTick = LoadController::kTick;

// A worker whose requests cost 20 us to serve and 3 us to refuse, driven tick by tick.
struct Core {
  explicit Core(const LoadOptions& options = {}) : load(options) {
    TurnWork one;
    one.served[index_of(Importance::free)] = 1;
    TurnWork no;
    no.refused = 1;
    for (int i = 0; i < 500; ++i) {
      load.note_turn(one, microseconds{20});
      load.note_turn(no, microseconds{3});
    }
  }
  // So many requests a second of an importance, spread over its cohorts, for a time.
  void offer(Importance importance, double rate, milliseconds time) {
    for (nanoseconds at{0}; at < time; at += kTick) {
      const auto count = static_cast<int>(rate * 0.01);
      double busy_us = 0;
      refused = served = 0;
      for (int i = 0; i < count; ++i) {
        const std::uint32_t level = level_of(importance, static_cast<std::uint32_t>(i));
        load.note_request(level);
        if (load.admits(level)) {
          busy_us += 20;
          ++served;
        } else {
          load.note_refused(LoadController::Refused::unknown);
          busy_us += 3;
          ++refused;
        }
      }
      LoadSample sample;
      sample.elapsed = kTick;
      sample.busy = std::min(kTick, nanoseconds{static_cast<std::int64_t>(busy_us * 1000)});
      load.tick(sample);
    }
  }
  LoadController load;
  int served = 0; // in the last tick
  int refused = 0;
};

} // namespace

TEST_CASE("levels order importances, then cohorts", "[overload][load]") {
  CHECK(level_of(Importance::premium, 63) < level_of(Importance::standard, 0));
  CHECK(level_of(Importance::free, 5) < level_of(Importance::free, 6));
  CHECK(level_of(Importance::background, 63) == kLevels - 1);
}

TEST_CASE("the same tenants are refused first for an hour, then others", "[overload][load]") {
  const std::chrono::sys_seconds noon{std::chrono::hours{12}};
  const std::chrono::seconds hour{3600};
  std::set<std::uint32_t> cohorts;
  std::size_t same = 0;
  for (std::uint64_t tenant = 0; tenant < 1000; ++tenant) {
    const std::uint32_t cohort = cohort_of(tenant, noon, hour);
    REQUIRE(cohort < kCohorts);
    CHECK(cohort_of(tenant, noon + std::chrono::minutes{59}, hour) == cohort);
    same += cohort_of(tenant, noon + hour, hour) == cohort ? 1 : 0;
    cohorts.insert(cohort);
  }
  CHECK(cohorts.size() == kCohorts);
  CHECK(same < 50); // one in 64, by chance
}

TEST_CASE("what fits is admitted, and nobody is refused when all of it does", "[overload][load]") {
  Core core;
  core.offer(Importance::free, 20'000, milliseconds{1000}); // 40% of a core
  CHECK(core.load.admitted() == kLevels - 1);
  CHECK(core.refused == 0);
  CHECK(core.load.level() == LoadLevel::calm);
}

TEST_CASE("beyond the budget the highest levels are refused, in one step", "[overload][load]") {
  Core core;
  core.offer(Importance::free, 100'000, milliseconds{500}); // twice a core
  CHECK(core.refused > 0);
  // What is served and what refusing costs stays within the budget of 85%.
  const double used = core.served * 20e-6 / 0.01 + core.refused * 3e-6 / 0.01;
  CHECK(used < 0.92);
  CHECK(used > 0.60);
  CHECK(core.load.level() == LoadLevel::critical);
  CHECK(core.load.admits(level_of(Importance::premium, 63)));
  CHECK(core.load.admits(level_of(Importance::standard, 63)));
  CHECK_FALSE(core.load.admits(level_of(Importance::free, 63)));
}

TEST_CASE("a machine that stands still makes no load critical when nobody was turned away",
          "[overload][load]") {
  Core core;
  core.offer(Importance::free, 35'000, milliseconds{500}); // 70% of a core
  LoadSample sample;
  sample.elapsed = kTick;
  sample.busy = kTick * 7 / 10;
  sample.most_important_delay = milliseconds{30};
  for (int tick = 0; tick < 10; ++tick) core.load.tick(sample);
  CHECK(core.load.admitted() < kLevels - 1);
  CHECK(core.load.level() <= LoadLevel::high);
}

TEST_CASE("after the spike all are let in again within two seconds", "[overload][load]") {
  Core core;
  core.offer(Importance::free, 200'000, milliseconds{1000});
  REQUIRE(core.load.level() == LoadLevel::critical);
  core.offer(Importance::free, 10'000, milliseconds{900});
  CHECK(core.load.admitted() == kLevels - 1);
  core.offer(Importance::free, 10'000, milliseconds{1100});
  CHECK(core.load.level() == LoadLevel::calm);
}

TEST_CASE("the most important are never turned away by the histogram", "[overload][load]") {
  Core core;
  core.offer(Importance::premium, 200'000, milliseconds{500});
  CHECK(core.refused == 0);
}

TEST_CASE("strangers wait once refusing them costs more than it may", "[overload][load]") {
  LoadOptions options;
  options.unknown = 0.3;
  Core core(options);
  core.offer(Importance::free, 60'000, milliseconds{500});
  CHECK_FALSE(core.load.defers_unknown());
  core.offer(Importance::free, 250'000, milliseconds{100}); // refusing most of them: 60% of a core
  core.offer(Importance::free, 250'000, milliseconds{100});
  CHECK(core.load.defers_unknown());
  core.offer(Importance::free, 1000, milliseconds{2000}); // tried again after two seconds
  CHECK_FALSE(core.load.defers_unknown());
}

TEST_CASE("refusals of those who could wait have a budget", "[overload][load]") {
  Core core; // 5%: 500 us each 10 ms, at 3 us each
  LoadSample sample;
  sample.elapsed = kTick;
  core.load.tick(sample);
  int allowed = 0;
  while (core.load.may_refuse_known()) ++allowed;
  CHECK(allowed >= 150);
  CHECK(allowed <= 180);
}

TEST_CASE("waits and memory make a load critical, and it calms down step by step",
          "[overload][load]") {
  LoadController load;
  LoadSample sample;
  sample.elapsed = kTick;
  sample.oldest_wait = milliseconds{60};
  CHECK(load.tick(sample));
  CHECK(load.level() == LoadLevel::critical);
  CHECK(load.reason().find("longest wait 60.0 ms") != std::string::npos);
  sample.oldest_wait = nanoseconds{0};
  int changes = 0;
  for (int tick = 0; tick < 160; ++tick) changes += load.tick(sample) ? 1 : 0;
  CHECK(changes == 3);
  CHECK(load.level() == LoadLevel::calm);
  sample.is_over_memory = true;
  load.tick(sample);
  CHECK(load.level() == LoadLevel::critical);
}

TEST_CASE("the event log keeps the last events", "[overload][events]") {
  EventLog log;
  for (std::size_t i = 0; i < EventLog::kKept + 10; ++i) {
    Event event;
    event.knob = "load-level";
    log.add(event);
  }
  const auto all = log.since();
  REQUIRE(all.size() == EventLog::kKept);
  CHECK(all.front().number == 11);
  CHECK(log.since(all.back().number - 1).size() == 1);
}
