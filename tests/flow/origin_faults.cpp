// Servers that fail: what the client is told, what is counted, and that nothing broken is stored.
#include "tests/support/h2_frames.hpp"
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

// Over h2 a frame that says it is a head of 100 bytes, and the first of them: ":status: 200".
const std::string kHalfHeadH2("\0\0\x64\x01\x04\0\0\0\x01\x88", 10);
const std::string kHalfHead = "HTTP/1.1 200 OK\r\nContent-Le";
// DATA on no stream: an error of the connection (RFC 9113, 6.1).
const std::string kBadFrame("\0\0\x01\0\0\0\0\0\0x", 10);

void send_half_head(OriginFlow& node, Protocol protocol) {
  const bool is_h2 = protocol == Protocol::h2;
  node.server().next().raw(is_h2 ? kHalfHeadH2 : kHalfHead);
  node.flow().settle();
}

// What failed left nothing behind: the next request asks again, and gets a whole answer.
void check_recovery(OriginFlow& node) {
  node.server().stop();
  node.server().is_silent = false;
  node.server().start();
  const std::size_t asked = node.asked();
  node.server().on_request = [](ScriptedServer::Request& request) {
    request.answer(200, kMinute, "whole");
  };
  const Answer answer = node.fetch("/a");
  CHECK(answer.status == 200);
  CHECK(answer.content == "whole");
  CHECK(answer.fields.at("cache-status") == "selvedge; fwd=uri-miss; fwd-status=200; stored");
  CHECK(node.asked() > asked);
  CHECK(node.fetch("/a").content == "whole");
  CHECK(node.counters().requests.value() == 2);
  CHECK(node.counters().inflight.value() == 0);
  CHECK(node.state().inflight == 0);
  CHECK(node.state().bytes_received > 0);
  CHECK(node.state().bytes_received == node.counters().bytes_read.value());
}

} // namespace

TEST_CASE("a fetch that fails before its head says why", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  const bool is_h2 = protocol == Protocol::h2;
  CAPTURE(is_h2);
  OriginFlow node(protocol, 1, [](auto& options) {
    options.connect_timeout = 2s;
    options.first_byte_timeout = 2s;
    options.head_bytes = 1024;
  });
  Client client = node.flow().connect();
  const auto ask = [&]() -> ScriptedServer::Request& {
    client.get("/a");
    REQUIRE(node.until([&] { return node.server().requests() == 1; }));
    return node.server().next();
  };
  int status = 502;
  std::string error = "http_response_incomplete";
  SECTION("refused") {
    node.server().stop();
    client.get("/a");
    error = "connection_refused";
  }
  SECTION("reset before the head") {
    ask().reset_connection();
  }
  SECTION("reset of the stream alone") {
    ask().reset();
  }
  SECTION("closed before the head") {
    ask().finish_connection();
  }
  SECTION("reset in the head") {
    ask();
    send_half_head(node, protocol);
    node.server().request(0).reset_connection();
  }
  SECTION("closed in the head") {
    ask();
    send_half_head(node, protocol);
    node.server().request(0).finish_connection();
  }
  SECTION("it speaks something else") {
    ask().raw(is_h2 ? kBadFrame : std::string("SSH-2.0-x\r\n\r\n"));
    error = "http_protocol_error";
  }
  SECTION("a status that is none") {
    ask().begin(42, {}, 0);
    error = "http_protocol_error";
  }
  SECTION("two lengths") {
    ask().begin(200, {{"content-length", "5"}}, 6);
    error = "http_protocol_error";
  }
  SECTION("a protocol that nobody asked for") {
    ask().begin(101, {{"x", "y"}}, {});
    error = "http_protocol_error";
  }
  SECTION("a head beyond the limit") {
    ask().begin(200, {{"x", std::string(2000, 'x')}}, 0);
    error = "http_response_header_section_size";
  }
  SECTION("connections are not taken") {
    node.server().be_unreachable();
    client.get("/a");
    node.advance(2100ms);
    status = 504;
    error = "connection_timeout";
  }
  SECTION("it never answers") {
    ask();
    node.advance(2100ms);
    status = 504;
    error = "http_response_timeout";
  }
  SECTION("it never says a word, not even of its protocol") {
    node.server().is_silent = true;
    client.get("/a");
    REQUIRE(node.until([&] { return node.counters().inflight.value() == 1; }));
    // Connected and sent, as far as the kernel is concerned.
    node.advance(2100ms);
    status = 504;
    error = "http_response_timeout";
  }
  SECTION("it stops in the head") {
    ask();
    send_half_head(node, protocol);
    node.advance(2100ms);
    status = 504;
    error = "http_response_timeout";
  }
  const Answer answer = node.answer(client);
  CHECK(answer.status == status);
  CHECK(answer.fields.at("proxy-status") == "selvedge; error=" + error);
  CHECK(answer.fields.at("cache-status") == "selvedge; fwd=uri-miss");
  CHECK_FALSE(client.is_closed());
  CHECK(node.counters().errors.value() == 1);
  CHECK(node.counters().timeouts.value() == (status == 504 ? 1 : 0));
  CHECK(node.counters().retries.value() == 0);
  CHECK(node.counters().connections.value() == 1);
  CHECK(node.state().requests == 1);
  CHECK(node.state().failures == 1);
  CHECK(node.asked() <= 1);
  check_recovery(node);
}

TEST_CASE("a head that comes drop by drop is late all the same", "[origin]") {
  OriginFlow node(Protocol::http_1, 1, [](auto& options) { options.first_byte_timeout = 2s; });
  Client client = node.get("/a");
  for (const char byte : kHalfHead.substr(0, 4)) {
    node.server().request(0).raw(std::string(1, byte));
    node.advance(900ms);
  }
  CHECK(node.answer(client).fields.at("proxy-status") == "selvedge; error=http_response_timeout");
  CHECK(node.server().request(0).is_given_up());
}

TEST_CASE("content that breaks off ends the connection, and is not stored", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  const bool is_h2 = protocol == Protocol::h2;
  enum class Framing { length, open, until_close };
  const Framing framing = GENERATE(Framing::length, Framing::open, Framing::until_close);
  CAPTURE(is_h2, static_cast<int>(framing));
  OriginFlow node(protocol, 1, [](auto& options) {
    options.idle_timeout = 2s;
    options.fetch_timeout = 10s;
  });
  Client client = node.get("/a");
  ScriptedServer::Request& request = node.server().next();
  if (framing == Framing::length) request.begin(200, kMinute, 10);
  if (framing == Framing::open) request.begin(200, kMinute);
  if (framing == Framing::until_close) request.begin_until_close(200, kMinute);
  request.piece("01234");
  const auto has_come = [&](const std::string& text) {
    return node.until([&] { return client.wire().from_node.find(text) != std::string::npos; });
  };
  REQUIRE(has_come("01234"));

  SECTION("reset") {
    request.reset_connection();
  }
  SECTION("reset of the stream alone") {
    request.reset();
  }
  SECTION("closed in good order") {
    if (framing == Framing::until_close && !is_h2) return; // that is its end
    request.finish_connection();
  }
  SECTION("it stops") {
    node.advance(2100ms);
    CHECK(request.is_given_up());
  }
  SECTION("it goes on for longer than a fetch may take") {
    for (const char* drop : {"a", "b", "c", "d", "e"}) {
      if (framing != Framing::length) request.piece(drop);
      if (framing != Framing::length) REQUIRE(has_come(drop));
      node.advance(1900ms);
      if (framing == Framing::length) break; // by the time between bytes
    }
    node.advance(1900ms);
    CHECK(request.is_given_up());
  }
  SECTION("garbage between frames or chunks") {
    if (framing != Framing::open) return;
    request.raw(is_h2 ? kBadFrame : std::string("zz\r\n01234\r\n"));
  }
  REQUIRE(node.until([&] { return client.is_closed(); }));
  const std::string& got = client.wire().from_node;
  CHECK(got.find("HTTP/1.1 200") == 0);
  CHECK_FALSE(got.ends_with("0\r\n\r\n"));
  CHECK(node.state().failures == 1);
  CHECK(node.counters().errors.value() == 0); // its head was well
  check_recovery(node);
}

TEST_CASE("a length that is not the content's", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  const bool is_h2 = protocol == Protocol::h2;
  CAPTURE(is_h2);
  OriginFlow node(protocol);
  Client client = node.get("/a");
  ScriptedServer::Request& request = node.server().next();
  request.begin(200, kMinute, 10);
  request.piece("01234");
  REQUIRE(node.until([&] { return client.wire().from_node.ends_with("01234"); }));
  SECTION("less comes") {
    request.end();
    if (!is_h2) request.finish_connection();
    REQUIRE(node.until([&] { return client.is_closed(); }));
    CHECK(client.wire().from_node.ends_with("01234"));
    CHECK(node.state().failures == 1);
    check_recovery(node);
  }
  SECTION("more comes") {
    request.piece("56789HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    request.end();
    if (is_h2) { // RFC 9113, 8.1.1: malformed
      REQUIRE(node.until([&] { return client.is_closed(); }));
      CHECK(node.state().failures == 1);
      check_recovery(node);
      return;
    }
    // Over HTTP/1.1 the answer is whole; what follows answers nothing, and ends the connection.
    CHECK(node.answer(client).content == "0123456789");
    CHECK(node.until([&] { return request.is_given_up(); }));
    const std::size_t before = node.asked();
    Client next = node.get("/b");
    REQUIRE(node.asked() == before + 1);
    node.server().next().answer(200, {}, "b");
    CHECK(node.answer(next).content == "b");
    CHECK(node.counters().reused.value() == 0);
  }
}

TEST_CASE("a fetch has a time for the whole of it, and every part of it counts", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol, 1, [](auto& options) {
    options.fetch_timeout = 2s;
    options.limits.in_flight = 1;
    options.limits.adaptive = false;
    options.limits.queue_timeout = 10s;
  });
  Client first = node.get("/a");
  Client second = node.begin("/b"); // waits for room
  CHECK(node.counters().waiting.value() == 1);
  node.advance(2100ms);
  for (Client* client : {&first, &second}) {
    const Answer answer = node.answer(*client);
    CHECK(answer.status == 504);
    CHECK(answer.fields.at("proxy-status") == "selvedge; error=http_response_timeout");
  }
  CHECK(node.server().requests() == 1);
  CHECK(node.until([&] { return node.server().request(0).is_given_up(); }));
  CHECK(node.state().failures == 1);
  CHECK(node.counters().inflight.value() == 0);
}

TEST_CASE("what broke off does not take the place of what is stored", "[origin]") {
  const Protocol protocol = GENERATE(Protocol::http_1, Protocol::h2);
  OriginFlow node(protocol);
  Client client = node.get("/a");
  node.server().next().answer(200, {{"cache-control", "max-age=60"}}, "old");
  CHECK(node.answer(client).content == "old");
  node.advance(61s);
  SECTION("the connection is refused: the stale one will do") {
    node.server().stop();
    const Answer answer = node.fetch("/a");
    CHECK(answer.content == "old");
    CHECK(answer.fields.at("cache-status").find("; detail=stale-if-error") != std::string::npos);
  }
  SECTION("a 503: likewise") {
    Client next = node.get("/a");
    node.server().next().answer(503, {}, "no");
    const Answer answer = node.answer(next);
    CHECK(answer.content == "old");
    CHECK(answer.fields.at("cache-status").find("; detail=stale-if-error") != std::string::npos);
  }
  SECTION("half of a new one") {
    Client next = node.get("/a");
    ScriptedServer::Request& request = node.server().next();
    request.begin(200, kMinute, 10);
    request.piece("new");
    REQUIRE(node.until([&] { return next.wire().from_node.ends_with("new"); }));
    request.reset();
    REQUIRE(node.until([&] { return next.is_closed(); }));
    node.server().stop();
    CHECK(node.fetch("/a").content == "old");
  }
}
