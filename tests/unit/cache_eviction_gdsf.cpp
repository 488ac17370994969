#include <selvedge/cache/eviction_policy.hpp>
#include <src/cache/frequency_memory.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <cmath>
#include <map>
#include <random>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;

namespace {

// A policy and the responses it orders, as a stripe of the store keeps them.
class Gdsf {
public:
  explicit Gdsf(double exponent = 1.0)
      : policy_(make_eviction_policy({.kind = Eviction::gdsf, .size_exponent = exponent}, shared_)),
        exponent_(exponent) {}
  ~Gdsf() {
    while (!responses_.empty()) remove(responses_.begin()->first);
  }
  Gdsf(const Gdsf&) = delete;
  Gdsf& operator=(const Gdsf&) = delete;

  void insert(const std::string& key, std::size_t size = 1000) {
    auto response = test::stored({.key = key, .content = std::string(size, 'x')});
    policy_->on_insert(*response);
    responses_[key] = std::move(response);
  }
  void hit(const std::string& key, int times = 1) {
    for (int i = 0; i < times; ++i) policy_->on_hit(*responses_.at(key));
  }
  void remove(const std::string& key) {
    policy_->on_remove(*responses_.at(key));
    responses_.erase(key);
  }
  EvictionCandidate candidate(const std::string& spared = {}) {
    return policy_->candidate(spared.empty() ? nullptr : responses_.at(spared).get());
  }
  // The key of what went, or "".
  std::string evict() {
    const StoredResponse* lowest = candidate().response;
    if (lowest == nullptr) return {};
    std::string key(lowest->key());
    policy_->on_evict(*lowest);
    responses_.erase(key);
    return key;
  }
  // By the definition, not by the heap.
  double priority(const std::string& key) const {
    const StoredResponse& response = *responses_.at(key);
    const auto bytes = static_cast<double>(response.eviction.bytes);
    return response.moment + (1 + response.visits) * std::pow(bytes, -exponent_);
  }
  double least_priority() const {
    double least = EvictionCandidate::kNoRank;
    for (const auto& [key, response] : responses_) least = std::min(least, priority(key));
    return least;
  }
  double inflation() const { return shared_.clock; }
  double least_rank() const { return policy_->least_rank(); }
  int visits(const std::string& key) const { return responses_.at(key)->visits; }
  bool has(const std::string& key) const { return responses_.count(key) == 1; }
  std::size_t size() const { return responses_.size(); }

private:
  EvictionShared shared_;
  std::unique_ptr<EvictionPolicy> policy_;
  const double exponent_;
  std::map<std::string, boost::intrusive_ptr<StoredResponse>> responses_;
};

std::string numbered(const char* name, int number) {
  return name + std::to_string(number);
}

// But for the rounding of another compiler's arithmetic.
bool is_about(double value, double wanted) {
  return std::abs(value - wanted) <= 1e-9 * wanted;
}

} // namespace

TEST_CASE("GDSF: of equally popular responses the largest goes first", "[cache][eviction]") {
  Gdsf gdsf;
  gdsf.insert("small", 1000);
  gdsf.insert("large", 50000);
  gdsf.insert("middle", 10000);
  CHECK(gdsf.evict() == "large");
  CHECK(gdsf.evict() == "middle");
  CHECK(gdsf.evict() == "small");
  CHECK(gdsf.evict().empty());
}

TEST_CASE("GDSF: of equally large responses the least popular goes first", "[cache][eviction]") {
  Gdsf gdsf;
  for (const char* key : {"often", "never", "once"}) gdsf.insert(key);
  gdsf.hit("often", 5);
  gdsf.hit("once");
  CHECK(gdsf.evict() == "never");
  CHECK(gdsf.evict() == "once");
  CHECK(gdsf.evict() == "often");
}

TEST_CASE("GDSF: the exponent says how much size counts", "[cache][eviction]") {
  // Sixteen times as large, used seven times as often.
  const auto evicted = [](double exponent) {
    Gdsf gdsf(exponent);
    gdsf.insert("small", 4000);
    gdsf.insert("large", 80000);
    gdsf.hit("large", 6);
    return gdsf.evict();
  };
  CHECK(evicted(1.0) == "large");
  CHECK(evicted(0.5) == "small");
  CHECK(evicted(0.0) == "small");
}

TEST_CASE("GDSF: what is not asked for any more is overtaken", "[cache][eviction]") {
  Gdsf gdsf;
  gdsf.insert("was popular");
  gdsf.hit("was popular", 9);
  int newcomers = 0;
  double inflation = 0;
  while (gdsf.has("was popular") && newcomers < 1000) {
    gdsf.insert(numbered("new-", newcomers++));
    if (gdsf.size() > 4) gdsf.evict();
    CHECK(gdsf.inflation() >= inflation);
    inflation = gdsf.inflation();
  }
  CHECK(newcomers > 10);
  CHECK(newcomers < 1000);
  CHECK(gdsf.inflation() > 0);
}

TEST_CASE("GDSF: one hit lifts a response to the inflation of the day", "[cache][eviction]") {
  Gdsf gdsf;
  for (int i = 0; i < 60; ++i) {
    gdsf.insert(numbered("x", i));
    if (i >= 10) gdsf.evict();
    if (i == 20) gdsf.insert("old");
    if (i > 20 && gdsf.has("old")) gdsf.hit("old");
  }
  REQUIRE(gdsf.has("old"));
  gdsf.insert("newest");
  CHECK(gdsf.priority("old") > gdsf.priority("newest"));
}

TEST_CASE("GDSF: hits leave the heap alone, eviction takes them into account",
          "[cache][eviction]") {
  Gdsf gdsf;
  gdsf.insert("a", 5000);
  gdsf.insert("b", 4000);
  gdsf.insert("c", 3000);
  const double before = gdsf.least_rank();
  CHECK(is_about(before, gdsf.priority("a")));
  gdsf.hit("a", 3);
  CHECK(gdsf.least_rank() == before); // a lower bound until somebody looks
  const EvictionCandidate candidate = gdsf.candidate();
  REQUIRE(candidate.response != nullptr);
  CHECK(candidate.response->key() == "b");
  CHECK(is_about(candidate.rank, gdsf.priority("b")));
  CHECK(gdsf.least_rank() == candidate.rank);
}

TEST_CASE("GDSF: the candidate is the lowest by definition, whatever happened",
          "[cache][eviction]") {
  const auto exponent = GENERATE(0.0, 0.5, 1.0);
  Gdsf gdsf(exponent);
  std::mt19937 random(3);
  for (int step = 0; step < 5000; ++step) {
    const std::string key = numbered("k", static_cast<int>(random() % 150));
    if (!gdsf.has(key))
      gdsf.insert(key, 1 + random() % 20000);
    else if (random() % 20 == 0)
      gdsf.remove(key);
    else
      gdsf.hit(key, 1 + static_cast<int>(random() % 3));
    if (gdsf.size() < 60) continue; // few enough for one search to correct all
    REQUIRE(gdsf.least_rank() <= (1 + 1e-9) * gdsf.least_priority());
    REQUIRE(is_about(gdsf.candidate().rank, gdsf.least_priority()));
    REQUIRE_FALSE(gdsf.evict().empty());
  }
}

TEST_CASE("GDSF: a search corrects a bounded number of priorities", "[cache][eviction]") {
  Gdsf gdsf;
  for (int i = 0; i < 1000; ++i) gdsf.insert(numbered("k", i));
  const double stale = gdsf.least_rank();
  for (int i = 0; i < 1000; ++i) gdsf.hit(numbered("k", i), 50);
  // One of those that it did not come to goes, by a rank that is too low.
  const double least = gdsf.least_priority();
  CHECK(least > 10 * stale);
  REQUIRE(gdsf.candidate().response != nullptr);
  CHECK(gdsf.candidate().rank < 2 * stale);
  // Each search goes on where the last one ended.
  int searches = 2;
  while (searches < 100 && gdsf.candidate().rank < 2 * stale) ++searches;
  CHECK(searches > 4);
  CHECK(searches < 20);
  CHECK(is_about(gdsf.candidate().rank, least));
}

TEST_CASE("GDSF: what was inserted last is spared while there is another", "[cache][eviction]") {
  Gdsf gdsf;
  gdsf.insert("popular", 1000);
  gdsf.hit("popular", 20);
  gdsf.insert("huge", 5'000'000);
  const EvictionCandidate candidate = gdsf.candidate("huge");
  REQUIRE(candidate.response != nullptr);
  CHECK(candidate.response->key() == "popular");
  CHECK(is_about(gdsf.least_rank(), gdsf.priority("huge"))); // only put off for the search
  gdsf.remove("popular");
  CHECK(gdsf.candidate("huge").response == nullptr);
  CHECK(gdsf.evict() == "huge");
}

TEST_CASE("GDSF: what comes back has three quarters of its frequency", "[cache][eviction]") {
  Gdsf gdsf;
  for (const char* key : {"a", "b"}) gdsf.insert(key);
  gdsf.hit("a", 19); // used 20 times
  gdsf.hit("b", 999);
  REQUIRE(gdsf.evict() == "a");
  gdsf.insert("a");
  CHECK(gdsf.visits("a") == 15);
  gdsf.remove("a"); // a purge: nothing is remembered of it
  gdsf.insert("a");
  CHECK(gdsf.visits("a") == 0);
}

TEST_CASE("GDSF: a frequency has a limit", "[cache][eviction]") {
  Gdsf gdsf;
  gdsf.insert("a");
  gdsf.hit("a", 300);
  CHECK(gdsf.visits("a") == 255);
  CHECK(gdsf.evict() == "a");
  gdsf.insert("a");
  CHECK(gdsf.visits("a") == 191);
  gdsf.hit("a", 300);
  CHECK(gdsf.visits("a") == 255);
}

TEST_CASE("frequencies of what was evicted are given back once", "[cache][eviction]") {
  FrequencyMemory memory;
  const base::Fingerprint a = base::fingerprint("a");
  CHECK(memory.take(a) == 0);
  memory.add(a, 7, 100);
  CHECK(memory.take(base::fingerprint("b")) == 0);
  CHECK(memory.take(a) == 7);
  CHECK(memory.take(a) == 0);
  memory.add(a, 1000, 100);
  CHECK(memory.take(a) == 255);
}

TEST_CASE("the memory of frequencies is of the most recent, in a bounded table",
          "[cache][eviction]") {
  FrequencyMemory memory;
  constexpr int kResponses = 1000;
  constexpr int kAdded = 100 * kResponses;
  const auto print = [](int i) { return base::fingerprint(numbered("k", i)); };
  for (int i = 0; i < kAdded; ++i) memory.add(print(i), 1 + i % 200, kResponses);
  int remembered = 0;
  int right = 0;
  for (int i = kAdded - 2 * kResponses; i < kAdded; ++i) {
    const int frequency = memory.take(print(i));
    if (frequency != 0) ++remembered;
    if (frequency == 1 + i % 200) ++right;
  }
  CHECK(remembered > 19 * kResponses / 10); // lines are not all equally full
  CHECK(right > remembered - 5);
  int old = 0;
  for (int i = 0; i < kAdded - 20 * kResponses; ++i) old += memory.take(print(i)) != 0 ? 1 : 0;
  CHECK(old < 100);
}
