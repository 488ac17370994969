// Many clients, one fetch.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Flow;
using test::ScriptedOrigin;
using namespace std::chrono_literals;

namespace {
const test::Fields kMinute{{"cache-control", "max-age=60"}};
}

TEST_CASE("requests for the same thing wait for one fetch and stream from it") {
  Flow flow;
  std::vector<test::Client> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(flow.connect());
  for (auto& client : clients) client.get("/slow");
  CHECK(flow.origin().fetches() == 1);

  const auto fetch = flow.origin().begin(200, kMinute, 10);
  flow.settle();
  ScriptedOrigin::piece(*fetch, "01234");
  flow.settle();
  for (auto& client : clients) { // before the end: nobody waits for the whole
    CHECK(client.wire().from_node.ends_with("01234"));
  }
  auto late = flow.connect();
  late.get("/slow");
  CHECK(late.wire().from_node.ends_with("01234"));
  ScriptedOrigin::piece(*fetch, "56789");
  ScriptedOrigin::end(*fetch);
  flow.settle();
  int leaders = 0;
  for (auto& client : clients) {
    const Answer answer = client.answer();
    CHECK(answer.content == "0123456789");
    const std::string status = answer.fields.at("cache-status");
    if (status == "selvedge; fwd=uri-miss; fwd-status=200; stored") {
      ++leaders;
    } else {
      CHECK(status == "selvedge; fwd=uri-miss; collapsed");
    }
  }
  CHECK(leaders == 1);
  CHECK(late.answer().content == "0123456789");
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("a fill belongs to the cache: it goes on when the client that caused it leaves") {
  Flow flow;
  auto first = flow.connect();
  auto second = flow.connect();
  first.get("/a");
  second.get("/a");
  first.close();
  flow.origin().answer(200, kMinute, "still here");
  CHECK(second.answer().content == "still here");
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("a fill nobody waits for any more still fills the store") {
  Flow flow;
  auto first = flow.connect();
  first.get("/a");
  first.close();
  flow.origin().answer(200, kMinute, "for later");
  flow.settle();
  auto second = flow.connect();
  second.get("/a");
  CHECK(second.answer().content == "for later");
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("a pass whose client leaves is cancelled") {
  Flow flow;
  auto client = flow.connect();
  client.send("POST /form HTTP/1.1\r\nHost: node.test\r\nContent-Length: 3\r\n\r\nabc");
  REQUIRE(flow.origin().fetches() == 1);
  client.close();
  CHECK(flow.origin().last().is_cancelled);
}

TEST_CASE("an answer that is not for sharing goes to its leader alone") {
  Flow flow;
  auto first = flow.connect();
  auto second = flow.connect();
  first.get("/me");
  second.get("/me");
  CHECK(flow.origin().fetches() == 1);
  flow.origin().answer(200, {{"cache-control", "private"}}, "first");
  CHECK(first.answer().content == "first");
  REQUIRE(flow.origin().fetches() == 2);
  flow.origin().answer(200, {{"cache-control", "private"}}, "second");
  CHECK(second.answer().content == "second");
}

TEST_CASE("waiters for another variant share a fetch of their own") {
  Flow flow;
  const test::Fields vary{{"cache-control", "max-age=60"}, {"vary", "accept-encoding"}};
  auto leader = flow.connect();
  auto one = flow.connect();
  auto two = flow.connect();
  leader.get("/a", {{"Accept-Encoding", "br"}});
  one.get("/a", {{"Accept-Encoding", "gzip"}});
  two.get("/a", {{"Accept-Encoding", "gzip"}});
  flow.origin().answer(200, vary, "brotli");
  CHECK(leader.answer().content == "brotli");
  REQUIRE(flow.origin().fetches() == 2);
  flow.origin().answer(200, vary, "gzip");
  CHECK(one.answer().content == "gzip");
  CHECK(two.answer().content == "gzip");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("a failed fetch is an error for all who waited, and the next may try again") {
  Flow flow;
  auto first = flow.connect();
  auto second = flow.connect();
  first.get("/a");
  second.get("/a");
  flow.origin().fail(base::ErrorCode::connect_refused);
  for (auto* client : {&first, &second}) {
    const Answer answer = client->answer();
    CHECK(answer.status == 502);
    CHECK(answer.fields.at("proxy-status") == "selvedge; error=connection_refused");
    CHECK(answer.content == "502 Bad Gateway\n");
  }
  first.get("/a");
  flow.origin().answer(200, kMinute, "again");
  CHECK(first.answer().content == "again");
}

TEST_CASE("a truncated response ends the connection and is not stored") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  const auto fetch = flow.origin().begin(200, kMinute, 10);
  flow.settle();
  ScriptedOrigin::piece(*fetch, "01234");
  flow.settle();
  ScriptedOrigin::cut(*fetch);
  flow.settle();
  CHECK(client.is_closed());
  auto next = flow.connect();
  next.get("/a");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("a pass is held to its window while its client does not read") {
  Flow flow;
  auto client = flow.connect();
  client.wire().room = 1000;
  client.get("/stream");
  const auto fetch = flow.origin().begin(200, {{"cache-control", "no-store"}});
  flow.settle();
  const std::string piece(65536, 'p');
  for (int i = 0; i < 16; ++i) {
    ScriptedOrigin::piece(*fetch, piece);
    flow.settle();
  }
  CHECK(fetch->pieces.size() >= 12); // the node stopped taking them
  client.wire().room = std::string::npos;
  for (int i = 0; i < 40; ++i) {
    test::MemoryTransport::poke(flow.worker(), client.shared_wire());
    flow.settle();
  }
  ScriptedOrigin::end(*fetch);
  flow.settle();
  CHECK(client.answer().content.size() == 16 * piece.size());
}
