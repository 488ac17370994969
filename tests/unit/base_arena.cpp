#include <selvedge/base/arena.hpp>
#include <tests/support/catch.hpp>

#include <cstdint>
#include <string>

using selvedge::base::Arena;

TEST_CASE("a small exchange stays in the arena's own block", "[base][arena]") {
  Arena arena;
  for (int i = 0; i < 4; ++i) arena.allocate(Arena::kInlineBytes / 4, 1);
  CHECK(arena.allocated_blocks() == 0);
  arena.allocate(1, 1);
  CHECK(arena.allocated_blocks() == 1);
}

TEST_CASE("allocations are aligned and do not overlap", "[base][arena]") {
  Arena arena;
  const std::size_t alignment =
      GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{8}, std::size_t{16});
  std::uintptr_t end = 0;
  for (std::size_t bytes : {1u, 3u, 7u, 64u, 129u}) {
    const auto at = reinterpret_cast<std::uintptr_t>(arena.allocate(bytes, alignment));
    CHECK(at % alignment == 0);
    CHECK(at >= end);
    end = at + bytes;
  }
}

TEST_CASE("something larger than a block gets its own", "[base][arena]") {
  Arena arena;
  const std::string large(100000, 'x');
  const std::string_view copy = arena.copy(large);
  CHECK(copy == large);
  CHECK(copy.data() != large.data());
  CHECK(arena.allocated_blocks() == 1);
}

TEST_CASE("a copy of nothing takes nothing", "[base][arena]") {
  Arena arena;
  CHECK(arena.copy("").empty());
  arena.allocate(Arena::kInlineBytes, 1);
  CHECK(arena.allocated_blocks() == 0);
}

TEST_CASE("clear gives back all blocks and begins again in the first", "[base][arena]") {
  Arena arena;
  const void* first = arena.allocate(16);
  for (int i = 0; i < 100; ++i) arena.allocate(4000);
  CHECK(arena.allocated_blocks() > 1);
  arena.clear();
  CHECK(arena.allocated_blocks() == 0);
  CHECK(arena.allocate(16) == first);
}

TEST_CASE("objects are made in place with their arguments", "[base][arena]") {
  struct Pair {
    int a;
    double b;
    Pair(int x, double y) : a(x), b(y) {}
  };
  Arena arena;
  arena.allocate(1, 1);
  const Pair* pair = arena.make<Pair>(7, 2.5);
  CHECK(pair->a == 7);
  CHECK(pair->b == 2.5);
  CHECK(reinterpret_cast<std::uintptr_t>(pair) % alignof(Pair) == 0);
}
