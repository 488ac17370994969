// Several threads that fill, find and purge; meant for ThreadSanitizer as much as for its own
// checks.
#include <selvedge/cache/store.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;

namespace {

constexpr std::size_t kKeys = 120;
constexpr std::size_t kNames = 24;
constexpr std::size_t kThreads = 4;
constexpr int kSteps = 6000;
constexpr base::Steady kNow{std::chrono::hours{100}};

std::string key_number(std::size_t i) {
  return "https://example.com/" + std::to_string(i % 5) + "/" + std::to_string(i);
}

std::string name_number(std::size_t i) {
  return "name-" + std::to_string(i);
}

// Each key has two names.
std::array<std::size_t, 2> names_of(std::size_t key) {
  return {key % kNames, (key * 7 + 1) % kNames};
}

// What purges that returned have promised: nothing born before these epochs is found (hard), or
// found without being marked (soft).
struct Promises {
  struct Epochs {
    std::atomic<PurgeEpoch> hard{0};
    std::atomic<PurgeEpoch> soft{0};
  };
  std::array<Epochs, kNames> by_name;
  Epochs everything;
};

struct Tally {
  std::atomic<std::uint64_t> found{0};
  std::atomic<std::uint64_t> found_soft{0};
  std::atomic<std::uint64_t> broken{0};
};

struct Shared {
  Store store{{.size = 50000}};
  Promises promises;
  Tally tally;
};

void promise(std::atomic<PurgeEpoch>& to, PurgeEpoch epoch) {
  PurgeEpoch seen = to.load();
  while (seen < epoch && !to.compare_exchange_weak(seen, epoch)) {
  }
}

void purge(Shared& shared, std::size_t name, PurgeMode mode) {
  const auto purged = shared.store.purges().purge(TagKind::key, name_number(name), mode, kNow);
  auto& epochs = shared.promises.by_name[name];
  promise(mode == PurgeMode::hard ? epochs.hard : epochs.soft, purged.epoch);
  if (purged.matched > kKeys + kThreads) ++shared.tally.broken; // more than ever were there
}

void purge_everything(Shared& shared, PurgeMode mode) {
  const auto purged = shared.store.purges().purge_everything(mode, 0, kNow);
  auto& epochs = shared.promises.everything;
  promise(mode == PurgeMode::hard ? epochs.hard : epochs.soft, purged.epoch);
}

void fill(Shared& shared, std::size_t number) {
  test::Stored wanted{.key = key_number(number), .born = shared.store.purges().epoch()};
  std::this_thread::yield(); // the origin answers
  add_place_tags(shared.store.purges(), wanted.key, wanted.tags);
  for (const std::size_t name : names_of(number)) {
    wanted.tags.push_back(shared.store.purges().intern(TagKind::key, name_number(name)));
  }
  const auto filled = test::stored(wanted, &shared.store.ledger());
  std::this_thread::yield(); // its body arrives
  shared.store.insert(filled);
}

void find_and_check(Shared& shared, std::size_t number) {
  const Promises& promises = shared.promises;
  PurgeEpoch hard = promises.everything.hard.load();
  PurgeEpoch soft = promises.everything.soft.load();
  for (const std::size_t name : names_of(number)) {
    hard = std::max(hard, promises.by_name[name].hard.load());
    soft = std::max(soft, promises.by_name[name].soft.load());
  }
  const std::string key = key_number(number);
  const StoredResponsePtr found = shared.store.find(test::key_of(key), {});
  if (!found) return;
  ++shared.tally.found;
  const PurgeState& state = found->purge_state();
  const Standing standing = shared.store.purges().standing(state);
  if (standing != Standing::valid) ++shared.tally.found_soft;
  const bool is_right = state.born >= hard && (state.born >= soft || standing != Standing::valid);
  if (!is_right) ++shared.tally.broken;
}

void work(Shared& shared, unsigned seed) {
  std::mt19937 random(seed);
  for (int step = 0; step < kSteps; ++step) {
    const std::size_t number = random() % kKeys;
    const auto dice = random() % 1000;
    if (dice < 550) {
      find_and_check(shared, number);
    } else if (dice < 900) {
      fill(shared, number);
    } else if (dice < 940) {
      purge(shared, random() % kNames, PurgeMode::hard);
    } else if (dice < 970) {
      purge(shared, random() % kNames, PurgeMode::soft);
    } else if (dice < 972) {
      purge_everything(shared, dice == 970 ? PurgeMode::hard : PurgeMode::soft);
    } else if (dice < 985) {
      shared.store.remove(test::key_of(key_number(number)));
    } else {
      shared.store.mark_stale(test::key_of(key_number(number)));
    }
  }
}

// After the threads: finds everything, so that what was purged goes, and counts by name.
std::array<std::size_t, kNames> count_by_name(Store& store) {
  std::array<std::size_t, kNames> counts{};
  for (std::size_t number = 0; number < kKeys; ++number) {
    const std::string key = key_number(number);
    if (store.find(test::key_of(key), {}) == nullptr) continue;
    const auto names = names_of(number);
    for (const std::size_t name : names) ++counts[name];
    if (names[0] == names[1]) --counts[names[0]];
  }
  return counts;
}

} // namespace

TEST_CASE("once a purge has returned, nobody finds what was asked for before it",
          "[cache][purge][stress]") {
  Shared shared;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(work, std::ref(shared), static_cast<unsigned>(i + 1));
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(shared.tally.broken == 0);
  CHECK(shared.tally.found > 100);
  CHECK(shared.tally.found_soft > 10);
  CHECK(shared.store.stats().evictions > 0);
  // Whatever came in between, receipts count what is there.
  const auto counts = count_by_name(shared.store);
  CHECK(*std::max_element(counts.begin(), counts.end()) > 0);
  for (std::size_t name = 0; name < kNames; ++name) {
    CAPTURE(name);
    PurgeIndex& purges = shared.store.purges();
    CHECK(purges.purge(TagKind::key, name_number(name), PurgeMode::hard, kNow).matched ==
          counts[name]);
  }
  shared.store.clear();
  CHECK(shared.store.purges().stats().tags == shared.store.purges().stats().remembered);
}

TEST_CASE("tags made and let go by several threads at once", "[cache][purge][stress]") {
  PurgeIndex index;
  std::atomic<std::uint64_t> wrong{0};
  const auto make_and_let_go = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int step = 0; step < kSteps * 4; ++step) {
      const std::string name = name_number(random() % 2);
      const TagPtr one = index.intern(TagKind::key, name);
      const TagPtr same = index.intern(TagKind::key, name);
      if (one != same) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back(make_and_let_go, i + 1);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(index.stats().tags == 0);
}

TEST_CASE("a verdict that is given during a purge does not outlast it", "[cache][purge][stress]") {
  constexpr int kRounds = 2000;
  PurgeIndex index;
  std::atomic<int> ready{0};
  std::atomic<int> purged{0};
  std::thread purger([&] {
    for (int round = 1; round <= kRounds; ++round) {
      while (ready.load() < round) std::this_thread::yield();
      index.purge(TagKind::key, "name", PurgeMode::hard, kNow);
      purged.store(round);
    }
  });
  int outlasting = 0;
  for (int round = 1; round <= kRounds; ++round) {
    PurgeState state{.born = index.epoch()};
    state.tags.push_back(index.intern(TagKind::key, "name"));
    ready.store(round);
    bool has_returned = false;
    for (int spins = 1; !has_returned; ++spins) {
      if (spins % 256 == 0) std::this_thread::yield(); // the purger may wait for this processor
      has_returned = purged.load() == round;
      const Standing standing = index.standing(state);
      if (has_returned && standing != Standing::purged) ++outlasting;
    }
  }
  purger.join();
  CHECK(outlasting == 0);
}
