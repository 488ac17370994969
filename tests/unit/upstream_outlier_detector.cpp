#include <selvedge/upstream/slow_start.hpp>
#include <src/upstream/outlier_detector.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace selvedge::upstream;
using namespace std::chrono_literals;
using selvedge::base::ManualClock;
using selvedge::base::Steady;
using Kind = EjectionEvent::Kind;

namespace {

constexpr FetchOutcome kFailure{};

FetchOutcome answer(std::chrono::nanoseconds latency = 10ms) {
  return {true, latency};
}

struct Group {
  explicit Group(std::size_t count, EjectionOptions some_options = {})
      : options(some_options), detector(options) {
    for (std::size_t i = 0; i < count; ++i)
      servers.push_back(std::make_shared<ServerState>("10.0.0." + std::to_string(i) + ":80"));
    clock.advance(1h);
  }
  Steady now() const { return clock.now().steady; }
  ServerState& operator[](std::size_t i) { return *servers[i]; }
  std::optional<EjectionEvent> result(std::size_t server, FetchOutcome outcome) {
    return detector.on_result(servers, server, outcome, now());
  }
  // Failures are spread, so that few are in a row.
  void results(std::size_t server, int requests, int failures,
               std::chrono::nanoseconds latency = 10ms) {
    for (int i = 0; i < requests; ++i) {
      const bool fails = (i + 1) * failures / requests > i * failures / requests;
      REQUIRE_FALSE(result(server, fails ? kFailure : answer(latency)).has_value());
    }
  }
  std::optional<EjectionEvent> fail_in_a_row(std::size_t server, int times) {
    std::optional<EjectionEvent> last;
    for (int i = 0; i < times; ++i) {
      if (const auto event = result(server, kFailure)) last = event;
    }
    return last;
  }
  std::vector<EjectionEvent> compare() { return detector.compare(servers, now()); }
  std::size_t out() const {
    return static_cast<std::size_t>(std::count_if(
        servers.begin(), servers.end(), [&](auto& one) { return one->is_ejected(now()); }));
  }

  EjectionOptions options;
  OutlierDetector detector;
  ManualClock clock;
  std::vector<std::shared_ptr<ServerState>> servers;
};

EjectionOptions in_a_row(std::uint32_t errors) {
  EjectionOptions options;
  options.consecutive_errors = errors;
  return options;
}

} // namespace

TEST_CASE("errors in a row eject a server", "[upstream][ejection]") {
  Group group(3);
  CHECK_FALSE(group.fail_in_a_row(1, 4).has_value());
  CHECK_FALSE(group.result(1, answer()).has_value()); // begins anew
  CHECK_FALSE(group.fail_in_a_row(1, 4).has_value());
  const auto event = group.result(1, kFailure);
  REQUIRE(event.has_value());
  CHECK(event->kind == Kind::ejected);
  CHECK(event->reason == EjectionReason::consecutive_errors);
  CHECK(event->server == 1);
  CHECK(event->until == group.now() + 10s);
  CHECK(event->observed == 5);
  CHECK(event->allowed == 5);
  CHECK(group[1].is_ejected(group.now()));
  CHECK(group[1].ejection_reason.load() == EjectionReason::consecutive_errors);
  CHECK(group[1].total_ejections.load() == 1);
  CHECK(group.out() == 1);
}

TEST_CASE("0 consecutive errors: never by these", "[upstream][ejection]") {
  Group group(3, in_a_row(0));
  CHECK_FALSE(group.fail_in_a_row(0, 1000).has_value());
  CHECK(group.out() == 0);
}

TEST_CASE("an ejection ends, and the server starts slowly", "[upstream][ejection]") {
  Group group(3);
  REQUIRE(group.fail_in_a_row(1, 5).has_value());
  const Steady until = group.now() + 10s;
  // Fetches that were under way fail or succeed now: that changes nothing.
  CHECK_FALSE(group.fail_in_a_row(1, 100).has_value());
  group.clock.advance(9999ms);
  CHECK(group.compare().empty());
  CHECK(group[1].is_ejected(group.now()));
  group.clock.advance(1ms);
  CHECK_FALSE(group[1].is_ejected(group.now())); // without anybody's doing
  CHECK(effective_weight(group[1], 10, 20s, group.now() + 10s) == Approx(5));
  group.clock.advance(1s);
  const auto events = group.compare();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == Kind::returned);
  CHECK(events[0].server == 1);
  CHECK(events[0].reason == EjectionReason::consecutive_errors);
  CHECK(events[0].until == until);
  CHECK(group[1].ejected_until_ns.load() == 0);
  CHECK(group[1].ejection_reason.load() == EjectionReason::none);
  CHECK(group.compare().empty());
  CHECK_FALSE(group.fail_in_a_row(1, 4).has_value());
}

TEST_CASE("who is ejected again and again is out for longer", "[upstream][ejection]") {
  Group group(3);
  for (int i = 1; i <= 40; ++i) {
    CAPTURE(i);
    const auto event = group.fail_in_a_row(0, 5);
    REQUIRE(event.has_value());
    const auto time = std::min<std::chrono::seconds>(i * 10s, 300s);
    CHECK(event->until == group.now() + time);
    group.clock.advance(time);
    CHECK(group.compare().size() == 1); // its return, which forgives nothing
  }
  // Each interval that it is well forgives one.
  for (std::uint32_t left = 40; left > 0; --left) {
    CHECK(group[0].ejections.load() == left);
    CHECK(group.compare().empty());
  }
  CHECK(group.compare().empty());
  CHECK(group[0].ejections.load() == 0);
  const auto event = group.fail_in_a_row(0, 5);
  REQUIRE(event.has_value());
  CHECK(event->until == group.now() + 10s);
}

TEST_CASE("a server that is unhealthy is not forgiven", "[upstream][ejection]") {
  Group group(3);
  group[0].ejections = 3;
  group[0].is_healthy = false;
  group.compare();
  CHECK(group[0].ejections.load() == 3);
}

TEST_CASE("at most a share of the servers is out, and never the last", "[upstream][ejection]") {
  struct Row {
    std::size_t servers;
    double share;
    std::size_t out;
  };
  const auto row = GENERATE(values<Row>({{1, 0.5, 0},
                                         {1, 1.0, 0},
                                         {2, 0.5, 1},
                                         {2, 0.4, 0},
                                         {2, 1.0, 1},
                                         {3, 0.5, 1},
                                         {3, 1.0, 2},
                                         {4, 0.5, 2},
                                         {5, 0.5, 2},
                                         {10, 0.3, 3},
                                         {100, 0.29, 29},
                                         {10, 0.0, 0}}));
  CAPTURE(row.servers, row.share);
  EjectionOptions options;
  options.max_share = row.share;
  Group group(row.servers, options);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < row.servers; ++i) group.fail_in_a_row(i, 5);
    CHECK(group.out() == row.out);
  }
}

TEST_CASE("the last one that checks find well stays", "[upstream][ejection]") {
  Group group(3);
  group[0].is_healthy = false;
  group[2].is_healthy = false;
  CHECK_FALSE(group.fail_in_a_row(1, 20).has_value());
  group[2].is_healthy = true;
  CHECK(group.fail_in_a_row(1, 1).has_value()); // the next failure decides again
}

TEST_CASE("a low success rate ejects, also of three", "[upstream][ejection]") {
  const std::size_t count = GENERATE(3u, 4u, 5u, 20u);
  CAPTURE(count);
  Group group(count, in_a_row(0));
  for (std::size_t i = 0; i < count; ++i) group.results(i, 100, i == 2 ? 30 : 0);
  const auto events = group.compare();
  REQUIRE(events.size() == 1);
  CHECK(events[0].server == 2);
  CHECK(events[0].reason == EjectionReason::success_rate);
  CHECK(events[0].observed == Approx(0.7));
  CHECK(events[0].allowed == Approx(1 - 1.9 * 0.05));
  CHECK(group[2].is_ejected(group.now()));
  CHECK(group.compare().empty()); // the windows were taken
}

TEST_CASE("success rates that eject nobody", "[upstream][ejection]") {
  using Failures = std::vector<int>;
  const auto [failures, requests] = GENERATE(table<Failures, int>({
      {{0, 0, 9}, 100},    // not far enough from the others
      {{50, 55, 60}, 100}, // all fail alike: another server would not help
      {{100, 100, 100}, 100},
      {{0, 0, 19}, 19}, // too few requests
      {{4, 6, 8}, 20},  // 60% against 75%: of 20 requests that may be chance
      {{0, 50}, 100},   // of two
  }));
  CAPTURE(failures, requests);
  Group group(failures.size(), in_a_row(0));
  for (std::size_t i = 0; i < failures.size(); ++i) group.results(i, requests, failures[i]);
  CHECK(group.compare().empty());
}

TEST_CASE("chance shrinks with the number of requests", "[upstream][ejection]") {
  Group group(3, in_a_row(0));
  const int failures[] = {400, 600, 800};
  for (std::size_t i = 0; i < 3; ++i) group.results(i, 2000, failures[i]);
  const auto events = group.compare();
  REQUIRE(events.size() == 1);
  CHECK(events[0].server == 2);
}

TEST_CASE("the worst go first when not all may go", "[upstream][ejection]") {
  EjectionOptions options = in_a_row(0);
  options.success_rate_deviations = 0.5; // two bad ones hide each other from a wide bound
  options.max_share = 0.25;
  Group group(6, options);
  for (std::size_t i = 0; i < 6; ++i) group.results(i, 100, i == 1 ? 40 : i == 4 ? 80 : 0);
  const auto events = group.compare();
  REQUIRE(events.size() == 1);
  CHECK(events[0].server == 4);
}

TEST_CASE("a server that is far slower than the median is ejected", "[upstream][ejection]") {
  const std::size_t count = GENERATE(3u, 4u, 7u);
  CAPTURE(count);
  Group group(count);
  for (std::size_t i = 0; i < count; ++i) group.results(i, 50, 0, i == 1 ? 100ms : 20ms);
  const auto events = group.compare();
  REQUIRE(events.size() == 1);
  CHECK(events[0].server == 1);
  CHECK(events[0].reason == EjectionReason::latency);
  CHECK(events[0].observed == Approx(0.1));
  CHECK(events[0].allowed == Approx(0.06));
}

TEST_CASE("half of the group may lag", "[upstream][ejection]") {
  Group group(4);
  for (std::size_t i = 0; i < 4; ++i) group.results(i, 50, 0, i < 2 ? 100ms : 10ms);
  CHECK(group.compare().size() == 2);
  CHECK(group.out() == 2);
}

TEST_CASE("latencies that eject nobody", "[upstream][ejection]") {
  struct Row {
    std::vector<std::chrono::microseconds> latencies;
    int requests;
    double factor;
  };
  const auto row = GENERATE(values<Row>({
      {{10ms, 10ms, 29ms}, 50, 3},
      {{200us, 200us, 4900us}, 50, 3}, // nobody feels that
      {{10ms, 10ms, 900ms}, 19, 3},    // too few
      {{10ms, 900ms}, 50, 3},          // of two
      {{10ms, 10ms, 900ms}, 50, 0},    // not compared
  }));
  EjectionOptions options;
  options.latency_factor = row.factor;
  Group group(row.latencies.size(), options);
  for (std::size_t i = 0; i < row.latencies.size(); ++i)
    group.results(i, row.requests, 0, row.latencies[i]);
  CHECK(group.compare().empty());
}

TEST_CASE("failures do not make a server look fast", "[upstream][ejection]") {
  Group group(3, in_a_row(0));
  for (std::size_t i = 0; i < 3; ++i) group.results(i, 100, 50, i == 1 ? 100ms : 10ms);
  const auto events = group.compare();
  REQUIRE(events.size() == 1);
  CHECK(events[0].observed == Approx(0.1)); // of its 50 answers
}

TEST_CASE("success rates are not compared at 0 deviations", "[upstream][ejection]") {
  EjectionOptions options = in_a_row(0);
  options.success_rate_deviations = 0;
  Group group(3, options);
  for (std::size_t i = 0; i < 3; ++i) group.results(i, 100, i == 2 ? 60 : 0);
  CHECK(group.compare().empty());
}

TEST_CASE("who is out or unhealthy is no part of the comparison", "[upstream][ejection]") {
  Group group(4, in_a_row(0));
  group[3].is_healthy = false;
  group[3].ejections = 1;
  for (std::size_t i = 0; i < 4; ++i) group.results(i, 100, 0, i == 3 ? 900ms : 10ms);
  CHECK(group.compare().empty());
  group[3].is_healthy = true;
  group[3].ejected_until_ns = nanoseconds_of(group.now() + 1s);
  for (std::size_t i = 0; i < 4; ++i) group.results(i, 100, 0, i == 3 ? 900ms : 10ms);
  CHECK(group.compare().empty());
  group.clock.advance(1s);
  // What came while it was out is not held against it.
  for (std::size_t i = 0; i < 4; ++i) group.results(i, 100, 0, i == 3 ? 900ms : 10ms);
  const auto events = group.compare();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == Kind::returned);
}

TEST_CASE("of workers that race, one ejects, and never too many", "[upstream][ejection]") {
  for (int round = 0; round < 200; ++round) {
    Group group(4);
    std::atomic<std::size_t> ejected{0};
    std::atomic<bool> has_begun{false};
    const auto work = [&](std::size_t begin) {
      while (!has_begun) std::this_thread::yield();
      for (std::size_t i = 0; i < 40; ++i) {
        if (group.result((begin + i / 5) % 4, kFailure)) ++ejected;
      }
    };
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < 3; ++i) workers.emplace_back(work, i);
    has_begun = true;
    for (std::thread& worker : workers) worker.join();
    for (std::size_t i = 0; i < 4; ++i) {
      REQUIRE(group[i].ejections.load() <= 1);
      REQUIRE(group[i].is_ejected(group.now()) == (group[i].total_ejections.load() == 1));
    }
    REQUIRE(group.out() == ejected.load());
    REQUIRE(group.out() <= 2);
    // Two that went at the very end may both have taken it back.
    for (std::size_t i = 0; i < 4; ++i) group.fail_in_a_row(i, 1);
    REQUIRE(group.out() == 2);
  }
}

TEST_CASE("two that are ejected at once are not both out", "[upstream][ejection]") {
  constexpr std::size_t kRounds = 5000;
  EjectionOptions options = in_a_row(1);
  options.max_share = 0.002;
  Group group(500, options); // looking at so many takes long enough for both to look at once
  std::atomic<std::size_t> arrived{0};
  const auto meet = [&arrived](std::size_t all) {
    ++arrived;
    for (int spins = 0; arrived.load() < all; ++spins) {
      if (spins > 2000) std::this_thread::yield(); // else both are to go on at the same time
    }
  };
  std::atomic<std::size_t> told{0}; // of the round
  std::size_t too_many = 0;
  std::size_t wrongly_told = 0;
  const auto work = [&](std::size_t own) {
    for (std::size_t round = 0; round < kRounds; ++round) {
      meet(4 * round + 2);
      if (group.result(own, kFailure)) ++told;
      meet(4 * round + 4);
      if (own != 0) continue;
      const std::size_t out = group.out();
      if (out > 1) ++too_many;
      if (out != told.exchange(0)) ++wrongly_told;
      for (std::size_t i = 0; i < 2; ++i) group[i].ejected_until_ns = 0;
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  CHECK(too_many == 0);
  CHECK(wrongly_told == 0);
}
