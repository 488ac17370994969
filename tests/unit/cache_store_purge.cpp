// Purges as the store carries them out, and what their receipts count.
#include <selvedge/cache/store.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::cache;
using test::key_of;
using test::request;
using test::stored;

namespace {

constexpr base::Steady kNow{std::chrono::hours{100}};

Tags tag(Store& store, std::string_view name) {
  Tags tags;
  tags.push_back(store.purges().intern(TagKind::key, name));
  return tags;
}

std::size_t purge(Store& store, std::string_view name, PurgeMode mode = PurgeMode::hard) {
  return store.purges().purge(TagKind::key, name, mode, kNow).matched;
}

std::string content_at(Store& store, std::string_view key, const http::RequestHead& asked = {}) {
  const StoredResponsePtr found = store.find(key_of(key), asked);
  return found ? test::content_of(*found) : "nothing";
}

} // namespace

TEST_CASE("a purged response is not found, and goes when it is looked for", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .tags = tag(store, "red")}, &store.ledger()));
  store.insert(stored({.key = "b", .tags = tag(store, "blue")}, &store.ledger()));
  store.insert(
      stored({.key = "m", .is_pass_marker = true, .tags = tag(store, "red")}, &store.ledger()));
  CHECK(purge(store, "red") == 1); // pass markers are no responses
  CHECK(store.stats().objects == 3);
  CHECK(store.variants(key_of("a")).empty());
  CHECK(store.find(key_of("a"), {}) == nullptr);
  CHECK(store.find(key_of("m"), {}) == nullptr);
  CHECK(content_at(store, "b") == "content");
  CHECK(store.stats().objects == 1);
  CHECK(store.stats().removals == 2);
  CHECK(purge(store, "red") == 0);
}

TEST_CASE("a soft purged response is found, and known as such", "[cache][store]") {
  Store store({});
  const auto standing = [&] {
    return store.purges().standing(store.find(key_of("a"), {})->purge_state());
  };
  store.insert(stored({.key = "a", .tags = tag(store, "red")}));
  CHECK(standing() == Standing::valid);
  CHECK(purge(store, "red", PurgeMode::soft) == 1);
  CHECK(standing() == Standing::soft_purged);
  // What validation makes of it is born later.
  store.insert(stored({.key = "a", .tags = tag(store, "red"), .born = store.purges().epoch()}));
  CHECK(standing() == Standing::valid);
  CHECK(store.stats().objects == 1);
}

TEST_CASE("keys are purged softly, too", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .vary = "x: 1\n"}));
  store.insert(stored({.key = "a", .vary = "x: 2\n"}));
  store.insert(stored({.key = "b"}));
  CHECK(store.mark_stale(key_of("a")) == 2);
  CHECK(store.mark_stale(key_of("c")) == 0);
  for (const StoredResponsePtr& one : store.variants(key_of("a"))) {
    CHECK(store.purges().standing(one->purge_state()) == Standing::soft_purged);
  }
  const StoredResponsePtr other = store.find(key_of("b"), {});
  CHECK(store.purges().standing(other->purge_state()) == Standing::valid);
}

TEST_CASE("a response that was purged since its birth is not stored", "[cache][store]") {
  const bool is_pass_marker = GENERATE(false, true);
  Store store({});
  const PurgeEpoch born = store.purges().epoch();
  purge(store, "red");
  store.insert(stored({.key = "a",
                       .content = "older",
                       .is_pass_marker = is_pass_marker,
                       .tags = tag(store, "red"),
                       .born = born}));
  CHECK(store.stats().objects == 0);
  store.insert(
      stored({.key = "a", .content = "newer", .tags = tag(store, "red"), .born = born + 1}));
  CHECK(content_at(store, "a") == "newer");
  CHECK(purge(store, "red") == 1);
}

TEST_CASE("a purge behind the back of newer variants takes only its own", "[cache][store]") {
  Store store({});
  store.insert(stored({.key = "a", .content = "any", .tags = tag(store, "blue")}));
  store.insert(
      stored({.key = "a", .content = "for x", .vary = "accept: x\n", .tags = tag(store, "red")}));
  const auto asked = request({{"Accept", "x"}});
  CHECK(content_at(store, "a", asked) == "for x");
  purge(store, "red");
  CHECK(content_at(store, "a", asked) == "any");
  purge(store, "blue");
  CHECK(content_at(store, "a", asked) == "nothing");
  CHECK(store.stats().objects == 0);
}

TEST_CASE("receipts follow what is stored", "[cache][store]") {
  Store store({.size = 40000, .stripes = 1, .max_variants = 2, .eviction = Eviction::lru});
  const auto add = [&](std::string_view key, std::size_t size, std::string_view vary = "") {
    store.insert(stored({.key = std::string(key),
                         .content = std::string(size, 'x'),
                         .vary = std::string(vary),
                         .tags = tag(store, "red")},
                        &store.ledger()));
  };
  add("a", 10);
  SECTION("replaced") {
    add("a", 20);
  }
  SECTION("removed") {
    add("b", 10);
    CHECK(store.remove(key_of("b")) == 1);
  }
  SECTION("one removed") {
    add("b", 10);
    const StoredResponsePtr found = store.find(key_of("b"), {});
    store.remove(*found);
    store.remove(*found); // it is gone already
    CHECK(store.find(key_of("b"), {}) == nullptr);
  }
  SECTION("too many variants") {
    add("a", 10, "x: 1\n");
    add("a", 10, "x: 2\n");
    add("a", 10, "x: 3\n");
    CHECK(store.remove(key_of("a")) == 2);
    add("a", 10);
  }
  SECTION("evicted") {
    add("b", 30000);
    add("c", 30000);
    CHECK(store.stats().evictions > 0);
    CHECK(store.stats().objects == 1);
  }
  SECTION("too large") {
    add("b", 100000);
  }
  SECTION("cleared") {
    store.clear();
    add("a", 10);
  }
  CHECK(purge(store, "red") == 1);
  CHECK(store.remove(key_of("a")) == 0); // whatever is left of it counts no more
  CHECK(purge(store, "red") == 0);
}

TEST_CASE("a tag named twice counts once, and tags count as memory", "[cache][store]") {
  Store store({});
  const auto plain = stored({.key = "a"}, &store.ledger());
  const std::size_t bytes = store.ledger().bytes();
  {
    Tags many;
    for (int i = 0; i < 40; ++i) {
      many.push_back(store.purges().intern(TagKind::key, std::to_string(i % 20)));
    }
    const auto tagged = stored({.key = "a", .tags = many}, &store.ledger());
    CHECK(tagged->purge_state().tags.size() == 20);
    CHECK(tagged->held_bytes() >= plain->held_bytes() + 20 * sizeof(TagPtr));
    CHECK(store.ledger().bytes() >= bytes + tagged->held_bytes() + 20 * 64);
    store.insert(tagged);
    CHECK(purge(store, "7") == 1);
    store.clear();
  }
  CHECK(store.purges().stats().tags == 1); // the one whose purge is remembered
}

TEST_CASE("purged parts are not found", "[cache][store]") {
  Store store({});
  const auto add = [&](std::uint64_t first, std::string_view name) {
    store.insert(stored({.key = "a",
                         .content_range = http::ContentRange{{first, first + 9}, 100},
                         .tags = tag(store, name)}));
  };
  add(0, "red");
  add(10, "blue");
  add(20, "red");
  CHECK(purge(store, "red") == 2);
  const auto left = store.find_partial(key_of("a"), {});
  REQUIRE(left.size() == 1);
  CHECK(left.front()->content_range()->range.first == 10);
  CHECK(store.stats().objects == 1);
}
