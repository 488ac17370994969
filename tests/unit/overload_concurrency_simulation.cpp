// The limiter in front of a simulated server, in simulated time: as many fetches as it has slots
// are served at once, the others wait there for their turn.
#include <selvedge/overload/concurrency_limiter.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <functional>
#include <queue>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;
using std::chrono::nanoseconds;

namespace {

class Server {
public:
  Server(std::size_t slots, nanoseconds service_time) : service_time_(service_time) {
    set_slots(slots, Steady{1h});
  }
  // When a fetch that comes now will have been served, in a time that varies by half.
  Steady serve(Steady now) {
    const Steady begin = std::max(now, free_at_.top());
    free_at_.pop();
    const double factor = std::uniform_real_distribution<double>(0.5, 1.5)(random_);
    const auto nanos = static_cast<double>(service_time_.count()) * factor;
    const Steady end = begin + nanoseconds(static_cast<std::int64_t>(nanos));
    free_at_.push(end);
    return end;
  }
  void set_service_time(nanoseconds service_time) { service_time_ = service_time; }
  // What is being served ends first.
  void set_slots(std::size_t slots, Steady now) {
    for (; slots_ < slots; ++slots_) free_at_.push(now);
    for (; slots_ > slots; --slots_) free_at_.pop();
  }

private:
  std::size_t slots_ = 0;
  nanoseconds service_time_;
  std::mt19937_64 random_{7};
  std::priority_queue<Steady, std::vector<Steady>, std::greater<>> free_at_; // of each slot
};

struct Outcome {
  std::uint32_t served = 0;
  std::uint32_t refused = 0;
  nanoseconds mean_latency{};
  std::uint32_t least_limit = 0;
};

// Clients that come at a constant rate, and go away when there is no room.
class Simulation {
public:
  Simulation(const ConcurrencyLimits& limits, std::size_t slots, nanoseconds service_time)
      : limiter(limits), server(slots, service_time) {}

  Outcome run(nanoseconds duration, int arrivals_per_second,
              Importance importance = Importance::premium) {
    Outcome outcome{.least_limit = limiter.limit()};
    nanoseconds sum{};
    const Steady end = now + duration;
    while (now < end) {
      now += nanoseconds(1s) / arrivals_per_second;
      for (; !under_way_.empty() && under_way_.top().end <= now; under_way_.pop()) {
        const Fetch& fetch = under_way_.top();
        limiter.on_answered(fetch.end, fetch.end - fetch.begin);
        limiter.release();
        ++outcome.served;
        sum += fetch.end - fetch.begin;
        outcome.least_limit = std::min(outcome.least_limit, limiter.limit());
      }
      if (limiter.try_acquire(importance)) {
        under_way_.push({now, server.serve(now)});
      } else {
        ++outcome.refused;
      }
    }
    outcome.mean_latency = sum / std::max(outcome.served, 1U);
    return outcome;
  }

  ConcurrencyLimiter limiter;
  Server server;
  Steady now{1h};

private:
  struct Fetch {
    Steady begin;
    Steady end;
    bool operator>(const Fetch& other) const { return end > other.end; }
  };
  std::priority_queue<Fetch, std::vector<Fetch>, std::greater<>> under_way_;
};

} // namespace

TEST_CASE("simulated: the limit comes near what a server can serve", "[overload][limiter]") {
  const auto slots = GENERATE(30U, 50U, 100U);
  Simulation simulation({.initial = 20, .min = 5, .max = 2000}, slots, 40ms);
  // Three times what it can do.
  const int capacity = static_cast<int>(slots) * 25;
  simulation.run(15s, 3 * capacity);
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = simulation.run(5s, 3 * capacity);
    CHECK(simulation.limiter.limit() >= slots);
    CHECK(simulation.limiter.limit() <= 3 * slots);
    // The server is kept busy, and what it does is not spent on a long queue.
    CHECK(outcome.served > 0.95 * 5 * capacity);
    CHECK(outcome.mean_latency < 120ms);
    CHECK(outcome.refused > 0);
  }
}

TEST_CASE("simulated: a limit that is not used stays, and refuses nobody", "[overload][limiter]") {
  Simulation simulation({.initial = 100, .min = 5, .max = 1000}, 100, 40ms);
  const Outcome outcome = simulation.run(20s, 800); // about 32 under way
  CHECK(outcome.refused == 0);
  CHECK(simulation.limiter.limit() == 100);
}

TEST_CASE("simulated: a server slows down tenfold and gets well again", "[overload][limiter]") {
  Simulation simulation({.initial = 64, .min = 10, .max = 1000}, 100, 40ms);
  simulation.run(10s, 3000);
  CHECK(simulation.limiter.limit() >= 100);
  simulation.server.set_service_time(400ms);
  const Outcome slow = simulation.run(10s, 3000);
  CHECK(simulation.limiter.limit() < 40);
  CHECK(slow.least_limit >= 10);
  simulation.server.set_service_time(40ms);
  simulation.run(10s, 3000);
  CHECK(simulation.limiter.limit() >= 100);
  const Outcome well = simulation.run(5s, 3000);
  CHECK(well.served > 0.95 * 5 * 2500);
}

TEST_CASE("simulated: a server that loses most of its slots is given less", "[overload][limiter]") {
  Simulation simulation({.initial = 64, .min = 5, .max = 1000}, 200, 40ms);
  simulation.run(10s, 10000);
  CHECK(simulation.limiter.limit() >= 200);
  simulation.server.set_slots(20, simulation.now);
  simulation.run(10s, 10000);
  CHECK(simulation.limiter.limit() <= 60);
  // As much as the slots that are left can do.
  const Outcome outcome = simulation.run(5s, 10000);
  CHECK(outcome.served > 0.9 * 5 * 500);
  CHECK(outcome.mean_latency < 200ms);
}

TEST_CASE("simulated: the least important alone move the limit too", "[overload][limiter]") {
  Simulation simulation({.initial = 64, .min = 10, .max = 1000}, 50, 40ms);
  simulation.run(20s, 5000, Importance::free);
  CHECK(simulation.limiter.limit() > 80);
  simulation.server.set_service_time(400ms);
  simulation.run(10s, 5000, Importance::free);
  CHECK(simulation.limiter.limit() < 40);
}
