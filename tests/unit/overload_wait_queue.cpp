#include <selvedge/overload/wait_queue.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <utility>
#include <vector>

using namespace selvedge::overload;

namespace {

class TestWaiter final : public Waiter {
public:
  void on_refused() override {
    ++refusals;
    // It may destroy this waiter, and itself with it.
    const auto call = std::move(then);
    if (call) call();
  }
  int refusals = 0;
  std::function<void()> then;
};

} // namespace

TEST_CASE("waiters are taken by importance, then by arrival", "[overload][queue]") {
  WaitQueue queue(10);
  TestWaiter background;
  TestWaiter first;
  TestWaiter second;
  TestWaiter premium;
  REQUIRE(queue.add(background, Importance::background));
  REQUIRE(queue.add(first, Importance::standard));
  REQUIRE(queue.add(second, Importance::standard));
  REQUIRE(queue.add(premium, Importance::premium));
  CHECK(queue.size() == 4);
  CHECK(queue.size(Importance::standard) == 2);
  CHECK(queue.front() == &premium);
  for (Waiter* expected : {&premium, &first, &second, &background}) {
    CHECK(queue.take() == expected);
    CHECK_FALSE(expected->is_waiting());
  }
  CHECK(queue.take() == nullptr);
  CHECK(queue.front() == nullptr);
}

TEST_CASE("in a full queue the youngest of the least important gives way", "[overload][queue]") {
  WaitQueue queue(3);
  TestWaiter standard;
  TestWaiter older;
  TestWaiter younger;
  REQUIRE(queue.add(standard, Importance::standard));
  REQUIRE(queue.add(older, Importance::free));
  REQUIRE(queue.add(younger, Importance::free));
  TestWaiter newcomer;
  SECTION("to one that matters more") {
    CHECK(queue.add(newcomer, Importance::premium));
    CHECK(younger.refusals == 1);
    CHECK_FALSE(younger.is_waiting());
    CHECK(older.is_waiting());
    CHECK(queue.size() == 3);
    CHECK(queue.take() == &newcomer);
  }
  SECTION("not to its like") {
    CHECK_FALSE(queue.add(newcomer, Importance::free));
    CHECK(younger.is_waiting());
    CHECK(younger.refusals == 0);
    CHECK(queue.size() == 3);
  }
  SECTION("not to one that matters less") {
    CHECK_FALSE(queue.add(newcomer, Importance::background));
    CHECK_FALSE(newcomer.is_waiting());
    CHECK(newcomer.refusals == 0);
  }
}

TEST_CASE("a queue without places takes nobody", "[overload][queue]") {
  WaitQueue queue(0);
  TestWaiter waiter;
  CHECK_FALSE(queue.add(waiter, Importance::premium));
  CHECK_FALSE(waiter.is_waiting());
}

TEST_CASE("a waiter that goes away is not in the queue any more", "[overload][queue]") {
  WaitQueue queue(2);
  TestWaiter stays;
  auto goes = std::make_unique<TestWaiter>();
  REQUIRE(queue.add(*goes, Importance::premium));
  REQUIRE(queue.add(stays, Importance::free));
  SECTION("destroyed") {
    goes.reset();
  }
  SECTION("left, twice") {
    goes->leave();
    goes->leave();
    CHECK_FALSE(goes->is_waiting());
  }
  CHECK(queue.size() == 1);
  CHECK(queue.take() == &stays);
}

TEST_CASE("a refused waiter may be destroyed, and another be added, at once", "[overload][queue]") {
  WaitQueue queue(1);
  auto refused = std::make_unique<TestWaiter>();
  TestWaiter second_try;
  TestWaiter premium;
  bool was_added_again = true;
  refused->then = [&] {
    was_added_again = queue.add(second_try, Importance::free);
    refused.reset();
  };
  REQUIRE(queue.add(*refused, Importance::free));
  REQUIRE(queue.add(premium, Importance::premium));
  CHECK(refused == nullptr);
  CHECK_FALSE(was_added_again);
  CHECK(queue.front() == &premium);
}

TEST_CASE("a queue may go before those who wait in it", "[overload][queue]") {
  TestWaiter waiter;
  {
    WaitQueue queue(1);
    REQUIRE(queue.add(waiter, Importance::standard));
  }
  CHECK_FALSE(waiter.is_waiting());
  CHECK(waiter.refusals == 0);
}

namespace {

// The queue as a sorted list of its waiters.
class Model {
public:
  explicit Model(std::size_t capacity) : capacity_(capacity) {}

  struct Added {
    bool is_in = false;
    TestWaiter* refused = nullptr;
  };
  Added add(TestWaiter* waiter, Importance importance) {
    Added added;
    if (entries_.size() == capacity_) {
      if (entries_.back().importance <= importance) return added;
      added.refused = entries_.back().waiter;
      entries_.pop_back();
    }
    const auto after = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.importance > importance;
    });
    entries_.insert(after, {importance, waiter});
    added.is_in = true;
    return added;
  }
  TestWaiter* take() {
    if (entries_.empty()) return nullptr;
    TestWaiter* first = entries_.front().waiter;
    entries_.erase(entries_.begin());
    return first;
  }
  void leave(TestWaiter* waiter) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.waiter == waiter; });
  }
  std::size_t size() const { return entries_.size(); }

private:
  struct Entry {
    Importance importance;
    TestWaiter* waiter;
  };
  std::size_t capacity_;
  std::vector<Entry> entries_; // the next to be taken in front
};

} // namespace

TEST_CASE("a wait queue does what a sorted list would", "[overload][queue][property]") {
  std::mt19937_64 random(GENERATE(1U, 2U, 3U, 4U));
  const std::size_t capacity = 1 + random() % 12;
  std::vector<std::unique_ptr<TestWaiter>> waiters(30);
  for (auto& waiter : waiters) waiter = std::make_unique<TestWaiter>();
  WaitQueue queue(capacity);
  Model model(capacity);
  for (int i = 0; i < 20000; ++i) {
    auto& waiter = waiters[random() % waiters.size()];
    switch (random() % 4) {
    case 0:
    case 1: {
      if (waiter->is_waiting()) break;
      const auto importance = static_cast<Importance>(random() % kImportances);
      const Model::Added expected = model.add(waiter.get(), importance);
      const int before = expected.refused == nullptr ? 0 : expected.refused->refusals;
      REQUIRE(queue.add(*waiter, importance) == expected.is_in);
      REQUIRE(waiter->is_waiting() == expected.is_in);
      if (expected.refused == nullptr) break;
      REQUIRE(expected.refused->refusals == before + 1);
      REQUIRE_FALSE(expected.refused->is_waiting());
      break;
    }
    case 2:
      REQUIRE(queue.take() == model.take());
      break;
    case 3:
      model.leave(waiter.get());
      waiter = std::make_unique<TestWaiter>();
      break;
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.size() <= capacity);
  }
}
