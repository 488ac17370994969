// How much is asked at once, who waits and for how long, and what becomes of a fetch that nobody
// wants any more.
#include "tests/support/origin_flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::OriginFlow;
using test::ScriptedServer;
using Protocol = ScriptedServer::Protocol;
using namespace std::chrono_literals;

namespace {

const test::Fields kMinute{{"cache-control", "max-age=60"}};
const test::Fields kNoStore{{"cache-control", "no-store"}};

void one_and_one(upstream::OriginOptions& options) {
  options.limits.in_flight = 1;
  options.limits.adaptive = false;
  options.limits.queue = 1;
}

void check_refused(const Answer& answer) {
  CHECK(answer.status == 503);
  CHECK(answer.fields.at("proxy-status") == "selvedge; error=connection_limit_reached");
  CHECK(answer.fields.at("cache-status") == "selvedge; fwd=uri-miss");
  CHECK(answer.fields.at("retry-after") == "1");
}

} // namespace

TEST_CASE("what finds no room waits, a few of them and not for ever", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 1, one_and_one);
  Client first = node.get("/1");
  Client second = node.begin("/2");
  CHECK(node.counters().waiting.value() == 1);
  CHECK(node.counters().limit.value() == 1);
  Client third = node.begin("/3");
  check_refused(node.answer(third));
  CHECK(node.counters().refused_queue.value() == 1);
  CHECK(node.server().requests() == 1);
  SECTION("the end of the first is the turn of the second") {
    node.server().next().answer(200, kMinute, "1");
    CHECK(node.answer(first).content == "1");
    REQUIRE(node.until([&] { return node.server().requests() == 2; }));
    node.server().next().answer(200, kMinute, "2");
    CHECK(node.answer(second).content == "2");
    CHECK(node.counters().queued.value() == 1);
  }
  SECTION("also when the first fails") {
    node.server().next().reset_connection();
    CHECK(node.answer(first).status == 502);
    REQUIRE(node.until([&] { return node.server().requests() == 2; }));
    node.server().next().answer(200, kMinute, "2");
    CHECK(node.answer(second).content == "2");
  }
  SECTION("its content is part of a fetch") {
    ScriptedServer::Request& request = node.server().next();
    request.begin(200, kMinute, 3);
    request.piece("on");
    REQUIRE(node.until([&] { return first.wire().from_node.ends_with("on"); }));
    CHECK(node.server().requests() == 1);
    request.piece("e");
    request.end();
    REQUIRE(node.until([&] { return node.server().requests() == 2; }));
    node.server().next().answer(200, kMinute, "2");
    CHECK(node.answer(second).content == "2");
  }
  SECTION("the wait has an end") {
    node.advance(1100ms);
    check_refused(node.answer(second));
    CHECK(node.counters().refused_wait.value() == 1);
    CHECK(node.counters().waiting.value() == 0);
    CHECK(node.server().requests() == 1);
    CHECK(node.state().failures == 0); // it was not asked
  }
}

TEST_CASE("a server that comes back takes all who wait", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, [](auto& options) {
    one_and_one(options);
    options.limits.queue = 10;
  });
  node.state(1).is_healthy = false;
  Client first = node.get("/1");
  Client second = node.begin("/2");
  Client third = node.begin("/3");
  CHECK(node.counters().waiting.value() == 2);
  node.state(1).is_healthy = true;
  node.server(0).next().answer(200, kMinute, "1");
  CHECK(node.until([&] { return node.asked() == 3; }));
  CHECK(node.server(1).requests() == 1);
}

TEST_CASE("a retry does not wait for a server that is out", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 2, [](auto& options) { options.retry.tries = 2; });
  node.state(1).is_healthy = false;
  Client client = node.get("/1");
  node.server(0).next().answer(503, {}, "busy");
  const Answer answer = node.answer(client);
  CHECK(answer.status == 503);
  CHECK(answer.content == "busy"); // what the last one said is the answer
  CHECK(node.server(1).requests() == 0);
}

TEST_CASE("h2: who waits for a connection waits as long as one may take", "[origin]") {
  const bool is_given_up = GENERATE(true, false);
  OriginFlow node(Protocol::h2, 1, [&](auto& options) {
    options.connect_timeout = 2s;
    options.fetch_timeout = is_given_up ? 1s : 10s;
  });
  node.server().be_unreachable();
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(node.begin("/" + std::to_string(i)));
  CHECK(node.counters().inflight.value() == 3);
  CHECK(node.counters().connections.value() == 1);
  node.advance(is_given_up ? 1100ms : 2100ms);
  for (Client& client : clients) {
    const Answer answer = node.answer(client);
    CHECK(answer.status == 504);
    CHECK(answer.fields.at("proxy-status") == (is_given_up ? "selvedge; error=http_response_timeout"
                                                           : "selvedge; error=connection_timeout"));
  }
  CHECK(node.counters().connections.value() == 1);
  CHECK(node.counters().inflight.value() == 0);
}

TEST_CASE("h2: who waits for a connection may leave", "[origin]") {
  OriginFlow node(Protocol::h2);
  node.server().be_unreachable();
  Client first = node.begin("/a");
  Client second = node.flow().connect();
  second.send("POST /form HTTP/1.1\r\nHost: node.test\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(node.counters().inflight.value() == 2);
  second.close();
  CHECK(node.counters().inflight.value() == 1);
  CHECK(node.state().failures == 0);
}

TEST_CASE("a pass that its client leaves is given up", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol);
  Client client = node.flow().connect();
  client.send("POST /form HTTP/1.1\r\nHost: node.test\r\nContent-Length: 3\r\n\r\nabc");
  REQUIRE(node.until([&] { return node.asked() == 1; }));
  SECTION("before its head") {}
  SECTION("in its content") {
    node.server().request(0).begin(200, kNoStore, 10);
    node.server().request(0).piece("01234");
    REQUIRE(node.until([&] { return client.wire().from_node.ends_with("01234"); }));
  }
  client.close();
  // While content comes, the next piece of it finds out.
  if (node.server().request(0).is_answered) node.server().request(0).piece("5");
  CHECK(node.until([&] { return node.server().request(0).is_given_up(); }));
  CHECK(node.until([&] { return node.counters().inflight.value() == 0; }));
  CHECK(node.server().request(0).is_connection_open() == (protocol == Protocol::h2));
  CHECK(node.state().failures == 0); // not the server's doing
  CHECK(node.counters().timeouts.value() == 0);
}

TEST_CASE("a pass that its client leaves while it waits for room is not asked", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 1, one_and_one);
  Client first = node.get("/1");
  Client second = node.flow().connect();
  second.send("POST /form HTTP/1.1\r\nHost: node.test\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(node.counters().waiting.value() == 1);
  second.close();
  CHECK(node.counters().waiting.value() == 0);
  node.server().next().answer(200, kMinute, "1");
  CHECK(node.answer(first).content == "1");
  CHECK(node.until([&] { return node.counters().inflight.value() == 0; }));
  CHECK(node.server().requests() == 1);
}

TEST_CASE("what others wait for, or what is stored, goes on without its client", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol);
  Client first = node.get("/a");
  ScriptedServer::Request& request = node.server().next();
  SECTION("another one waits") {
    Client second = node.begin("/a");
    first.close();
    CHECK_FALSE(request.is_given_up());
    request.answer(200, kNoStore, "not for storing");
    // Of an answer that is not for sharing the next client has nothing: it asks for itself.
    REQUIRE(node.until([&] { return node.asked() == 2; }));
    node.server().next().answer(200, kNoStore, "second");
    CHECK(node.answer(second).content == "second");
  }
  SECTION("it is being stored") {
    request.begin(200, kMinute, 10);
    request.piece("01234");
    REQUIRE(node.until([&] { return first.wire().from_node.ends_with("01234"); }));
    first.close();
    request.piece("5678");
    node.flow().settle();
    CHECK_FALSE(request.is_given_up());
    request.piece("9");
    request.end();
    REQUIRE(node.until([&] { return node.counters().inflight.value() == 0; }));
    const Answer answer = node.fetch("/a");
    CHECK(answer.content == "0123456789");
    CHECK(answer.fields.at("cache-status").starts_with("selvedge; hit"));
    CHECK(node.asked() == 1);
  }
  SECTION("it is not stored, and nobody else is there") {
    request.begin(200, kNoStore, 10);
    request.piece("01234");
    REQUIRE(node.until([&] { return first.wire().from_node.ends_with("01234"); }));
    first.close();
    request.piece("5"); // finds out
    CHECK(node.until([&] { return request.is_given_up(); }));
    CHECK(node.until([&] { return node.counters().inflight.value() == 0; }));
    CHECK(node.state().failures == 0);
  }
}

TEST_CASE("an upload takes as long as its client takes; then the server's time begins",
          "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 1, [](auto& options) {
    options.first_byte_timeout = 2s;
    options.idle_timeout = 2s;
  });
  Client client = node.flow().connect();
  client.send("POST /form HTTP/1.1\r\nHost: node.test\r\nContent-Length: 5\r\n\r\n");
  for (const char* byte : {"a", "b", "c", "d"}) {
    node.advance(4s);
    client.send(byte);
  }
  CHECK(node.counters().errors.value() == 0);
  client.send("e");
  REQUIRE(node.until([&] { return node.asked() == 1; }));
  CHECK(node.server().next().content == "abcde");
  SECTION("it answers in time") {
    node.advance(1500ms);
    node.server().next().answer(200, kNoStore, "taken");
    CHECK(node.answer(client).content == "taken");
  }
  SECTION("it does not") {
    node.advance(2100ms);
    CHECK(node.answer(client).status == 504);
    CHECK(node.asked() == 1);
  }
}

TEST_CASE("a server that slows down is asked less at once", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 1, [](auto& options) {
    options.limits.in_flight = 32;
    options.limits.queue = 1000;
    options.limits.queue_timeout = 100s;
  });
  CHECK(node.counters().limit.value() == 32);
  std::size_t answered = 0;
  const auto round = [&](std::chrono::milliseconds latency) {
    const std::size_t all = answered + 32;
    std::vector<Client> clients;
    for (int i = 0; i < 32; ++i) {
      clients.push_back(node.begin("/" + std::to_string(all) + "/" + std::to_string(i)));
    }
    while (answered < all) {
      REQUIRE(node.until([&] { return node.server().requests() > answered; }));
      node.advance(latency);
      while (answered < node.server().requests()) {
        node.server().request(answered++).answer(200, kNoStore, "x");
      }
    }
    for (Client& client : clients) REQUIRE(node.answer(client).status == 200);
  };
  for (int i = 0; i < 15; ++i) round(20ms);
  CHECK(node.counters().limit.value() == 32);
  for (int i = 0; i < 10; ++i) round(200ms);
  CHECK(node.counters().limit.value() < 24);
}
