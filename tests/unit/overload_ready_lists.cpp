#include <selvedge/overload/ready_lists.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <vector>

using namespace selvedge;
using namespace selvedge::overload;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

struct Item final : ReadyItem {
  Item(Lane its_lane, std::uint64_t its_tenant) : lane(its_lane), tenant(its_tenant) {}
  void on_turn() override {}
  Lane lane;
  std::uint64_t tenant;
};

// Everybody always has something to do: who was served waits again at once.
class Busy {
public:
  void add(Lane lane, std::uint64_t tenant, microseconds cost) {
    items_.push_back(std::make_unique<Item>(lane, tenant));
    costs_[items_.back().get()] = cost;
    lists.add(*items_.back(), lane, tenant, now);
  }
  void run(milliseconds time) {
    const base::Steady end = now + time;
    while (now < end) {
      auto* const item = static_cast<Item*>(lists.next(now));
      if (item == nullptr) return;
      now += costs_[item];
      lists.charge(costs_[item]);
      by_lane[item->lane] += costs_[item];
      by_tenant[item->tenant] += costs_[item];
      lists.add(*item, item->lane, item->tenant, now);
    }
  }
  double share(Lane lane) {
    const auto all = std::accumulate(by_lane.begin(), by_lane.end(), microseconds{0},
                                     [](auto sum, const auto& one) { return sum + one.second; });
    return static_cast<double>(by_lane[lane].count()) / static_cast<double>(all.count());
  }

  base::Steady now{std::chrono::hours{1}};
  ReadyLists lists{now};
  std::map<Lane, microseconds> by_lane;
  std::map<std::uint64_t, microseconds> by_tenant;

private:
  std::vector<std::unique_ptr<Item>> items_;
  std::map<ReadyItem*, microseconds> costs_;
};

} // namespace

TEST_CASE("who matters more has the next turn", "[overload][ready]") {
  const base::Steady now{std::chrono::hours{1}};
  ReadyLists lists(now);
  Item free(Lane::free, 1), premium(Lane::premium, 2), control(Lane::control, 3);
  lists.add(free, free.lane, 1, now);
  lists.add(premium, premium.lane, 2, now);
  lists.add(control, control.lane, 3, now);
  CHECK(lists.has_before(Lane::free));
  CHECK_FALSE(lists.has_before(Lane::control));
  CHECK(lists.next(now) == &control);
  CHECK(lists.next(now) == &premium);
  CHECK_FALSE(lists.has_before(Lane::free));
  CHECK(lists.next(now) == &free);
  CHECK(lists.next(now) == nullptr);
}

TEST_CASE("a lane that wants everything leaves the others their shares", "[overload][ready]") {
  Busy busy;
  busy.lists.set_shares({0, 0.5, 0.2, 0.1, 0.05, 0.05, 0.1});
  for (const Lane lane : {Lane::premium, Lane::standard, Lane::free, Lane::background}) {
    for (std::uint64_t tenant = 0; tenant < 4; ++tenant) busy.add(lane, tenant, microseconds{50});
  }
  busy.run(milliseconds{2000});
  CHECK(busy.share(Lane::standard) == Approx(0.2).margin(0.02));
  CHECK(busy.share(Lane::free) == Approx(0.1).margin(0.02));
  CHECK(busy.share(Lane::background) == Approx(0.05).margin(0.02));
  CHECK(busy.share(Lane::premium) ==
        Approx(0.65).margin(0.03)); // its own, and what nobody reserved
}

TEST_CASE("what one lane does not want, the next may have", "[overload][ready]") {
  Busy busy;
  for (std::uint64_t tenant = 0; tenant < 4; ++tenant) {
    busy.add(Lane::free, tenant, microseconds{50});
  }
  busy.run(milliseconds{100});
  CHECK(busy.share(Lane::free) == 1.0);
}

TEST_CASE("strangers' handshakes have their share and what is left over", "[overload][ready]") {
  Busy busy;
  busy.lists.set_shares({0, 0.4, 0.2, 0.1, 0.05, 0.05, 0.2});
  for (std::uint64_t tenant = 0; tenant < 8; ++tenant) {
    busy.add(Lane::handshake, tenant, microseconds{500});
    busy.add(Lane::free, tenant, microseconds{20});
  }
  busy.run(milliseconds{2000});
  CHECK(busy.share(Lane::handshake) == Approx(0.2).margin(0.03));
  Busy alone;
  alone.add(Lane::handshake, 1, microseconds{500});
  alone.run(milliseconds{50});
  CHECK(alone.share(Lane::handshake) == 1.0);
}

TEST_CASE("tenants of a lane share it by time, not by connections or requests",
          "[overload][ready]") {
  Busy busy;
  for (int connection = 0; connection < 200; ++connection) {
    busy.add(Lane::free, 1, microseconds{20});
  }
  busy.add(Lane::free, 2, microseconds{20});
  busy.add(Lane::free, 3, microseconds{100}); // asks for what costs more
  busy.run(milliseconds{1000});
  std::vector<double> used;
  for (const auto& [tenant, time] : busy.by_tenant)
    used.push_back(static_cast<double>(time.count()));
  const double sum = std::accumulate(used.begin(), used.end(), 0.0);
  const double squares = std::inner_product(used.begin(), used.end(), used.begin(), 0.0);
  const double jain = sum * sum / (static_cast<double>(used.size()) * squares);
  CHECK(jain > 0.98); // Jain's index of fairness
}

TEST_CASE("who leaves is not called, and may come back elsewhere", "[overload][ready]") {
  const base::Steady now{std::chrono::hours{1}};
  ReadyLists lists(now);
  Item one(Lane::free, 1);
  {
    Item gone(Lane::free, 1);
    lists.add(gone, Lane::free, 1, now);
    lists.add(one, Lane::free, 1, now);
    CHECK(lists.size(Lane::free) == 2);
  }
  CHECK(lists.size() == 1);
  one.leave();
  one.leave();
  CHECK(lists.is_empty());
  CHECK(lists.next(now) == nullptr);
  lists.add(one, Lane::premium, 1, now);
  CHECK(lists.wait_of_next(Lane::premium, now + milliseconds{7}) == milliseconds{7});
  CHECK(lists.wait_of_next(Lane::free, now + milliseconds{7}) == milliseconds{0});
  CHECK(lists.next(now + milliseconds{7}) == &one);
  CHECK(lists.waited() == milliseconds{7});
  CHECK(lists.lane() == Lane::premium);
  CHECK(lists.counters(Lane::premium).turns.value() == 1);
  CHECK(lists.counters(Lane::premium).delay_ns.value() == 7'000'000);
}
