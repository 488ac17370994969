// What the store and its eviction policies do together: across stripes, for large objects, and for
// what is replaced.
#include <selvedge/cache/store.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <random>

using namespace selvedge;
using namespace selvedge::cache;
using test::key_of;
using test::stored;

namespace {

constexpr std::size_t kMiB = 1u << 20;

std::string numbered(const char* name, std::size_t number) {
  return name + std::to_string(number);
}

bool has(Store& store, const std::string& key) {
  return store.find(key_of(key), {}) != nullptr;
}

// Charged for `bytes` that are nowhere.
boost::intrusive_ptr<StoredResponse> of_size(Store& store, const std::string& key,
                                             std::size_t bytes) {
  StoredResponse::Parts parts;
  parts.key = key;
  parts.print = base::fingerprint(key);
  parts.body = test::complete_body("", nullptr);
  return new StoredResponse(std::move(parts), &store.ledger(), bytes);
}

void insert(Store& store, const std::string& key, std::size_t bytes) {
  store.insert(of_size(store, key, bytes));
}

// Asks as clients do: what is not there is fetched. Whether it was there.
bool ask(Store& store, const std::string& key, std::size_t bytes) {
  if (has(store, key)) return true;
  insert(store, key, bytes);
  return false;
}

auto every_policy() {
  return GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
}

} // namespace

TEST_CASE("memory held elsewhere for a response is charged until it goes", "[cache][eviction]") {
  Store store({});
  const std::size_t empty = store.ledger().bytes();
  insert(store, "a", 0);
  const std::size_t own = store.ledger().bytes() - empty;
  insert(store, "a", 10000);
  CHECK(store.ledger().bytes() == empty + own + 10000);
  CHECK(store.find(key_of("a"), {})->held_bytes() == own + 10000);
  store.clear();
  CHECK(store.ledger().bytes() == empty);
}

TEST_CASE("objects of any size up to the store's are stored and found", "[cache][eviction]") {
  const auto eviction = every_policy();
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = kMiB, .stripes = stripes, .eviction = eviction});
  for (std::size_t i = 0; i < 500; ++i) ask(store, numbered("small-", i), 2000);
  for (const std::size_t share : {5u, 11u, 25u, 50u, 90u}) {
    CAPTURE(share);
    const std::string key = numbered("large-", share);
    insert(store, key, kMiB * share / 100);
    CHECK(has(store, key));
    CHECK(store.ledger().bytes() <= kMiB);
  }
}

TEST_CASE("S3-FIFO keeps what is larger than its small queue while it is asked for",
          "[cache][eviction]") {
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = kMiB, .stripes = stripes, .eviction = Eviction::s3_fifo});
  for (std::size_t i = 0; i < 1000; ++i) ask(store, numbered("before-", i), 2000);
  // A fifth of the store is twice what the small queue may have.
  std::size_t found = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    ask(store, numbered("once-", i), 2000);
    if (i % 10 == 0 && ask(store, "large", kMiB / 5)) ++found;
  }
  CHECK(found > 190);
}

TEST_CASE("many stripes evict in the order of one", "[cache][eviction]") {
  const auto eviction = every_policy();
  // Few objects for so many stripes: in turn, those alone in their stripe would go.
  Store store({.size = kMiB, .stripes = 64, .eviction = eviction});
  std::size_t found = 0;
  constexpr std::size_t kRounds = 400;
  for (std::size_t i = 0; i < kRounds; ++i) {
    for (std::size_t hot = 0; hot < 10; ++hot) {
      if (ask(store, numbered("hot-", hot), 20000)) ++found;
    }
    for (std::size_t j = 0; j < 10; ++j) ask(store, numbered("once-", 10 * i + j), 20000);
  }
  CHECK(found >= 10 * (kRounds - 4));
}

TEST_CASE("what replaces a popular response is as popular", "[cache][eviction]") {
  const auto eviction = every_policy();
  Store store({.size = kMiB, .stripes = 1, .eviction = eviction});
  insert(store, "a", 1000);
  for (int i = 0; i < 3; ++i) REQUIRE(has(store, "a"));
  const int visits = store.variants(key_of("a")).front()->visits;
  CHECK(visits > 0);
  insert(store, "a", 1000); // a revalidation makes a new one
  CHECK(store.variants(key_of("a")).front()->visits == visits);
  insert(store, "b", 1000);
  CHECK(store.variants(key_of("b")).front()->visits == 0);
}

TEST_CASE("every policy keeps within the limit, whatever is asked, replaced and purged",
          "[cache][eviction]") {
  const auto eviction = every_policy();
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64}, std::size_t{256});
  const auto exponent = GENERATE(0.0, 1.0);
  Store store(
      {.size = kMiB, .stripes = stripes, .eviction = eviction, .eviction_size_exponent = exponent});
  std::mt19937 random(5);
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::string key = numbered("k", random() % 600);
    const std::size_t bytes = random() % 20 == 0 ? random() % kMiB : random() % 8000;
    const auto dice = random() % 100;
    if (dice < 2) {
      store.remove(key_of(key));
    } else if (dice < 10) {
      insert(store, key, bytes);
    } else {
      ask(store, key, bytes);
    }
    REQUIRE(store.ledger().bytes() <= kMiB);
  }
  CHECK(store.stats().evictions > 100);
  const std::size_t objects = store.stats().objects;
  std::size_t removed = 0;
  for (std::size_t i = 0; i < 600; ++i) removed += store.remove(key_of(numbered("k", i)));
  CHECK(removed == objects);
  CHECK(store.stats().objects == 0);
}
