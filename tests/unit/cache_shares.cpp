// Shares of the store that are reserved for owners: what others cannot take, and what they can.
#include <selvedge/cache/store.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <numeric>
#include <random>
#include <set>

using namespace selvedge;
using namespace selvedge::cache;
using test::key_of;

namespace {

constexpr std::size_t kMiB = 1u << 20;
constexpr std::size_t kObject = 10000;
constexpr Owner kFirst = 0;
constexpr Owner kSecond = 1;
constexpr Owner kThird = 2;

std::string numbered(const char* name, std::size_t number) {
  return name + std::to_string(number);
}

auto every_policy() {
  return GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
}

// Charged for `bytes` that are nowhere.
void insert(Store& store, const std::string& key, Owner owner, std::size_t bytes = kObject) {
  StoredResponse::Parts parts;
  parts.key = key;
  parts.print = base::fingerprint(key);
  parts.body = test::complete_body("", nullptr);
  parts.owner = owner;
  store.insert(new StoredResponse(std::move(parts), &store.ledger(), bytes));
}

bool has(Store& store, const std::string& key) {
  return !store.variants(key_of(key)).empty(); // that is no hit
}

std::size_t count(Store& store, const char* name, std::size_t number) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < number; ++i) found += has(store, numbered(name, i)) ? 1 : 0;
  return found;
}

void insert_all(Store& store, const char* name, std::size_t number, Owner owner) {
  for (std::size_t i = 0; i < number; ++i) insert(store, numbered(name, i), owner);
}

// Far more than there is room for, each asked for a few times.
void flood(Store& store, const char* name, Owner owner) {
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::string key = numbered(name, i);
    insert(store, key, owner);
    for (int hit = 0; hit < 3; ++hit) store.find(key_of(key), {}, owner);
    REQUIRE(store.ledger().bytes() <= kMiB);
  }
}

std::size_t held_by(const Store& store, Owner owner) {
  return store.stats().bytes_by_owner[owner];
}

} // namespace

TEST_CASE("what is within its owner's share survives a flood by others", "[cache][shares]") {
  const auto eviction = every_policy();
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64}, std::size_t{256});
  const bool is_reserved = GENERATE(true, false);
  Store store({.size = kMiB, .stripes = stripes, .eviction = eviction});
  if (is_reserved) store.set_reserved({0.3, 0, 0, 0});
  insert_all(store, "first-", 20, kFirst);
  const std::size_t held = held_by(store, kFirst);
  flood(store, "third-", kThird);
  CHECK(count(store, "first-", 20) == (is_reserved ? 20 : 0));
  CHECK(held_by(store, kFirst) == (is_reserved ? held : 0));
  CHECK(held_by(store, kThird) > kMiB / 2); // the rest is theirs
}

TEST_CASE("what is above its owner's share goes, down to it", "[cache][shares]") {
  const auto eviction = every_policy();
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = kMiB, .stripes = stripes, .eviction = eviction});
  store.set_reserved({0.3, 0.2, 0, 0});
  insert_all(store, "first-", 90, kFirst);
  REQUIRE(held_by(store, kFirst) > kMiB / 2);
  flood(store, "third-", kThird);
  const std::size_t share = kMiB * 3 / 10;
  CHECK(held_by(store, kFirst) <= share);
  CHECK(held_by(store, kFirst) > share - 2 * kObject);
  // Nobody is in the way of an owner who comes later.
  flood(store, "second-", kSecond);
  CHECK(held_by(store, kFirst) > share - 2 * kObject);
  CHECK(held_by(store, kSecond) > kMiB * 6 / 10);
  flood(store, "fourth-", kThird);
  CHECK(held_by(store, kSecond) <= kMiB * 2 / 10);
  CHECK(held_by(store, kSecond) > kMiB * 2 / 10 - 2 * kObject);
}

TEST_CASE("owners without reservations change nothing", "[cache][shares]") {
  const auto eviction = every_policy();
  const bool was_reserved = GENERATE(false, true);
  Store plain({.size = kMiB, .stripes = 4, .eviction = eviction});
  Store owned({.size = kMiB, .stripes = 4, .eviction = eviction});
  if (was_reserved) {
    owned.set_reserved({0.5, 0.1, 0, 0});
    owned.set_reserved({});
  }
  std::mt19937 random(7);
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::string key = numbered("k", random() % 500);
    const std::size_t bytes = random() % 20000;
    const Owner owner = static_cast<Owner>(random() % kOwners);
    const bool is_found = plain.find(key_of(key), {}) != nullptr;
    REQUIRE((owned.find(key_of(key), {}, owner) != nullptr) == is_found);
    if (is_found) continue;
    insert(plain, key, kLeastOwner, bytes);
    insert(owned, key, owner, bytes);
  }
  CHECK(plain.stats().evictions > 100);
  CHECK(owned.stats().evictions == plain.stats().evictions);
  CHECK(count(owned, "k", 500) == count(plain, "k", 500));
}

TEST_CASE("a hit for somebody more important makes it theirs", "[cache][shares]") {
  const auto eviction = every_policy();
  const bool is_promoted = GENERATE(true, false);
  Store store({.size = kMiB, .stripes = 4, .eviction = eviction});
  store.set_reserved({0.3, 0, 0, 0});
  insert_all(store, "a-", 20, kThird);
  const std::size_t held = held_by(store, kThird);
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string text = numbered("a-", i);
    const CacheKey key = key_of(text);
    const auto found = is_promoted ? store.find(key, {}, kFirst) : store.find(key, {});
    CHECK(found->owner == (is_promoted ? kFirst : kThird));
    CHECK(store.find(key, {}, kLeastOwner)->owner == (is_promoted ? kFirst : kThird));
  }
  CHECK(held_by(store, kFirst) == (is_promoted ? held : 0));
  CHECK(held_by(store, kThird) == (is_promoted ? 0 : held));
  flood(store, "third-", kThird);
  CHECK(count(store, "a-", 20) == (is_promoted ? 20 : 0));
}

TEST_CASE("a reservation counts for what is stored already, as long as it lasts",
          "[cache][shares]") {
  const auto eviction = every_policy();
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = kMiB, .stripes = stripes, .eviction = eviction});
  insert_all(store, "first-", 25, kFirst);
  store.set_reserved({0.3, 0, 0, 0});
  flood(store, "third-", kThird);
  CHECK(count(store, "first-", 25) == 25);
  store.set_reserved({});
  flood(store, "more-", kThird);
  CHECK(count(store, "first-", 25) == 0);
  CHECK(held_by(store, kFirst) == 0);
}

TEST_CASE("more than can be set aside at once is not searched through", "[cache][shares]") {
  const auto eviction = every_policy();
  Store store({.size = kMiB, .stripes = 1, .eviction = eviction});
  for (std::size_t i = 0; i < 600; ++i) insert(store, numbered("first-", i), kFirst, 0);
  const std::size_t held = held_by(store, kFirst);
  REQUIRE(held < kMiB * 9 / 10);
  store.set_reserved({0.9, 0, 0, 0});
  flood(store, "third-", kThird);
  // A few went instead of searching; all the others were found their place by that.
  CHECK(count(store, "first-", 600) >= 590);
}

TEST_CASE("where all is within shares, the policy's order decides", "[cache][shares]") {
  const auto eviction = every_policy();
  Store store({.size = kMiB, .stripes = 4, .eviction = eviction});
  store.set_reserved({0.5, 0, 0.5, 0});
  // Together a little more than there is room for.
  insert_all(store, "first-", 49, kFirst);
  insert_all(store, "third-", 49, kThird);
  CHECK(store.ledger().bytes() <= kMiB);
  CHECK(store.stats().evictions > 0);
  CHECK(has(store, "third-48")); // what came last is spared
  CHECK(count(store, "first-", 49) + count(store, "third-", 49) > 85);
}

TEST_CASE("what others have no room for is not stored for them", "[cache][shares]") {
  const auto eviction = every_policy();
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = kMiB, .stripes = stripes, .eviction = eviction});
  store.set_reserved({0.9, 0, 0, 0});
  insert_all(store, "first-", 85, kFirst);
  insert(store, "large", kThird, kMiB / 5);
  CHECK_FALSE(has(store, "large"));
  CHECK(count(store, "first-", 85) == 85);
  insert(store, "small", kThird, kObject);
  CHECK(has(store, "small"));
}

TEST_CASE("what replaces a response belongs to the more important of both", "[cache][shares]") {
  const auto [before, after, owner] = GENERATE(table<Owner, Owner, Owner>({
      {kFirst, kLeastOwner, kFirst},
      {kThird, kSecond, kSecond},
      {kSecond, kSecond, kSecond},
  }));
  Store store({});
  store.set_reserved({0.1, 0, 0, 0});
  insert(store, "a", before);
  insert(store, "a", after);
  CHECK(store.variants(key_of("a")).front()->owner == owner);
  CHECK(held_by(store, owner) > kObject);
  const auto held = store.stats().bytes_by_owner;
  CHECK(std::accumulate(held.begin(), held.end(), std::size_t{0}) == held[owner]);
  store.clear();
  CHECK(held_by(store, owner) == 0);
}

TEST_CASE("making room ends where readers hold everything", "[cache][shares]") {
  const auto eviction = every_policy();
  Store store({.size = kMiB, .stripes = 64, .eviction = eviction});
  store.set_reserved({0.5, 0.4, 0, 0});
  insert_all(store, "first-", 40, kFirst);
  insert_all(store, "third-", 40, kThird);
  std::vector<StoredResponsePtr> held;
  for (std::size_t i = 0; i < 40; ++i) {
    held.push_back(store.find(key_of(numbered("first-", i)), {}));
    held.push_back(store.find(key_of(numbered("third-", i)), {}));
  }
  insert(store, "second", kSecond, kMiB / 3);
  CHECK(store.is_over_limit() == false);
  CHECK(store.stats().objects == 0);
  held.clear();
  insert(store, "second", kSecond, kMiB / 3);
  CHECK(has(store, "second"));
}

TEST_CASE("the limit holds whatever is reserved, asked, replaced and purged", "[cache][shares]") {
  const auto eviction = every_policy();
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = kMiB, .stripes = stripes, .eviction = eviction});
  std::mt19937 random(11);
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::string key = numbered("k", random() % 600);
    const Owner owner = static_cast<Owner>(random() % kOwners);
    const auto dice = random() % 1000;
    if (dice < 5) {
      const double share = static_cast<double>(random() % 50) / 100;
      store.set_reserved({share, 1 - share, 0, random() % 2 == 0 ? 0 : 0.1});
    } else if (dice < 30) {
      store.remove(key_of(key));
    } else if (!store.find(key_of(key), {}, owner) || dice < 100) {
      insert(store, key, owner, random() % 20 == 0 ? random() % kMiB : random() % 8000);
    }
    REQUIRE(store.ledger().bytes() <= kMiB);
  }
  CHECK(store.stats().evictions > 100);
  for (std::size_t i = 0; i < 600; ++i) store.remove(key_of(numbered("k", i)));
  CHECK(store.stats().objects == 0);
  CHECK(store.stats().bytes_by_owner == std::array<std::size_t, kOwners>{});
}
