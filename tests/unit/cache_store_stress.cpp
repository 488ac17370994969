// Several threads on one store; meant for ThreadSanitizer as much as for its own checks.
#include <selvedge/cache/store.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;

namespace {

constexpr std::size_t kKeys = 300;
constexpr std::size_t kThreads = 4;
constexpr int kSteps = 4000;

std::string key_number(std::size_t i) {
  return "http://example.com/" + std::to_string(i);
}

// The content tells its key and variant, repeated to a length that the key decides.
std::string content_of_key(std::size_t key, std::size_t variant) {
  const std::string unit = std::to_string(key) + "/" + std::to_string(variant) + ";";
  std::string content;
  const std::size_t length = 50 + key * 37;
  while (content.size() < length) content += unit;
  return content;
}

struct Tally {
  std::atomic<std::uint64_t> found{0};
  std::atomic<std::uint64_t> wrong{0};
};

void find_and_check(Store& store, std::size_t number, std::size_t variant, Tally& tally) {
  const std::string key = key_number(number);
  const std::string value = std::to_string(variant);
  const auto found = store.find(test::key_of(key), test::request({{"x-variant", value}}));
  if (!found) return;
  ++tally.found;
  const bool is_right = found->key() == key && found->vary() == "x-variant: " + value + "\n" &&
                        test::content_of(*found) == content_of_key(number, variant);
  if (!is_right) ++tally.wrong;
}

void work(Store& store, unsigned seed, Tally& tally) {
  std::mt19937 random(seed);
  for (int step = 0; step < kSteps; ++step) {
    const std::size_t number = random() % kKeys;
    const std::size_t variant = random() % 3;
    const auto dice = random() % 100;
    if (dice < 60) {
      find_and_check(store, number, variant, tally);
    } else if (dice < 95) {
      store.insert(test::stored({.key = key_number(number),
                                 .content = content_of_key(number, variant),
                                 .vary = "x-variant: " + std::to_string(variant) + "\n"},
                                &store.ledger()));
    } else if (dice < 99) {
      store.remove(test::key_of(key_number(number)));
    } else {
      store.make_room();
    }
  }
}

} // namespace

TEST_CASE("threads that find, insert and remove see only whole and right responses",
          "[cache][store][stress]") {
  const auto eviction = GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
  const auto stripes = GENERATE(std::size_t{1}, std::size_t{64});
  Store store({.size = 1u << 20, .stripes = stripes, .eviction = eviction});
  Tally tally;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(work, std::ref(store), static_cast<unsigned>(i + 1), std::ref(tally));
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(tally.wrong == 0);
  CHECK(tally.found > 100);
  const Store::Stats stats = store.stats();
  CHECK(stats.bytes <= stats.limit);
  CHECK(stats.evictions > 0);
  CHECK(stats.removals > 0);
  std::size_t objects = 0;
  for (std::size_t key = 0; key < kKeys; ++key)
    objects += store.remove(test::key_of(key_number(key)));
  CHECK(objects == stats.objects);
  CHECK(store.ledger().bytes() == 0);
}
