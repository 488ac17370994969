#include <selvedge/cache/combine.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <random>

using namespace selvedge;
using cache::combined;
using http::ByteRange;
using http::ContentRange;

namespace {

// A part that is smaller than this fraction of the other is not worth a copy of both.
constexpr std::uint64_t kMinGrowth = 8;

std::string representation(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text.push_back(static_cast<char>('!' + i * 7 % 90));
  return text;
}

struct Part {
  std::uint64_t first = 0;
  std::uint64_t last = 9;
  std::optional<std::uint64_t> length = 100;
  const char* etag = "\"a\"";
  const char* vary = "";
  const char* note = ""; // a field of this part only
};

boost::intrusive_ptr<cache::StoredResponse> stored(const Part& part) {
  test::Stored wanted;
  wanted.content = representation(part.last + 1).substr(part.first);
  wanted.content_range = ContentRange{{part.first, part.last}, part.length};
  wanted.vary = part.vary;
  if (*part.etag != 0) wanted.head.add("etag", part.etag);
  wanted.head.add("x-note", part.note);
  wanted.freshness.lifetime = base::Seconds{static_cast<std::int64_t>(part.last)};
  return test::stored(wanted);
}

} // namespace

TEST_CASE("RFC 9111, 3.4: which parts may be combined", "[cache][combine]") {
  struct Row {
    const char* section;
    Part older;
    Part newer;
    bool expected;
  };
  const Row rows[] = {
      {"adjacent", {0, 9}, {10, 19}, true},
      {"adjacent, the other way round", {10, 19}, {0, 9}, true},
      {"overlapping", {0, 12}, {10, 19}, true},
      {"one within the other", {0, 30}, {10, 19}, true},
      {"the same", {5, 9}, {5, 9}, true},
      {"a gap", {0, 8}, {10, 19}, false},
      {"a gap, the other way round", {10, 19}, {0, 8}, false},
      {"3.4: another validator", {0, 9, 100, "\"a\""}, {10, 19, 100, "\"b\""}, false},
      {"3.4: weak ones", {0, 9, 100, "W/\"a\""}, {10, 19, 100, "W/\"a\""}, false},
      {"3.4: one is weak", {0, 9, 100, "\"a\""}, {10, 19, 100, "W/\"a\""}, false},
      {"3.4: none", {0, 9, 100, ""}, {10, 19, 100, ""}, false},
      {"RFC 9110, 8.8.3: no entity tag", {0, 9, 100, "a"}, {10, 19, 100, "a"}, false},
      {"RFC 9110, 14.4: lengths that differ", {0, 9, 100}, {10, 19, 101}, false},
      {"RFC 9110, 14.4: one length unknown", {0, 9, 100}, {10, 19, std::nullopt}, true},
      {"a part too small to be worth a copy", {0, 89}, {90, 90}, false},
      {"unless it is what was missing", {0, 98}, {99, 99}, true},
      {"4.1: another variant", {0, 9, 100, "\"a\"", "x: 1\n"}, {10, 19, 100, "\"a\"", ""}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.section);
    const auto both = combined(*stored(row.older), *stored(row.newer), nullptr);
    CHECK((both != nullptr) == row.expected);
  }
}

TEST_CASE("RFC 9111, 3.4: fields and freshness are of the newer part", "[cache][combine]") {
  const auto both = combined(*stored({.first = 0, .last = 9, .note = "old"}),
                             *stored({.first = 10, .last = 19, .note = "new"}), nullptr);
  REQUIRE(both);
  REQUIRE(both->head().fields().size() == 2);
  CHECK(both->head().fields()[1].value == "new");
  CHECK(both->freshness().lifetime == base::Seconds{19});
  CHECK(both->status() == 206);
  CHECK(both->content_range()->range == ByteRange{0, 19});
  CHECK(both->content_range()->complete_length == 100u);
}

TEST_CASE("RFC 9111, 3.4: when all of it is there it is a 200", "[cache][combine]") {
  const auto both = combined(*stored({.first = 0, .last = 9, .length = std::nullopt}),
                             *stored({.first = 10, .last = 99}), nullptr);
  REQUIRE(both);
  CHECK(both->status() == 200);
  CHECK_FALSE(both->is_partial());
  CHECK(test::content_of(*both) == representation(100));
  const auto unknown =
      combined(*stored({.first = 0, .last = 9, .length = std::nullopt}),
               *stored({.first = 10, .last = 19, .length = std::nullopt}), nullptr);
  REQUIRE(unknown);
  CHECK(unknown->status() == 206);
}

TEST_CASE("RFC 9111, 3.3: content that is not what its range says", "[cache][combine]") {
  test::Stored wanted;
  wanted.content = representation(9);
  wanted.content_range = ContentRange{{0, 9}, 100};
  wanted.head.add("etag", "\"a\"");
  const auto cut = test::stored(wanted);
  const auto sound = stored({.first = 10, .last = 19});
  CHECK_FALSE(combined(*cut, *sound, nullptr));
  CHECK_FALSE(combined(*sound, *cut, nullptr));
}

TEST_CASE("combining copies, so that large parts stay parts", "[cache][combine]") {
  constexpr std::uint64_t kHalf = cache::kMaxCombined / 2;
  const auto older = stored({.first = 0, .last = kHalf - 1, .length = 2 * cache::kMaxCombined});
  const auto most = stored({.first = kHalf, .last = 2 * kHalf - 1, .length = std::nullopt});
  CHECK(combined(*older, *most, nullptr));
  const auto more = stored({.first = kHalf, .last = 2 * kHalf, .length = std::nullopt});
  CHECK_FALSE(combined(*older, *more, nullptr));
}

TEST_CASE("what is combined is charged, and given back", "[cache][combine]") {
  cache::MemoryLedger ledger;
  {
    const auto both =
        combined(*stored({.first = 0, .last = 9}), *stored({.first = 5, .last = 19}), &ledger);
    REQUIRE(both);
    CHECK(ledger.bytes() >= 20);
  }
  CHECK(ledger.bytes() == 0);
}

TEST_CASE("every byte of every overlap is in its place", "[cache][combine][property]") {
  std::mt19937 random(9111);
  for (int i = 0; i < 300; ++i) {
    // Lengths around those of the chunks that bodies are made of.
    const std::uint64_t length = i % 3 == 0 ? 200 : 3 * cache::Chunk::kAllocation;
    const auto part = [&random, length] {
      const std::uint64_t one = random() % length;
      const std::uint64_t other = random() % length;
      return Part{std::min(one, other), std::max(one, other), length};
    };
    const Part a = part();
    const Part b = part();
    const bool touch = a.first <= b.last + 1 && b.first <= a.last + 1;
    const std::uint64_t first = std::min(a.first, b.first);
    const std::uint64_t last = std::max(a.last, b.last);
    const bool is_whole = first == 0 && last + 1 == length;
    const auto [less, more] = std::minmax({a.last - a.first + 1, b.last - b.first + 1});
    const bool is_worth_it = is_whole || less >= more / kMinGrowth;
    CAPTURE(a.first, a.last, b.first, b.last, length);
    const auto both = combined(*stored(a), *stored(b), nullptr);
    REQUIRE((both != nullptr) == (touch && is_worth_it));
    if (!both) continue;
    REQUIRE(test::content_of(*both) == representation(last + 1).substr(first));
    REQUIRE(both->is_partial() != is_whole);
    if (!is_whole) REQUIRE(both->content_range()->range == ByteRange{first, last});
  }
}
