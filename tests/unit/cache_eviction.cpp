#include <selvedge/cache/eviction_policy.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <map>
#include <random>
#include <set>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;

namespace {

// A policy and the responses it orders, as a stripe of the store keeps them.
class Ordered {
public:
  explicit Ordered(Eviction kind) : policy_(make_eviction_policy({.kind = kind}, own_shared_)) {}
  // One of several stripes.
  Ordered(Eviction kind, EvictionShared& shared)
      : policy_(make_eviction_policy({.kind = kind}, shared)) {}
  ~Ordered() {
    while (!responses_.empty()) remove(responses_.begin()->first);
  }
  Ordered(const Ordered&) = delete;
  Ordered& operator=(const Ordered&) = delete;

  void insert(const std::string& key, std::size_t size = 100) {
    auto response = test::stored({.key = key, .content = std::string(size, 'x')});
    policy_->on_insert(*response);
    responses_[key] = std::move(response);
  }
  void hit(const std::string& key) { policy_->on_hit(*responses_.at(key)); }
  void remove(const std::string& key) {
    policy_->on_remove(*responses_.at(key));
    responses_.erase(key);
  }
  // The key of what went, or "".
  std::string evict() {
    const EvictionCandidate candidate = policy_->candidate(nullptr);
    if (candidate.response == nullptr) return {};
    std::string key(candidate.response->key());
    policy_->on_evict(*candidate.response);
    responses_.erase(key);
    return key;
  }
  bool has(const std::string& key) const { return responses_.count(key) == 1; }
  std::size_t size() const { return responses_.size(); }

private:
  EvictionShared own_shared_;
  std::unique_ptr<EvictionPolicy> policy_;
  std::map<std::string, boost::intrusive_ptr<StoredResponse>> responses_;
};

} // namespace

TEST_CASE("LRU: what was never used goes in order of insertion", "[cache][eviction]") {
  Ordered lru(Eviction::lru);
  for (const char* key : {"a", "b", "c"}) lru.insert(key);
  CHECK(lru.evict() == "a");
  CHECK(lru.evict() == "b");
  CHECK(lru.evict() == "c");
  CHECK(lru.evict().empty());
}

TEST_CASE("LRU: what was used gets one more round", "[cache][eviction]") {
  Ordered lru(Eviction::lru);
  for (const char* key : {"a", "b", "c"}) lru.insert(key);
  lru.hit("a");
  CHECK(lru.evict() == "b");
  lru.insert("d");
  CHECK(lru.evict() == "c");
  CHECK(lru.evict() == "a");
  CHECK(lru.evict() == "d");
}

TEST_CASE("LRU: many hits count as one", "[cache][eviction]") {
  Ordered lru(Eviction::lru);
  lru.insert("a");
  lru.insert("b");
  for (int i = 0; i < 100; ++i) lru.hit("a");
  CHECK(lru.evict() == "b");
  CHECK(lru.evict() == "a");
}

TEST_CASE("S3-FIFO: the small queue goes in order of insertion", "[cache][eviction]") {
  Ordered s3(Eviction::s3_fifo);
  for (const char* key : {"a", "b", "c"}) s3.insert(key);
  s3.hit("a"); // one use is not enough to stay
  CHECK(s3.evict() == "a");
  CHECK(s3.evict() == "b");
  CHECK(s3.evict() == "c");
  CHECK(s3.evict().empty());
}

TEST_CASE("S3-FIFO: two uses move a response to the main queue", "[cache][eviction]") {
  Ordered s3(Eviction::s3_fifo);
  s3.insert("used");
  s3.hit("used");
  s3.hit("used");
  for (int i = 0; i < 20; ++i) s3.insert("once-" + std::to_string(i));
  for (int i = 0; i < 18; ++i) CHECK(s3.evict() == "once-" + std::to_string(i));
  CHECK(s3.has("used"));
}

TEST_CASE("S3-FIFO: what comes back soon enters the main queue", "[cache][eviction]") {
  Ordered s3(Eviction::s3_fifo);
  s3.insert("back");
  for (int i = 0; i < 9; ++i) s3.insert("x" + std::to_string(i));
  CHECK(s3.evict() == "back");
  s3.insert("back"); // its fingerprint was remembered
  for (int i = 0; i < 8; ++i) CHECK(s3.evict() == "x" + std::to_string(i));
  CHECK(s3.has("back"));
}

TEST_CASE("S3-FIFO: a scan does not displace what is used", "[cache][eviction]") {
  Ordered s3(Eviction::s3_fifo);
  constexpr int kUsed = 50;
  for (int i = 0; i < kUsed; ++i) {
    s3.insert("used-" + std::to_string(i));
    s3.hit("used-" + std::to_string(i));
    s3.hit("used-" + std::to_string(i));
  }
  for (int i = 0; i < 2000; ++i) {
    s3.insert("scan-" + std::to_string(i));
    if (s3.size() > 100) s3.evict();
  }
  for (int i = 0; i < kUsed; ++i) CHECK(s3.has("used-" + std::to_string(i)));
}

TEST_CASE("S3-FIFO: the small queue's share is one of all stripes", "[cache][eviction]") {
  EvictionShared shared;
  Ordered here(Eviction::s3_fifo, shared);
  Ordered there(Eviction::s3_fifo, shared);
  // What comes back goes into the main queue.
  const auto fill_main = [](Ordered& stripe, int count, std::size_t size) {
    const auto key = [](int i) { return "back-" + std::to_string(i); };
    for (int i = 0; i < count; ++i) stripe.insert(key(i), size);
    for (int i = 0; i < count; ++i) REQUIRE(stripe.evict() == key(i));
    for (int i = 0; i < count; ++i) stripe.insert(key(i), size);
  };
  fill_main(here, 2, 1000);
  fill_main(there, 16, 10000);
  here.insert("large", 10000); // most of this stripe, and little of the store
  CHECK(here.evict() == "back-0");
  CHECK(here.evict() == "back-1");
  CHECK(here.evict() == "large");
}

TEST_CASE("S3-FIFO: visits in the main queue wear off", "[cache][eviction]") {
  Ordered s3(Eviction::s3_fifo);
  s3.insert("a");
  s3.hit("a");
  s3.hit("a");
  s3.insert("b");
  s3.hit("b");
  s3.hit("b");
  s3.insert("c");
  CHECK(s3.evict() == "c"); // a and b move to the main queue on the way
  s3.hit("a");
  CHECK(s3.evict() == "b");
  CHECK(s3.evict() == "a");
}

TEST_CASE("removal forgets, whatever the queue", "[cache][eviction]") {
  const auto kind = GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
  Ordered ordered(kind);
  for (const char* key : {"a", "b", "c", "d"}) {
    ordered.insert(key);
    ordered.hit(key);
    ordered.hit(key);
  }
  ordered.insert("e");
  CHECK(ordered.evict() == "e");
  ordered.remove("b");
  std::set<std::string> rest;
  while (ordered.size() > 0) rest.insert(ordered.evict());
  CHECK(rest == std::set<std::string>{"a", "c", "d"});
}

TEST_CASE("whatever happens, eviction ends and returns each response once", "[cache][eviction]") {
  const auto kind = GENERATE(Eviction::lru, Eviction::s3_fifo, Eviction::gdsf);
  std::mt19937 random(7);
  Ordered ordered(kind);
  std::vector<std::string> keys;
  for (int i = 0; i < 600; ++i) keys.push_back("k" + std::to_string(i));
  for (int step = 0; step < 20000; ++step) {
    const std::string& key = keys[random() % keys.size()];
    if (!ordered.has(key))
      ordered.insert(key, 1 + random() % 5000);
    else if (random() % 20 == 0)
      ordered.remove(key);
    else
      ordered.hit(key);
    if (ordered.size() > 400) REQUIRE_FALSE(ordered.evict().empty());
  }
  for (const std::string& key : keys) {
    if (!ordered.has(key)) continue;
    for (int i = 0; i < 5; ++i) ordered.hit(key);
  }
  for (std::size_t left = ordered.size(); left > 0; --left) REQUIRE_FALSE(ordered.evict().empty());
  CHECK(ordered.evict().empty());
}
