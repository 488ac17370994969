#include <src/upstream/load_balancer.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

using namespace selvedge::upstream;

namespace {

constexpr std::size_t kChoices = 10000;

std::vector<std::string> addresses(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back("10.0.0." + std::to_string(i) + ":80");
  return all;
}

std::vector<Candidate> group(std::initializer_list<double> weights) {
  std::vector<Candidate> servers;
  for (const double weight : weights) servers.push_back({.weight = weight});
  return servers;
}

// Not well, and so not usable.
void fail(Candidate& server) {
  server.is_well = false;
  server.is_usable = false;
}

// A balancer whose choices are asked one after the other, each of another key.
class Asking {
public:
  explicit Asking(Balance balance, std::vector<Candidate> group, std::uint64_t seed = 1)
      : servers(std::move(group)), balancer(balance, 1.25, addresses(servers.size()), seed) {}

  std::optional<std::size_t> try_next(std::vector<std::size_t> tried = {}) {
    return balancer.choose(servers, stable_hash(std::to_string(++key_)), tried);
  }
  std::size_t next() {
    const auto chosen = try_next();
    REQUIRE(chosen.has_value());
    return *chosen;
  }
  std::vector<double> shares_of(std::size_t choices) {
    std::vector<double> shares(servers.size());
    for (std::size_t i = 0; i < choices; ++i) shares[next()] += 1 / static_cast<double>(choices);
    return shares;
  }
  // As many fetches are under way as `load` says; each ends when it is the oldest but for chance.
  std::vector<double> shares_under_load(std::size_t choices, std::size_t load) {
    std::mt19937 random(3);
    std::vector<double> shares(servers.size());
    std::deque<std::size_t> under_way;
    for (std::size_t i = 0; i < choices; ++i) {
      const std::size_t chosen = next();
      shares[chosen] += 1 / static_cast<double>(choices);
      ++servers[chosen].in_flight;
      under_way.push_back(chosen);
      if (under_way.size() <= load) continue;
      const auto ends =
          under_way.begin() + static_cast<std::ptrdiff_t>(random() % under_way.size());
      --servers[*ends].in_flight;
      under_way.erase(ends);
    }
    return shares;
  }

  std::vector<Candidate> servers;
  LoadBalancer balancer;

private:
  std::uint64_t key_ = 0;
};

const auto kAllBalances = {Balance::round_robin, Balance::least_requests, Balance::ewma,
                           Balance::hash};

} // namespace

TEST_CASE("every balance shares by weight in a quiet group", "[upstream][balance]") {
  const Balance balance = GENERATE(values(kAllBalances));
  CAPTURE(static_cast<int>(balance));
  Asking asking(balance, group({1, 2, 5, 0, 2}));
  const auto shares = asking.shares_of(kChoices);
  const double expected[] = {0.1, 0.2, 0.5, 0, 0.2};
  for (std::size_t i = 0; i < shares.size(); ++i) {
    CAPTURE(i);
    if (balance == Balance::least_requests || balance == Balance::ewma) {
      // Two different ones are compared, and of equal cost the first drawn is taken.
      CHECK(shares[i] == Approx(expected[i]).margin(0.02));
    } else {
      CHECK(shares[i] == Approx(expected[i]).margin(balance == Balance::hash ? 0.02 : 0.001));
    }
  }
}

TEST_CASE("the two of random choice share by weight under load", "[upstream][balance]") {
  const Balance balance = GENERATE(Balance::least_requests, Balance::ewma);
  const std::size_t load = GENERATE(1u, 4u, 50u);
  CAPTURE(static_cast<int>(balance), load);
  Asking asking(balance, group({1, 3, 1, 5}));
  const auto shares = asking.shares_under_load(kChoices, load);
  const double expected[] = {0.1, 0.3, 0.1, 0.5};
  for (std::size_t i = 0; i < shares.size(); ++i) {
    CAPTURE(i);
    CHECK(shares[i] == Approx(expected[i]).margin(0.06));
  }
}

TEST_CASE("round robin is smooth", "[upstream][balance]") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Asking equal(Balance::round_robin, group({1, 1, 1}), seed);
  std::vector<std::size_t> turns;
  for (int i = 0; i < 300; ++i) turns.push_back(equal.next());
  for (std::size_t i = 3; i < turns.size(); ++i) REQUIRE(turns[i] == turns[i - 3]);
  CHECK(std::count(turns.begin(), turns.end(), 0u) == 100);
  CHECK(std::count(turns.begin(), turns.end(), 1u) == 100);

  Asking weighted(Balance::round_robin, group({5, 1, 1}), seed);
  std::vector<double> count(3);
  for (int i = 1; i <= 700; ++i) {
    count[weighted.next()] += 1;
    // Never further from what is due than one fetch or so.
    REQUIRE(std::abs(count[0] - i * 5 / 7.0) < 1.5);
    REQUIRE(std::abs(count[1] - i / 7.0) < 1.5);
  }
}

TEST_CASE("workers of different seeds begin at different servers", "[upstream][balance]") {
  std::vector<std::size_t> firsts;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    firsts.push_back(Asking(Balance::round_robin, group({1, 1, 1}), seed).next());
  for (std::size_t server = 0; server < 3; ++server)
    CHECK(std::count(firsts.begin(), firsts.end(), server) >= 2);
}

TEST_CASE("round robin forgets the turns of another time", "[upstream][balance]") {
  Asking asking(Balance::round_robin, group({1000, 1, 1}));
  asking.shares_of(1500); // one of the small ones has had its turn, and owes a thousand
  fail(asking.servers[0]);
  std::size_t in_a_row = 0;
  std::size_t longest = 0;
  std::optional<std::size_t> last;
  for (int i = 0; i < 100; ++i) {
    const std::size_t chosen = asking.next();
    in_a_row = chosen == last ? in_a_row + 1 : 1;
    longest = std::max(longest, in_a_row);
    last = chosen;
  }
  CHECK(longest <= 3);
}

TEST_CASE("of two the one with fewer requests under way is asked", "[upstream][balance]") {
  Asking asking(Balance::least_requests, group({1, 1}));
  asking.servers[0].in_flight = 5;
  asking.servers[1].in_flight = 4;
  for (int i = 0; i < 100; ++i) REQUIRE(asking.next() == 1u);
  asking.servers[0].weight = 2; // 6 / 2 is less than 5 / 1
  for (int i = 0; i < 100; ++i) REQUIRE(asking.next() == 0u);
}

TEST_CASE("a server that stalls is soon asked no more", "[upstream][balance]") {
  const Balance balance = GENERATE(Balance::least_requests, Balance::ewma);
  Asking asking(balance, group({1, 1, 1}));
  // The others answer at once.
  for (int i = 0; i < 1000; ++i) {
    if (asking.next() == 1u) ++asking.servers[1].in_flight;
  }
  CHECK(asking.servers[1].in_flight == 1);
}

TEST_CASE("the server expected to answer sooner is asked", "[upstream][balance]") {
  Asking asking(Balance::ewma, group({1, 1}));
  asking.servers[0].latency_s = 0.010;
  asking.servers[1].latency_s = 0.035;
  asking.servers[0].in_flight = 2; // 3 x 10 ms against 35 ms
  for (int i = 0; i < 100; ++i) REQUIRE(asking.next() == 0u);
  asking.servers[0].in_flight = 3; // 40 ms
  for (int i = 0; i < 100; ++i) REQUIRE(asking.next() == 1u);

  // Unknown is the mean of what is known: 20 ms here.
  Asking unknown(Balance::ewma, group({1, 1, 1}));
  unknown.servers[0].latency_s = 0.010;
  unknown.servers[1].latency_s = 0.030;
  const auto shares = unknown.shares_of(kChoices);
  CHECK(shares[0] == Approx(2.0 / 3).margin(0.02));
  CHECK(shares[1] == 0);
  CHECK(shares[2] == Approx(1.0 / 3).margin(0.02));
}

TEST_CASE("a key keeps its server, whatever the worker", "[upstream][balance]") {
  const auto servers = group({1, 1, 1, 1});
  LoadBalancer one(Balance::hash, 1.25, addresses(4), 1);
  LoadBalancer other(Balance::hash, 1.25, addresses(4), 2);
  for (std::uint64_t key = 0; key < 1000; ++key) {
    const auto chosen = one.choose(servers, key, {});
    REQUIRE(chosen == other.choose(servers, key, {}));
    const std::vector<std::size_t> tried = {*chosen};
    REQUIRE(one.choose(servers, key, tried) == other.choose(servers, key, tried));
    REQUIRE(one.choose(servers, key, tried) != chosen);
  }
}

TEST_CASE("whom a level cannot serve goes on to the next", "[upstream][balance]") {
  const Balance balance = GENERATE(values(kAllBalances));
  CAPTURE(static_cast<int>(balance));
  // Of five in the first level so many fail; the share that the first level then carries.
  const auto [failing, carried] = GENERATE(
      table<std::size_t, double>({{0, 1}, {2, 1}, {3, 0.4 * 1.4}, {4, 0.2 * 1.4}, {5, 0}}));
  CAPTURE(failing, carried);
  auto servers = group({1, 1, 1, 1, 1, 1, 1});
  servers[5].priority = servers[6].priority = 3;
  for (std::size_t i = 0; i < failing; ++i) fail(servers[i]);
  Asking asking(balance, servers);
  const auto shares = asking.shares_of(kChoices);
  CHECK(shares[5] + shares[6] == Approx(1 - carried).margin(0.02));
  for (std::size_t i = 0; i < failing; ++i) CHECK(shares[i] == 0);
  CHECK_FALSE(asking.balancer.panics());
}

TEST_CASE("levels that cannot carry the whole share it in proportion", "[upstream][balance]") {
  auto servers = group({1, 3, 1, 9, 1, 9});
  servers[2].priority = servers[3].priority = 1;
  servers[4].priority = servers[5].priority = 2;
  for (const std::size_t i : {1u, 3u, 5u}) fail(servers[i]); // well are 0.25, 0.1 and 0.1
  Asking asking(Balance::least_requests, servers);
  const auto shares = asking.shares_of(kChoices);
  CHECK(shares[0] == Approx(25.0 / 45).margin(0.02));
  CHECK(shares[2] == Approx(10.0 / 45).margin(0.02));
  CHECK(shares[4] == Approx(10.0 / 45).margin(0.02));
}

TEST_CASE("a level without room or without untried servers goes on too", "[upstream][balance]") {
  auto servers = group({1, 1, 1});
  servers[1].priority = 1;
  servers[2].priority = 2;
  Asking asking(Balance::round_robin, servers);
  CHECK(asking.try_next() == 0u);
  CHECK(asking.try_next({0}) == 1u);
  CHECK(asking.try_next({1, 0}) == 2u);
  CHECK(asking.try_next({2, 1, 0}) == std::nullopt);
  asking.servers[0].is_usable = false; // well, but full
  CHECK(asking.try_next() == 1u);
  asking.servers[1].is_usable = asking.servers[2].is_usable = false;
  CHECK(asking.try_next() == std::nullopt);
  CHECK_FALSE(asking.balancer.panics());
}

TEST_CASE("when nobody is well all are asked", "[upstream][balance]") {
  const Balance balance = GENERATE(values(kAllBalances));
  CAPTURE(static_cast<int>(balance));
  auto servers = group({0, 1, 1, 1, 1});
  servers[0].priority = 0; // draining: its level is none
  for (std::size_t i = 1; i < 4; ++i) servers[i].priority = 2;
  servers[4].priority = 5;
  for (Candidate& server : servers) fail(server);
  servers[0].is_well = true;
  Asking asking(balance, servers);
  const auto shares = asking.shares_of(3000);
  CHECK(asking.balancer.panics());
  CHECK(asking.balancer.panic_choices().value() == 3000);
  CHECK(shares[0] == 0);
  for (std::size_t i = 1; i < 4; ++i) CHECK(shares[i] == Approx(1.0 / 3).margin(0.04));
  CHECK(shares[4] == 0);
  CHECK(asking.try_next({1, 2, 3}) == 4u);
  CHECK(asking.try_next({1, 2, 3, 4}) == std::nullopt);

  asking.servers[4].is_well = asking.servers[4].is_usable = true;
  CHECK(asking.next() == 4u);
  CHECK_FALSE(asking.balancer.panics());
  CHECK(asking.balancer.panic_choices().value() == 3001);
}

TEST_CASE("there may be nobody to ask", "[upstream][balance]") {
  const Balance balance = GENERATE(values(kAllBalances));
  Asking none(balance, {});
  CHECK(none.try_next() == std::nullopt);
  CHECK_FALSE(none.balancer.panics());
  Asking draining(balance, group({0, 0}));
  CHECK(draining.try_next() == std::nullopt);
  Asking alone(balance, group({0.1}));
  CHECK(alone.try_next() == 0u);
  CHECK(alone.try_next({0}) == std::nullopt);
}

TEST_CASE("random groups: only who may be asked is chosen", "[upstream][balance]") {
  std::mt19937 engine(11);
  const auto random = [&engine] { return static_cast<std::uint32_t>(engine()); };
  for (int round = 0; round < 3000; ++round) {
    const Balance balance = kAllBalances.begin()[random() % kAllBalances.size()];
    std::vector<Candidate> servers(random() % 8 + 1);
    for (Candidate& server : servers) {
      server.weight = random() % 4;
      server.priority = random() % 3;
      server.is_well = random() % 3 != 0;
      server.is_usable = server.is_well && random() % 3 != 0;
      server.in_flight = random() % 10;
      server.latency_s = random() % 3 / 10.0;
    }
    std::vector<std::size_t> tried;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      if (random() % 4 == 0) tried.push_back(i);
    }
    const auto is_tried = [&](std::size_t i) {
      return std::find(tried.begin(), tried.end(), i) != tried.end();
    };
    const bool is_any_well = std::any_of(servers.begin(), servers.end(), [](const Candidate& one) {
      return one.weight > 0 && one.is_well;
    });
    std::vector<std::size_t> may_be_asked;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      if (servers[i].weight > 0 && !is_tried(i) && (servers[i].is_usable || !is_any_well))
        may_be_asked.push_back(i);
    }
    Asking asking(balance, servers, random());
    for (int i = 0; i < 5; ++i) {
      const auto chosen = asking.try_next(tried);
      REQUIRE(chosen.has_value() == !may_be_asked.empty());
      if (!chosen) continue;
      REQUIRE(std::count(may_be_asked.begin(), may_be_asked.end(), *chosen) == 1);
    }
  }
}
