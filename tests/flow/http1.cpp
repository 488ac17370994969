// A client's HTTP/1.1 connection: order, framing, errors, deadlines.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Flow;
using namespace std::chrono_literals;

namespace {
const test::Fields kMinute{{"cache-control", "max-age=60"}};
}

TEST_CASE("pipelined requests are answered in order, hits and misses alike") {
  Flow flow;
  auto client = flow.connect();
  client.get("/hit");
  flow.origin().answer(200, kMinute, "hit");
  client.answer();
  client.send("GET /miss HTTP/1.1\r\nHost: node.test\r\n\r\n"
              "GET /hit HTTP/1.1\r\nHost: node.test\r\n\r\n"
              "GET /miss HTTP/1.1\r\nHost: node.test\r\n\r\n");
  CHECK_FALSE(client.has_answer());
  flow.origin().answer(200, kMinute, "miss");
  CHECK(client.answer().content == "miss");
  CHECK(client.answer().content == "hit");
  CHECK(client.answer().content == "miss");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("a request may arrive byte by byte") {
  Flow flow;
  auto client = flow.connect();
  for (const char c : std::string("GET /a HTTP/1.1\r\nHost: node.test\r\n\r\n")) {
    client.send({&c, 1});
  }
  flow.origin().answer(200, kMinute, "a");
  CHECK(client.answer().content == "a");
}

TEST_CASE("content of unknown length is chunked, and close-delimited for HTTP/1.0") {
  Flow flow;
  auto client = flow.connect();
  const bool is_old = GENERATE(false, true);
  client.send(is_old ? "GET /a HTTP/1.0\r\nHost: node.test\r\n\r\n"
                     : "GET /a HTTP/1.1\r\nHost: node.test\r\n\r\n");
  const auto fetch = flow.origin().begin(200, {{"cache-control", "no-store"}});
  flow.settle();
  test::ScriptedOrigin::piece(*fetch, "hello, ");
  flow.settle();
  test::ScriptedOrigin::piece(*fetch, "world");
  test::ScriptedOrigin::end(*fetch);
  flow.settle();
  if (is_old) {
    CHECK(client.is_closed());
    CHECK(client.wire().from_node.ends_with("\r\n\r\nhello, world"));
  } else {
    CHECK(client.answer().content == "hello, world");
    CHECK_FALSE(client.is_closed());
  }
}

TEST_CASE("trailers travel behind chunked content, but none that could pass for a header field") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  const auto fetch = flow.origin().begin(200, {{"cache-control", "no-store"}});
  fetch->trailers = {{"X-Digest", "abc"}, {"Server-Timing", "db;dur=5"}, {"Set-Cookie", "a=b"}};
  flow.settle();
  test::ScriptedOrigin::piece(*fetch, "hello");
  test::ScriptedOrigin::end(*fetch);
  flow.settle();
  CHECK(client.wire().from_node.ends_with(
      "\r\nhello\r\n0\r\nx-digest: abc\r\nserver-timing: db;dur=5\r\n\r\n"));
}

TEST_CASE("refused requests have a small answer with Proxy-Status, and end the connection") {
  struct Row {
    std::string request;
    int status;
  };
  const Row row =
      GENERATE(Row{"GET / HTTP/1.1\r\n\r\n", 400},                       // RFC 9112, 3.2
               Row{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400}, // RFC 9112, 3.2
               Row{"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400}, // RFC 9112, 5.2
               Row{"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400},   // RFC 9112, 5.1
               Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n0\r\n\r\n",
                   400}, // RFC 9112, 6.1
               Row{"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
               Row{"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40000, 'a') + "\r\n\r\n", 431},
               Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413});
  Flow flow;
  auto client = flow.connect();
  client.send(row.request);
  const Answer answer = client.answer();
  CHECK(answer.status == row.status);
  CHECK(answer.fields.at("proxy-status") == "selvedge; error=http_request_error");
  CHECK(answer.fields.at("connection") == "close");
  CHECK(client.is_closed());
  CHECK(flow.origin().fetches() == 0);
}

TEST_CASE("a head that does not come is answered 408, an idle connection is closed") {
  Flow flow;
  auto slow = flow.connect();
  slow.send("GET / HTTP/1.1\r\nHost");
  flow.advance(11s);
  CHECK(slow.answer().status == 408);
  auto idle = flow.connect();
  idle.get("/a");
  flow.origin().answer(200, kMinute, "a");
  idle.answer();
  flow.advance(70s);
  CHECK_FALSE(idle.is_closed());
  flow.advance(10s);
  CHECK(idle.is_closed());
}

TEST_CASE("a client that takes nothing is given up") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kMinute, std::string(100000, 'x'));
  client.answer();
  client.wire().room = 100;
  client.get("/a");
  flow.advance(20s);
  CHECK_FALSE(client.is_closed());
  flow.advance(15s);
  CHECK(client.is_closed());
}

TEST_CASE("hop-by-hop fields and those that Connection names do not reach the origin") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a", {{"Connection", "close, X-Secret"},
                    {"X-Secret", "1"},
                    {"TE", "trailers"},
                    {"X-Forwarded-For", "203.0.113.9"},
                    {"X-Kept", "2"}});
  const auto& fields = flow.origin().last().fields;
  CHECK_FALSE(fields.contains("X-Secret"));
  CHECK_FALSE(fields.contains("connection"));
  CHECK_FALSE(fields.contains("te"));
  CHECK(fields.at("X-Kept") == "2");
  CHECK(fields.at("x-forwarded-for") == "192.0.2.1"); // ours, not the client's
  CHECK(fields.at("via") == "1.1 selvedge");
}

TEST_CASE("a request that came through this node before is a loop") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a", {{"Via", "1.1 elsewhere, 1.1 selvedge"}});
  CHECK(client.answer().status == 508);
}
