// A server that said something that was no answer to anything, or switched protocols without being
// asked, kept its connection: what it said next was taken for the answer to another request.
#include "tests/support/catch.hpp"
#include "tests/support/origin_flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::OriginFlow;
using test::ScriptedServer;
using Protocol = ScriptedServer::Protocol;

TEST_CASE("RFC 9110, 15.2.2: a connection that was switched unasked is not used again") {
  OriginFlow node(Protocol::http_1);
  Client first = node.get("/a");
  node.server().next().raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n");
  CHECK(node.answer(first).status == 502);
  Client second = node.get("/b");
  CHECK(node.server().connections() == 2);
  CHECK_FALSE(node.server().request(0).is_connection_open());
  node.server().next().answer(200, {}, "right");
  CHECK(node.answer(second).content == "right");
}

TEST_CASE("RFC 9112, 9.2: what comes behind an answer is not the next one") {
  const bool with_answer = GENERATE(true, false); // or when the connection is idle
  OriginFlow node(Protocol::http_1);
  Client first = node.get("/a");
  const std::string answer = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none";
  const std::string more = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
  ScriptedServer::Request& request = node.server().next();
  request.raw(with_answer ? answer + more : answer);
  CHECK(node.answer(first).content == "one");
  if (!with_answer) request.raw(more);
  Client second = node.begin("/b"); // before the node's loop has had a look
  node.until([&] { return node.server().requests() == 2 || second.has_answer(); });
  REQUIRE(node.server().requests() == 2);
  CHECK(node.server().connections() == 2);
  node.server().next().answer(200, {}, "right");
  CHECK(node.answer(second).content == "right");
}
