// Room at servers: who finds it, what a limit learns of those who do not, and what changes it.
#include <src/upstream/placement.hpp>
#include <tests/support/catch.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <optional>
#include <vector>

using namespace selvedge;
using namespace selvedge::upstream;
using overload::Importance;
using std::chrono::milliseconds;

namespace {

constexpr std::uint32_t kFirstLimit = 128; // of an adaptive limit that may grow beyond

// A placement whose servers are never connected to.
struct Seats {
  explicit Seats(std::size_t servers, const OriginLimits& limits) {
    options.name = "origin";
    options.limits = limits;
    for (std::size_t i = 0; i < servers; ++i) {
      options.servers.emplace_back().address = "127.0.0.1:" + std::to_string(i + 1);
    }
    state = std::make_shared<OriginState>(options, clock.now().steady);
    placement = std::make_shared<Placement>(
        ServerSetting{options, worker, counters, resolver, nullptr}, *state);
  }
  ~Seats() { places.clear(); }
  Seats(const Seats&) = delete;
  Seats& operator=(const Seats&) = delete;

  static FetchRequest request(Importance importance) {
    FetchRequest request;
    request.importance = importance;
    return request;
  }
  // As many as find room. Returns how many do.
  std::size_t fill(Importance importance) {
    const std::size_t before = places.size();
    while (PlacePtr place = placement->place_now(request(importance), {})) {
      places.push_back(std::move(place));
    }
    return places.size() - before;
  }
  // What came last is answered first: each answer takes as long.
  void answer(std::size_t number) {
    for (std::size_t i = 0; i < number; ++i) {
      places.back()->note_answer();
      places.pop_back();
    }
  }
  void settle() {
    worker.io().restart();
    worker.io().poll();
  }

  base::ManualClock clock;
  net::Worker worker{0, clock};
  net::Resolver resolver{worker};
  OriginOptions options;
  OriginCounters counters;
  OriginStatePtr state;
  std::shared_ptr<Placement> placement;
  std::vector<PlacePtr> places;
};

OriginLimits adaptive(std::uint32_t connections) {
  OriginLimits limits;
  limits.in_flight = 400;
  limits.adaptive = true;
  limits.connections = connections;
  return limits;
}

OriginLimits fixed(std::uint32_t in_flight) {
  OriginLimits limits;
  limits.in_flight = in_flight;
  limits.adaptive = false;
  limits.queue = 10;
  return limits;
}

// Somebody who waits for room.
struct Waits {
  static boost::asio::awaitable<void> run(Seats& seats, Waits& self) {
    const std::span<const std::size_t> tried;
    self.result = co_await seats.placement->place(self.request, tried);
  }
  Waits(Seats& seats, Importance importance) : request(Seats::request(importance)) {
    boost::asio::co_spawn(seats.worker.io(), run(seats, *this), boost::asio::detached);
    seats.settle();
  }
  bool has_place() const { return result && result->has_value(); }

  FetchRequest request;
  std::optional<base::Result<PlacePtr>> result;
};

} // namespace

TEST_CASE("each importance finds the room that it is given", "[upstream][placement]") {
  const auto servers = GENERATE(std::size_t{1}, std::size_t{2});
  Seats seats(servers, fixed(10));
  SECTION("by default") {
    CHECK(seats.fill(Importance::background) == 1 * servers);
    CHECK(seats.fill(Importance::free) == 3 * servers);
    CHECK(seats.fill(Importance::standard) == 3 * servers);
    CHECK(seats.fill(Importance::premium) == 3 * servers);
  }
  SECTION("as it was set") {
    seats.placement->set_rooms({1, 0.5, 0.2, 0});
    CHECK(seats.fill(Importance::background) == 1 * servers);
    CHECK(seats.fill(Importance::free) == 1 * servers);
    CHECK(seats.fill(Importance::standard) == 3 * servers);
    CHECK(seats.fill(Importance::premium) == 5 * servers);
  }
}

TEST_CASE("a limit that only the less important press on grows", "[upstream][placement]") {
  const auto servers = GENERATE(std::size_t{1}, std::size_t{2});
  const auto importance = GENERATE(Importance::free, Importance::background);
  Seats seats(servers, adaptive(1000));
  for (int round = 0; round < 60; ++round) {
    seats.fill(importance);
    seats.clock.advance(milliseconds{50});
    seats.answer(10);
  }
  CHECK(seats.counters.limit.value() > kFirstLimit * servers * 11 / 10);
}

TEST_CASE("a limit that nobody presses on stays", "[upstream][placement]") {
  const auto servers = GENERATE(std::size_t{1}, std::size_t{2});
  // It is the connections that are few.
  Seats seats(servers, adaptive(20));
  for (int round = 0; round < 60; ++round) {
    CHECK(seats.fill(Importance::free) >= 10);
    seats.clock.advance(milliseconds{50});
    seats.answer(10);
  }
  CHECK(seats.counters.limit.value() == kFirstLimit * servers);
}

TEST_CASE("who waits presses on a limit as well", "[upstream][placement]") {
  OriginLimits limits = adaptive(1000);
  limits.queue = 1000;
  Seats seats(1, limits);
  seats.fill(Importance::free);
  std::vector<std::unique_ptr<Waits>> waiting;
  for (int i = 0; i < 700; ++i) {
    waiting.push_back(std::make_unique<Waits>(seats, Importance::free));
  }
  std::size_t answered = 0; // of those who waited
  for (int round = 0; round < 60; ++round) {
    seats.clock.advance(milliseconds{10});
    seats.worker.tick();
    for (int i = 0; i < 10; ++i) {
      if (!seats.places.empty()) {
        seats.answer(1);
      } else {
        REQUIRE(waiting[answered]->has_place());
        (*waiting[answered]->result)->get()->note_answer();
        waiting[answered++]->result.reset();
      }
      seats.settle();
    }
  }
  CHECK(seats.counters.limit.value() > kFirstLimit);
  seats.clock.advance(std::chrono::hours{1});
  seats.worker.tick();
  seats.settle();
}

TEST_CASE("more room is for those who wait", "[upstream][placement]") {
  const auto servers = GENERATE(std::size_t{1}, std::size_t{2});
  Seats seats(servers, fixed(10));
  seats.placement->set_rooms({1, 0.7, 0.1, 0});
  REQUIRE(seats.fill(Importance::free) == servers);
  Waits first(seats, Importance::free);
  Waits second(seats, Importance::free);
  CHECK(seats.counters.waiting.value() == 2);
  seats.placement->set_rooms({1, 0.7, 0.4, 0});
  seats.settle();
  CHECK(first.has_place());
  CHECK(second.has_place());
  CHECK(seats.counters.waiting.value() == 0);
}
