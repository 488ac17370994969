#include <selvedge/cache/store.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <random>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;
using test::key_of;
using test::request;
using test::stored;

namespace {

std::string content_at(Store& store, std::string_view key, const http::RequestHead& asked = {}) {
  const StoredResponsePtr found = store.find(key_of(key), asked);
  return found ? test::content_of(*found) : "nothing";
}

std::string key_number(std::size_t i) {
  return "http://example.com/" + std::to_string(i);
}

http::ContentRange part(std::uint64_t first, std::uint64_t last,
                        std::optional<std::uint64_t> complete = 100) {
  return {{first, last}, complete};
}

std::vector<std::string> parts_at(Store& store, std::string_view key,
                                  const http::RequestHead& asked = {}) {
  std::vector<std::string> contents;
  for (const StoredResponsePtr& one : store.find_partial(key_of(key), asked)) {
    contents.push_back(test::content_of(*one));
  }
  return contents;
}

using Parts = std::vector<std::string>;

} // namespace

TEST_CASE("what was inserted is found by its key, and by no other", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .content = "of a"}, &store.ledger()));
  store.insert(stored({.key = "b", .content = "of b"}, &store.ledger()));
  CHECK(content_at(store, "a") == "of a");
  CHECK(content_at(store, "b") == "of b");
  CHECK(content_at(store, "c") == "nothing");
  CHECK(store.stats().objects == 2);
  CHECK(store.stats().insertions == 2);
}

TEST_CASE("keys whose fingerprints collide are told apart", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .content = "of a"}, &store.ledger()));
  CacheKey other = key_of("a");
  other.text = "b";
  CHECK(store.find(other, {}) == nullptr);
  CHECK(store.remove(other) == 0);
  CHECK(content_at(store, "a") == "of a");
}

TEST_CASE("the same key and vary text replace", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .content = "old"}, &store.ledger()));
  const StoredResponsePtr kept = store.find(key_of("a"), {});
  store.insert(stored({.key = "a", .content = "new"}, &store.ledger()));
  CHECK(content_at(store, "a") == "new");
  CHECK(store.stats().objects == 1);
  CHECK(test::content_of(*kept) == "old"); // who reads the old one goes on
}

TEST_CASE("RFC 9111, 4.1: variants of one key", "[cache][store]") {
  Store store({});
  const auto gzip = request({{"Accept-Encoding", "gzip"}});
  const auto br = request({{"Accept-Encoding", "br"}});
  store.insert(stored({.key = "a", .content = "zipped", .vary = "accept-encoding: gzip\n"}));
  store.insert(stored({.key = "a", .content = "brotli", .vary = "accept-encoding: br\n"}));
  CHECK(content_at(store, "a", gzip) == "zipped");
  CHECK(content_at(store, "a", br) == "brotli");
  CHECK(content_at(store, "a") == "nothing");
  CHECK(store.stats().objects == 2);
  store.insert(stored({.key = "a", .content = "zipped 2", .vary = "accept-encoding: gzip\n"}));
  CHECK(content_at(store, "a", gzip) == "zipped 2");
  CHECK(store.stats().objects == 2);
  CHECK(store.remove(key_of("a")) == 2);
  CHECK(store.stats().objects == 0);
}

TEST_CASE("RFC 9111, 4.1: of several that match, the most recent", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .content = "any"}));
  store.insert(stored({.key = "a", .content = "for x", .vary = "accept: x\n"}));
  CHECK(content_at(store, "a", request({{"Accept", "x"}})) == "for x");
  CHECK(content_at(store, "a", request({{"Accept", "y"}})) == "any");
  store.insert(stored({.key = "a", .content = "any again"}));
  CHECK(content_at(store, "a", request({{"Accept", "x"}})) == "any again");
}

TEST_CASE("variants of one key are bounded: the oldest goes", "[cache][store]") {
  Store store({.max_variants = 3});
  for (int i = 0; i < 5; ++i) {
    const std::string value = std::to_string(i);
    store.insert(stored({.key = "a", .content = value, .vary = "x: " + value + "\n"}));
  }
  CHECK(store.stats().objects == 3);
  CHECK(store.stats().evictions == 2);
  CHECK(content_at(store, "a", request({{"x", "1"}})) == "nothing");
  CHECK(content_at(store, "a", request({{"x", "2"}})) == "2");
  CHECK(content_at(store, "a", request({{"x", "4"}})) == "4");
}

TEST_CASE("variants that nobody asks for drive out each other, not one that is asked for",
          "[cache][store]") {
  Store store({.max_variants = 3});
  store.insert(stored({.key = "a", .content = "good", .vary = "x: good\n"}));
  for (int i = 0; i < 20; ++i) {
    CHECK(content_at(store, "a", request({{"x", "good"}})) == "good");
    const std::string value = std::to_string(i);
    store.insert(stored({.key = "a", .content = value, .vary = "x: " + value + "\n"}));
  }
  CHECK(content_at(store, "a", request({{"x", "good"}})) == "good");
  CHECK(store.stats().objects == 3);
}

TEST_CASE("a pass marker gives way to a response that is stored after all", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .is_pass_marker = true}, &store.ledger()));
  REQUIRE(store.find(key_of("a"), {}) != nullptr);
  CHECK(store.find(key_of("a"), {})->is_pass_marker());
  store.insert(stored({.key = "a", .content = "stored", .vary = "x: 1\n"}, &store.ledger()));
  CHECK(store.stats().objects == 1);
  CHECK(content_at(store, "a", request({{"x", "1"}})) == "stored");
}

TEST_CASE("purging what is absent does nothing", "[cache][store]") {
  Store store({});
  CHECK(store.remove(key_of("a")) == 0);
  store.insert(stored({.key = "a"}, &store.ledger()));
  CHECK(store.remove(key_of("a")) == 1);
  CHECK(store.remove(key_of("a")) == 0);
  CHECK(content_at(store, "a") == "nothing");
  CHECK(store.stats().removals == 1);
}

TEST_CASE("memory is given back when the last holder lets go", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .content = std::string(100000, 'x')}, &store.ledger()));
  const std::size_t held = store.ledger().bytes();
  CHECK(held > 100000);
  CHECK(held < 110000);
  {
    const StoredResponsePtr reading = store.find(key_of("a"), {});
    CHECK(reading->held_bytes() == held);
    store.clear();
    CHECK(store.stats().objects == 0);
    CHECK(store.ledger().bytes() == held);
  }
  CHECK(store.ledger().bytes() == 0);
}

TEST_CASE("every part of a stored response is counted", "[cache][store]") {
  MemoryLedger ledger;
  const auto small = stored({}, &ledger);
  http::FieldList head;
  const std::string value(3000, 'v');
  head.add("x-large", value);
  const auto large = stored(
      {.key = std::string(1000, 'k'), .vary = std::string(2000, 'y'), .head = head}, &ledger);
  CHECK(large->held_bytes() >= small->held_bytes() + 6000);
  CHECK(large->held_bytes() < small->held_bytes() + 7000);
  CHECK(small->held_bytes() > sizeof(StoredResponse));
  CHECK(ledger.bytes() == small->held_bytes() + large->held_bytes());
}

TEST_CASE("after every insertion the store is within its limit", "[cache][store]") {
  const auto eviction = GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = 1u << 20, .stripes = stripes, .eviction = eviction});
  std::mt19937 random(11);
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t size = random() % 10 == 0 ? random() % 200000 : random() % 3000;
    store.insert(
        stored({.key = key_number(i % 700), .content = std::string(size, 'x')}, &store.ledger()));
    REQUIRE(store.ledger().bytes() <= store.stats().limit);
    store.find(key_of(key_number(random() % 700)), {});
  }
  CHECK(store.stats().evictions > 0);
  CHECK(store.ledger().bytes() > (1u << 20) / 2);
  store.clear();
  CHECK(store.ledger().bytes() == 0);
}

TEST_CASE("what was inserted last is evicted last", "[cache][store]") {
  const auto eviction = GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
  Store store({.size = 300000, .eviction = eviction});
  for (std::size_t i = 0; i < 200; ++i) {
    const std::string key = key_number(i);
    store.insert(stored({.key = key, .content = std::string(90000, 'x')}, &store.ledger()));
    REQUIRE(store.find(key_of(key), {}) != nullptr);
  }
}

TEST_CASE("in one stripe the least recently used goes first", "[cache][store]") {
  Store store({.size = 36000, .stripes = 1, .eviction = Eviction::lru});
  for (std::size_t i = 0; i < 3; ++i) {
    store.insert(
        stored({.key = key_number(i), .content = std::string(10000, 'x')}, &store.ledger()));
  }
  REQUIRE(store.stats().objects == 3);
  store.find(key_of(key_number(0)), {});
  store.insert(stored({.key = key_number(3), .content = std::string(10000, 'x')}, &store.ledger()));
  CHECK(content_at(store, key_number(1)) == "nothing");
  CHECK(content_at(store, key_number(0)) != "nothing");
  CHECK(content_at(store, key_number(2)) != "nothing");
  CHECK(content_at(store, key_number(3)) != "nothing");
}

TEST_CASE("a response larger than the whole store drives nothing out", "[cache][store]") {
  Store store({.size = 100000});
  store.insert(stored({.key = "small", .content = "kept"}, &store.ledger()));
  store.insert(stored({.key = "large", .content = std::string(200000, 'x')}, &store.ledger()));
  CHECK(content_at(store, "large") == "nothing");
  CHECK(content_at(store, "small") == "kept");
  CHECK(store.stats().evictions == 0);
}

TEST_CASE("bytes on their way count: room is made for them", "[cache][store]") {
  Store store({.size = 100000});
  for (std::size_t i = 0; i < 8; ++i) {
    store.insert(
        stored({.key = key_number(i), .content = std::string(10000, 'x')}, &store.ledger()));
  }
  const auto arriving = test::complete_body(std::string(60000, 'y'), &store.ledger());
  CHECK(store.ledger().bytes() > 100000);
  store.make_room();
  CHECK(store.ledger().bytes() <= 100000);
  CHECK(store.stats().objects >= 2);
  const auto too_much = test::complete_body(std::string(200000, 'y'), &store.ledger());
  store.make_room(); // ends, though the limit cannot be met
  CHECK(store.stats().objects == 0);
}

TEST_CASE("a revalidated response shares the body of the old one", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .content = std::string(50000, 'x')}, &store.ledger()));
  const std::size_t before = store.ledger().bytes();
  StoredResponse::Parts parts;
  parts.key = "a";
  parts.print = base::fingerprint("a");
  parts.body = store.find(key_of("a"), {})->shared_body();
  store.insert(new StoredResponse(std::move(parts), &store.ledger()));
  CHECK(store.ledger().bytes() == before);
  CHECK(content_at(store, "a") == std::string(50000, 'x'));
}

TEST_CASE("RFC 9111, 3.3: parts are kept side by side, apart from complete responses",
          "[cache][store]") {
  Store store({});
  const auto add = [&](std::string content, std::optional<http::ContentRange> range,
                       std::string vary = "") {
    store.insert(stored({.key = "a", .content = content, .vary = vary, .content_range = range}));
  };
  add("0-9", part(0, 9));
  add("10-19", part(10, 19));
  CHECK(store.find(key_of("a"), {}) == nullptr);
  CHECK(parts_at(store, "a") == Parts{"10-19", "0-9"}); // most recent first
  CHECK(store.find_partial(key_of("b"), {}).empty());

  SECTION("the same part replaces") {
    add("0-9 again", part(0, 9));
    CHECK(parts_at(store, "a") == Parts{"0-9 again", "10-19"});
  }
  SECTION("one of another length, or of unknown length, does not") {
    add("of 200", part(0, 9, 200));
    add("of unknown", part(0, 9, std::nullopt));
    CHECK(parts_at(store, "a").size() == 4);
  }
  SECTION("a part of another variant stays beside them") {
    add("for x", part(0, 9), "accept: x\n");
    CHECK(parts_at(store, "a", request({{"Accept", "x"}})) == Parts{"for x", "10-19", "0-9"});
    CHECK(parts_at(store, "a") == Parts{"10-19", "0-9"});
    add("complete", std::nullopt);
    CHECK(parts_at(store, "a", request({{"Accept", "x"}})) == Parts{"for x"});
  }
  SECTION("a complete response replaces all of them") {
    add("complete", std::nullopt);
    CHECK(parts_at(store, "a").empty());
    CHECK(content_at(store, "a") == "complete");
    add("20-29", part(20, 29)); // when the complete one is stale, say
    CHECK(content_at(store, "a") == "complete");
    CHECK(parts_at(store, "a") == Parts{"20-29"});
  }
  SECTION("a part replaces a pass marker") {
    store.insert(stored({.key = "m", .is_pass_marker = true}));
    store.insert(stored({.key = "m", .content = "part", .content_range = part(0, 9)}));
    CHECK(store.find(key_of("m"), {}) == nullptr);
    CHECK(parts_at(store, "m") == Parts{"part"});
  }
}
