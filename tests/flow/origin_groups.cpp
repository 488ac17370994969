// Which of several servers is asked: health checks, ejection, panic, draining, and who is slow.
#include "tests/support/origin_flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::OriginFlow;
using test::ScriptedServer;
using upstream::Balance;
using upstream::EjectionReason;
using Protocol = ScriptedServer::Protocol;
using namespace std::chrono_literals;

namespace {

const test::Fields kNoStore{{"cache-control", "no-store"}};

bool is_check(const ScriptedServer::Request& request) {
  return request.head.find("/healthz") != std::string::npos;
}

void answer_with(ScriptedServer& server, int status) {
  server.on_request = [status](ScriptedServer::Request& request) {
    request.answer(status, kNoStore, "content");
  };
}

// Requests other than checks.
std::size_t fetches_of(ScriptedServer& server) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < server.requests(); ++i) count += !is_check(server.request(i));
  return count;
}

// Asks for `count` things, one after the other. A server takes its time, by the test's clock.
void fetch_timed(OriginFlow& node, int count, const std::vector<std::chrono::milliseconds>& times) {
  static int made = 0; // names, so that each is asked for once
  for (int i = 0; i < count; ++i) {
    std::vector<std::size_t> before;
    for (std::size_t s = 0; s < times.size(); ++s) before.push_back(node.server(s).requests());
    Client client = node.get("/t" + std::to_string(++made));
    for (std::size_t s = 0; s < times.size(); ++s) {
      if (node.server(s).requests() == before[s]) continue;
      node.advance(times[s]);
      node.server(s).next().answer(200, kNoStore, "x");
    }
    REQUIRE(node.answer(client).status == 200);
  }
}

// One that is checked every second, give or take a tenth.
struct Checked {
  explicit Checked(Protocol protocol)
      : node(protocol, 2, [](upstream::OriginOptions& options) {
          options.health.path = "/healthz";
          options.health.interval = 1s;
          options.health.timeout = 500ms;
          options.health.unhealthy_after = 2;
          options.health.healthy_after = 2;
        }) {
    for (std::size_t i = 0; i < 2; ++i) {
      node.server(i).on_request = [this, i](ScriptedServer::Request& request) {
        if (i == 0 && is_check(request)) ++checks;
        if (i == 0 && is_check(request) && status == 0) return; // no answer
        request.answer(i == 0 && is_check(request) ? status : 200, kNoStore, "content");
      };
    }
    node.advance(200ms); // the first check comes soon
    REQUIRE(node.until([this] { return node.state(0).checks == 1 && node.state(1).checks == 1; }));
  }
  // Until both servers have been checked so many times more.
  void check(int times) {
    for (; times > 0; --times) {
      const std::uint64_t first = node.state(0).checks + 1;
      const std::uint64_t second = node.state(1).checks + 1;
      node.advance(1200ms);
      REQUIRE(node.until([&] {
        const bool is_done = status == 0 ? is_asked() : node.state(0).checks == first;
        return is_done && node.state(1).checks == second;
      }));
      if (status == 0) node.advance(600ms);
      REQUIRE(node.until([&] { return node.state(0).checks == first; }));
    }
  }
  bool is_asked() {
    const std::size_t count = node.server(0).requests();
    return count > 0 && !node.server(0).request(count - 1).is_answered;
  }
  OriginFlow node;
  int status = 200; // of the first server's checks; 0: none
  std::uint64_t checks = 0;
};

} // namespace

TEST_CASE("a server that fails its checks is not asked until it passes them again", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  Checked checked(protocol);
  OriginFlow& node = checked.node;
  CHECK(node.state(0).is_healthy);
  SECTION("503") {
    checked.status = 503;
  }
  SECTION("no answer in time") {
    checked.status = 0;
  }
  checked.check(1);
  CHECK(node.state(0).is_healthy); // once may be chance
  checked.check(1);
  CHECK_FALSE(node.state(0).is_healthy);
  CHECK(node.state(1).is_healthy);
  CHECK(node.state(0).checks == checked.checks);
  CHECK(node.state(0).failed_checks == 2);
  CHECK(node.counters().requests.value() == 0); // checks are not fetches
  for (int i = 0; i < 10; ++i) CHECK(node.fetch("/" + std::to_string(i)).status == 200);
  CHECK(fetches_of(node.server(0)) == 0);

  checked.status = 200;
  checked.check(1);
  CHECK_FALSE(node.state(0).is_healthy);
  checked.check(1);
  CHECK(node.state(0).is_healthy);
  for (int i = 10; i < 20; ++i) CHECK(node.fetch("/" + std::to_string(i)).status == 200);
  CHECK(fetches_of(node.server(0)) == 5);
}

TEST_CASE("when no server is well all of them are asked", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2);
  for (std::size_t i = 0; i < 2; ++i) {
    answer_with(node.server(i), 200);
    node.state(i).is_healthy = false;
  }
  for (int i = 0; i < 10; ++i) CHECK(node.fetch("/" + std::to_string(i)).status == 200);
  CHECK(node.counters().panics.value() == 10);
  CHECK(node.server(0).requests() == 5);
}

TEST_CASE("a server that fails in a row is left out for a while, and nobody notices", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, [](auto& options) {
    options.retry.tries = 2;
    options.ejection.consecutive_errors = 3;
  });
  answer_with(node.server(0), 500 + GENERATE(2, 3, 4));
  answer_with(node.server(1), 200);
  for (int i = 0; i < 20; ++i) CHECK(node.fetch("/a" + std::to_string(i)).status == 200);
  CHECK(node.server(0).requests() == 3);
  CHECK(node.state(0).ejection_reason == EjectionReason::consecutive_errors);
  CHECK(node.state(0).total_ejections == 1);
  CHECK(node.counters().retries.value() == 3);
  CHECK(node.counters().errors.value() == 0);

  answer_with(node.server(0), 200);
  node.advance(9s);
  CHECK(node.fetch("/b").status == 200);
  CHECK(node.server(0).requests() == 3);
  node.advance(1100ms);
  for (int i = 0; i < 10; ++i) CHECK(node.fetch("/c" + std::to_string(i)).status == 200);
  CHECK(node.server(0).requests() >= 7);
}

TEST_CASE("the last one is never left out", "[origin]") {
  OriginFlow node(Protocol::http_1, 2, [](auto& options) {
    options.ejection.consecutive_errors = 3;
    options.breaker.failure_share = 0;
  });
  answer_with(node.server(0), 502);
  answer_with(node.server(1), 502);
  for (int i = 0; i < 20; ++i) CHECK(node.fetch("/" + std::to_string(i)).status == 502);
  CHECK(node.state(0).total_ejections + node.state(1).total_ejections == 1);
  CHECK(node.asked() == 20);
}

TEST_CASE("a server ten times slower than the others is left out", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 3);
  fetch_timed(node, 75, {10ms, 10ms, 100ms});
  CHECK(node.server(2).requests() == 25);
  CHECK(node.state(2).ejection_reason == EjectionReason::none);
  node.advance(5s);
  CHECK(node.state(2).ejection_reason == EjectionReason::latency);
  CHECK(node.state(2).is_ejected(node.flow().worker().now().steady));
  CHECK(node.state(0).total_ejections + node.state(1).total_ejections == 0);
  fetch_timed(node, 20, {10ms, 10ms, 100ms});
  CHECK(node.server(2).requests() == 25);
}

TEST_CASE("a server that is slow is asked less", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  const Balance balance = GENERATE(Balance::least_requests, Balance::ewma);
  OriginFlow node(protocol, 2, [balance](auto& options) { options.balance = balance; });
  if (balance == Balance::ewma) {
    fetch_timed(node, 40, {10ms, 100ms});
    CHECK(node.server(1).requests() <= 10);
  } else { // the first does not answer at all, meanwhile
    answer_with(node.server(1), 200);
    std::vector<Client> clients;
    for (int i = 0; i < 40; ++i) {
      const std::size_t before = node.server(0).requests();
      clients.push_back(node.begin("/" + std::to_string(i)));
      REQUIRE(node.until(
          [&] { return clients.back().has_answer() || node.server(0).requests() > before; }));
    }
    CHECK(node.server(0).requests() >= 1);
    CHECK(node.server(0).requests() <= 2);
  }
}

TEST_CASE("a server that is drained finishes what it began, and gets nothing new", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  upstream::OriginOptions options;
  proxy::ReleaseBoards boards;
  proxy::RouteCounterMap counters;
  OriginFlow node(protocol, 2, [&](upstream::OriginOptions& made) {
    made.balance = Balance::round_robin;
    options = made;
  });
  Client first = node.get("/1");
  const std::size_t drained = node.server(0).requests() == 1 ? 0 : 1;
  ScriptedServer::Request& request = node.server(drained).next();
  request.begin(200, {{"cache-control", "max-age=60"}}, 10);
  request.piece("01234");
  REQUIRE(node.until([&] { return first.wire().from_node.ends_with("01234"); }));

  // As a reload does it.
  options.servers[drained].weight = 0;
  auto& worker = node.flow().worker();
  const auto state = std::make_shared<upstream::OriginState>(
      options, worker.now().steady, node.flow().http_origin().state().get());
  const auto origin = upstream::make_origin(options, worker, state);
  proxy::RouteOptions route;
  route.name = "all";
  route.origin = "origin";
  proxy::Routing::Origins origins;
  origins.by_name.emplace("origin", origin);
  node.flow().proxy().set_routing(
      std::make_shared<proxy::Routing>(std::vector<proxy::SiteOptions>{{"site", {"*"}, {route}}},
                                       std::move(origins), 1 << 20, counters, boards));
  answer_with(node.server(1 - drained), 200);
  for (int i = 0; i < 10; ++i) CHECK(node.fetch("/n" + std::to_string(i)).status == 200);
  CHECK(node.server(drained).requests() == 1);
  CHECK(state->servers[drained]->inflight == 1); // it is known under both

  request.piece("56789");
  request.end();
  CHECK(node.answer(first).content == "0123456789");
  CHECK(node.until([&] { return state->servers[drained]->inflight == 0; }));
  CHECK(node.fetch("/1").content == "0123456789"); // and it is stored
  CHECK(node.server(drained).requests() == 1);
}
