// What is asked again, where, and how often: retries and their budget, the circuit breaker, second
// questions.
#include "tests/support/origin_flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::OriginFlow;
using test::ScriptedServer;
using Protocol = ScriptedServer::Protocol;
using namespace std::chrono_literals;

namespace {

const test::Fields kNoStore{{"cache-control", "no-store"}};

// Every server answers all that it is asked.
void answer_all(OriginFlow& node, std::size_t servers, int status) {
  for (std::size_t i = 0; i < servers; ++i) {
    node.server(i).on_request = [status](ScriptedServer::Request& request) {
      request.answer(status, kNoStore, "content");
    };
  }
}

// Of two servers, the one that was asked first and the other one.
struct Pair {
  ScriptedServer& first;
  ScriptedServer& second;
};
Pair pair_of(OriginFlow& node) {
  const bool is_first = node.server(0).requests() > node.server(1).requests();
  return {node.server(is_first ? 0 : 1), node.server(is_first ? 1 : 0)};
}

void post(Client& client, const std::string& target) {
  client.request("POST", target, {{"Content-Length", "0"}});
}

} // namespace

TEST_CASE("a GET that fails is tried at another server, at once", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, [](auto& options) { options.retry.tries = 2; });
  Client client = node.get("/a");
  auto [first, second] = pair_of(node);
  SECTION("503") {
    first.next().answer(503, {}, "busy");
  }
  SECTION("reset") {
    first.next().reset_connection();
  }
  SECTION("half a head") {
    first.next().raw("HTTP");
    first.request(0).finish_connection();
  }
  SECTION("no answer in time") {
    node.advance(30100ms);
  }
  REQUIRE(node.until([&other = second] { return other.requests() == 1; }));
  second.next().answer(200, {{"cache-control", "max-age=60"}}, "fine");
  const Answer answer = node.answer(client);
  CHECK(answer.status == 200);
  CHECK(answer.content == "fine");
  CHECK(answer.fields.at("cache-status") == "selvedge; fwd=uri-miss; fwd-status=200; stored");
  CHECK(node.counters().requests.value() == 1);
  CHECK(node.counters().retries.value() == 1);
  CHECK(node.counters().errors.value() == 0);
  CHECK(node.asked() == 2);
  CHECK(node.state(0).failures + node.state(1).failures == 1);
  CHECK(node.counters().inflight.value() == 0);
}

TEST_CASE("a server that is down is not missed by anybody", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, [](auto& options) { options.retry.tries = 2; });
  answer_all(node, 2, 200);
  node.server(0).stop();
  for (int i = 0; i < 8; ++i) CHECK(node.fetch("/" + std::to_string(i)).status == 200);
  CHECK(node.counters().retries.value() >= 3);
  SECTION("a POST as well: nothing of it was sent") {
    for (int i = 0; i < 2; ++i) {
      Client client = node.flow().connect();
      post(client, "/form");
      CHECK(node.answer(client).status == 200);
    }
    CHECK(node.server(1).requests() == 10);
  }
  SECTION("when all are down, the client is told") {
    node.server(1).stop();
    const Answer answer = node.fetch("/x");
    CHECK(answer.status == 502);
    CHECK(answer.fields.at("proxy-status") == "selvedge; error=connection_refused");
  }
}

TEST_CASE("a POST that was sent is never repeated", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  const bool has_content = GENERATE(false, true);
  OriginFlow node(protocol, 2, [](auto& options) { options.retry.tries = 3; });
  Client client = node.flow().connect();
  const std::string head = "POST /form HTTP/1.1\r\nHost: node.test\r\n";
  client.send(head + (has_content ? "Content-Length: 3\r\n\r\nabc" : "Content-Length: 0\r\n\r\n"));
  REQUIRE(node.until([&] { return node.asked() == 1; }));
  ScriptedServer& first = pair_of(node).first;
  CHECK(first.next().content == (has_content ? "abc" : ""));
  int status = 502;
  SECTION("reset") {
    first.next().reset_connection();
  }
  SECTION("503") {
    first.next().answer(503, {}, "busy");
    status = 503;
  }
  SECTION("late") {
    node.advance(30100ms);
    status = 504;
  }
  CHECK(node.answer(client).status == status);
  CHECK(node.asked() == 1);
  CHECK(node.counters().retries.value() == 0);
}

TEST_CASE("a kept connection that the server closed under the request counts for nothing",
          "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol);
  answer_all(node, 1, 200);
  CHECK(node.fetch("/a").status == 200);
  node.server().on_request = nullptr;
  Client client = node.get("/b");
  CHECK(node.server().connections() == 1);
  node.server().next().reset_connection();
  REQUIRE(node.until([&] { return node.server().requests() == 3; }));
  node.server().next().answer(200, {}, "again");
  CHECK(node.answer(client).content == "again");
  CHECK(node.counters().retries.value() == 0);
  CHECK(node.state().failures == 0);
}

TEST_CASE("a dying origin is asked little more than a healthy one", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, [](auto& options) {
    options.retry.tries = 3;
    options.breaker.failure_share = 0;
  });
  answer_all(node, 2, 502);
  for (int i = 0; i < 1000; ++i) REQUIRE(node.fetch("/" + std::to_string(i)).status == 502);
  CHECK(node.asked() > 1000);  // the budget is used
  CHECK(node.asked() <= 1110); // a tenth, and the ten that were saved up
}

TEST_CASE("an origin that mostly fails is left alone, and probed", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol);
  answer_all(node, 1, 502);
  for (int i = 0; i < 20; ++i) CHECK(node.fetch("/" + std::to_string(i)).status == 502);
  CHECK(node.counters().breaker_opened.value() == 1);
  CHECK(node.counters().breaker_is_open.value() == 1);
  node.server().on_request = nullptr;
  const Answer refused = node.fetch("/refused");
  CHECK(refused.status == 503);
  CHECK(refused.fields.at("proxy-status") == "selvedge; error=destination_unavailable");
  CHECK(refused.fields.at("retry-after") == "1");
  CHECK(refused.fields.at("cache-status") == "selvedge; fwd=uri-miss");
  CHECK(node.counters().refused_breaker.value() == 1);
  CHECK(node.asked() == 20);

  node.advance(1100ms);
  Client probe = node.get("/probe");
  CHECK(node.asked() == 21);
  CHECK(node.fetch("/beside").status == 503); // one at a time
  CHECK(node.asked() == 21);
  SECTION("it is well") {
    node.server().next().answer(200, {}, "well");
    CHECK(node.answer(probe).content == "well");
    CHECK(node.counters().breaker_is_open.value() == 0);
    answer_all(node, 1, 200);
    CHECK(node.fetch("/c").status == 200);
    CHECK(node.fetch("/d").status == 200);
  }
  SECTION("it is not: twice the time") {
    node.server().next().answer(502);
    CHECK(node.answer(probe).status == 502);
    CHECK(node.counters().breaker_opened.value() == 2);
    node.advance(1100ms);
    CHECK(node.fetch("/c").status == 503);
    node.advance(1000ms);
    Client next = node.get("/d");
    node.server().next().answer(200, {}, "well");
    CHECK(node.answer(next).content == "well");
    CHECK(node.counters().breaker_is_open.value() == 0);
  }
}

TEST_CASE("an origin that refuses what it is asked is asked less", "[origin]") {
  OriginFlow node(Protocol::http_1, 1, [](auto& options) { options.breaker.failure_share = 0; });
  answer_all(node, 1, 503);
  for (int i = 0; i < 200; ++i) CHECK(node.fetch("/" + std::to_string(i)).status == 503);
  CHECK(node.counters().refused_throttle.value() + node.asked() == 200);
  CHECK(node.asked() < 100);
}

// --- second questions

namespace {

void hedging(upstream::OriginOptions& options) {
  options.hedge.enabled = true;
  options.hedge.min_delay = 1ms;
}

// Until it is known how long fetches of the route take.
void warm_up(OriginFlow& node) {
  answer_all(node, 2, 200);
  for (int i = 0; i < 30; ++i) CHECK(node.fetch("/w" + std::to_string(i)).status == 200);
  for (int i = 0; i < 2; ++i) node.server(static_cast<std::size_t>(i)).on_request = nullptr;
}

std::size_t unanswered(ScriptedServer& server) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < server.requests(); ++i) count += !server.request(i).is_answered;
  return count;
}

} // namespace

TEST_CASE("a server that stalls is helped out by another", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, hedging);
  warm_up(node);
  const std::uint64_t hedges = node.counters().hedges.value(); // of slow moments of this machine
  const std::uint64_t won = node.counters().hedges_won.value();
  const std::size_t asked_first = node.server(0).requests();
  Client client = node.get("/slow");
  const std::size_t first = node.server(0).requests() > asked_first ? 0 : 1;
  ScriptedServer& stalled = node.server(first);
  ScriptedServer& other = node.server(1 - first);
  REQUIRE(node.until([&] { return unanswered(other) == 1; }));
  CHECK(node.counters().hedges.value() == hedges + 1);
  const std::uint64_t failures = node.state(1 - first).failures;
  SECTION("the second wins") {
    other.next().answer(200, kNoStore, "second");
    CHECK(node.answer(client).content == "second");
    CHECK(node.counters().hedges_won.value() == won + 1);
    CHECK(node.until([&] { return stalled.next().is_given_up(); }));
    CHECK(node.state(first).failures == 1); // it was too slow
  }
  SECTION("the first wins all the same") {
    stalled.next().answer(200, kNoStore, "first");
    CHECK(node.answer(client).content == "first");
    CHECK(node.counters().hedges_won.value() == won);
    CHECK(node.until([&] { return other.next().is_given_up(); }));
    CHECK(node.state(first).failures == 0);
  }
  SECTION("the first fails: the second may still do it") {
    stalled.next().answer(502);
    node.flow().settle();
    CHECK_FALSE(client.has_answer());
    other.next().answer(200, kNoStore, "second");
    CHECK(node.answer(client).content == "second");
  }
  SECTION("both fail") {
    stalled.next().answer(502);
    other.next().answer(502);
    CHECK(node.answer(client).status == 502);
  }
  CHECK(node.state(1 - first).failures <= failures + 1);
  CHECK(node.until([&] { return node.counters().inflight.value() == 0; }));
}

TEST_CASE("a second server that is asked in vain has not failed", "[origin]") {
  OriginFlow node(Protocol::http_1, 2, hedging);
  warm_up(node);
  const std::size_t asked_first = node.server(0).requests();
  Client client = node.get("/slow");
  const std::size_t first = node.server(0).requests() > asked_first ? 0 : 1;
  REQUIRE(node.until([&] { return unanswered(node.server(1 - first)) == 1; }));
  const std::uint64_t failures = node.state(1 - first).failures;
  node.server(first).next().answer(200, kNoStore, "first");
  CHECK(node.answer(client).content == "first");
  CHECK(node.state(1 - first).failures == failures);
}

TEST_CASE("second questions have a budget", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, hedging);
  warm_up(node);
  std::vector<Client> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(node.begin("/s" + std::to_string(i)));
  REQUIRE(node.until([&] { return node.counters().hedges.value() >= 10; }));
  answer_all(node, 2, 200);
  for (std::size_t i = 0; i < 2; ++i) {
    while (unanswered(node.server(i)) > 0) node.server(i).next().answer(200, kNoStore, "x");
  }
  for (Client& client : clients) CHECK(node.answer(client).status == 200);
  CHECK(node.counters().hedges.value() <= 11); // a fiftieth of 60, and the ten saved up
}
