#include <src/policy/token_memory.hpp>
#include <src/policy/token_table.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <list>
#include <random>
#include <utility>

using namespace selvedge::policy;
using namespace std::chrono_literals;
using selvedge::base::Fingerprint;
using selvedge::base::Instant;

namespace {

const Instant kNow{selvedge::base::Steady{1h}, std::chrono::sys_seconds{1'800'000'000s}};

// Few buckets, so that they are shared.
Fingerprint print(std::uint64_t n) {
  return {n % 5, n};
}

KnownToken of_tenant(std::uint64_t tenant) {
  return {{1, IdentitySource::jwt, tenant}};
}

Instant after(std::chrono::seconds passed) {
  return {kNow.steady + passed, kNow.wall + passed};
}

} // namespace

TEST_CASE("the least recently used token goes first", "[policy][token-cache]") {
  TokenTable table(3);
  for (std::uint64_t n = 1; n <= 3; ++n) table.put(print(n), of_tenant(n));
  REQUIRE(table.find(print(1)) != nullptr);
  table.put(print(2), of_tenant(20));
  table.put(print(4), of_tenant(4));
  CHECK(table.size() == 3);
  CHECK(table.find(print(3)) == nullptr);
  REQUIRE(table.find(print(2)) != nullptr);
  CHECK(table.find(print(2))->identity.tenant == 20);
  CHECK(table.find(print(1)) != nullptr);
  CHECK(table.find(print(4)) != nullptr);
  table.clear();
  CHECK(table.size() == 0);
  CHECK(table.find(print(1)) == nullptr);
}

TEST_CASE("a table without room knows nothing", "[policy][token-cache]") {
  TokenTable table(0);
  table.put(print(1), of_tenant(1));
  CHECK(table.size() == 0);
  CHECK(table.find(print(1)) == nullptr);
}

TEST_CASE("a token table is as a list ordered by use", "[policy][token-cache][property]") {
  const std::size_t capacity = GENERATE(1U, 2U, 7U, 64U);
  std::mt19937 random(static_cast<unsigned>(capacity));
  TokenTable table(capacity);
  std::list<std::pair<std::uint64_t, std::uint64_t>> model; // the newest first
  for (std::uint64_t step = 0; step < 20000; ++step) {
    const std::uint64_t n = random() % (2 * capacity + 1);
    const auto known =
        std::find_if(model.begin(), model.end(), [n](const auto& one) { return one.first == n; });
    if (random() % 2 == 0) {
      const KnownToken* found = table.find(print(n));
      REQUIRE((found != nullptr) == (known != model.end()));
      if (found == nullptr) continue;
      REQUIRE(found->identity.tenant == known->second);
      model.splice(model.begin(), model, known);
    } else {
      table.put(print(n), of_tenant(step));
      if (known != model.end()) model.erase(known);
      model.emplace_front(n, step);
      if (model.size() > capacity) model.pop_back();
    }
    REQUIRE(table.size() == model.size());
  }
}

TEST_CASE("a flood of bad tokens does not push out good ones", "[policy][token-cache]") {
  TokenMemory memory(400);
  for (std::uint64_t n = 0; n < 300; ++n) memory.keep(print(n), of_tenant(n));
  for (std::uint64_t n = 1000; n < 11000; ++n) {
    memory.refuse(print(n), std::chrono::sys_seconds::min(), kNow);
  }
  for (std::uint64_t n = 0; n < 300; ++n) {
    const auto known = memory.find(print(n), kNow);
    REQUIRE(known);
    CHECK(known->identity.tenant == n);
  }
  CHECK(memory.size() == 400);
  CHECK(memory.find(print(10999), kNow));
  CHECK_FALSE(memory.find(print(1000), kNow));
}

TEST_CASE("a bad token is looked at anew after a while", "[policy][token-cache]") {
  TokenMemory memory(8);
  memory.refuse(print(1), std::chrono::sys_seconds::min(), kNow);
  REQUIRE(memory.find(print(1), after(29s)));
  CHECK(memory.find(print(1), after(29s))->identity == Identity{});
  CHECK_FALSE(memory.find(print(1), after(30s)));
  memory.refuse(print(1), std::chrono::sys_seconds::min(), after(30s));
  CHECK(memory.find(print(1), after(59s)));
}

TEST_CASE("a token that is not valid yet is looked at when it is", "[policy][token-cache]") {
  TokenMemory memory(8);
  memory.refuse(print(1), kNow.wall + 10s, kNow);
  CHECK(memory.find(print(1), after(9s)));
  CHECK_FALSE(memory.find(print(1), after(10s)));
  memory.keep(print(1), of_tenant(7));
  CHECK(memory.find(print(1), after(10s))->identity.tenant == 7);
}

TEST_CASE("what another identifier found is forgotten", "[policy][token-cache]") {
  TokenMemory memory(8);
  memory.belong_to(1);
  memory.keep(print(1), of_tenant(1));
  memory.refuse(print(2), std::chrono::sys_seconds::min(), kNow);
  memory.belong_to(1);
  CHECK(memory.size() == 2);
  memory.belong_to(2);
  CHECK(memory.size() == 0);
  CHECK_FALSE(memory.find(print(1), kNow));
}
