// What each importance sees of a limit, and what a limit learns of those who were not let in.
#include <selvedge/overload/concurrency_limiter.hpp>
#include <tests/support/catch.hpp>

using namespace std::chrono_literals;
using namespace selvedge::overload;
using selvedge::base::Steady;

namespace {

std::uint32_t room_of(const ConcurrencyRooms& rooms, std::uint32_t limit, Importance importance) {
  ConcurrencyLimiter limiter({.initial = limit, .min = limit, .max = limit});
  limiter.set_rooms(rooms);
  while (limiter.try_acquire(importance)) continue;
  return limiter.in_flight();
}

} // namespace

TEST_CASE("rooms are shares of the limit, and at least one", "[overload][limiter]") {
  constexpr ConcurrencyRooms kRooms{1, 0.29, 0.1, 0};
  const auto [limit, importance, room] = GENERATE(table<std::uint32_t, Importance, std::uint32_t>({
      {100, Importance::premium, 100},
      {100, Importance::standard, 29}, // 100 * 0.29 is less than that in binary
      {100, Importance::free, 10},
      {100, Importance::background, 1},
      {10, Importance::standard, 2},
      {3, Importance::free, 1},
      {1, Importance::background, 1},
      {100'000, Importance::standard, 29'000},
  }));
  CHECK(room_of(kRooms, limit, importance) == room);
}

TEST_CASE("no share is more than all or less than nothing", "[overload][limiter]") {
  CHECK(room_of({2, -1, 0, 0}, 10, Importance::premium) == 10);
  CHECK(room_of({2, -1, 0, 0}, 10, Importance::standard) == 1);
}

TEST_CASE("less room is kept to from then on", "[overload][limiter]") {
  ConcurrencyLimiter limiter({.initial = 10, .min = 10, .max = 10});
  while (limiter.try_acquire(Importance::standard)) continue;
  REQUIRE(limiter.in_flight() == 7);
  limiter.set_rooms({1, 0.5, 0.4, 0.1});
  CHECK(limiter.in_flight() == 7);
  limiter.release();
  limiter.release();
  CHECK_FALSE(limiter.try_acquire(Importance::standard));
  limiter.release();
  CHECK(limiter.try_acquire(Importance::standard));
  CHECK(limiter.try_acquire(Importance::premium));
}

TEST_CASE("a limit grows for those who were told that there is no room", "[overload][limiter]") {
  const bool is_noted = GENERATE(true, false);
  ConcurrencyLimiter limiter({.initial = 100, .min = 10, .max = 200});
  Steady now{1h};
  for (int sample = 0; sample < 20; ++sample) {
    while (limiter.has_room(Importance::free)) limiter.try_acquire(Importance::free);
    if (is_noted) limiter.note_refusal();
    now += 50ms;
    for (int fetch = 0; fetch < 10; ++fetch) {
      limiter.on_answered(now, 20ms);
      limiter.release();
    }
  }
  CHECK((limiter.limit() > 110) == is_noted);
  CHECK((limiter.limit() == 100) != is_noted);
}
