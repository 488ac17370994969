// What operators and machines do to a node that serves: it drains, its clock is set, its clients
// take all the places.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"
#include "tests/support/h2_frames.hpp"

#include <algorithm>

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using namespace std::chrono_literals;

namespace {

const Fields kMinute{{"cache-control", "max-age=60"}};

bool is_hit(const Answer& answer) {
  return answer.fields.at("cache-status").find("; hit") != std::string::npos;
}

} // namespace

TEST_CASE("an idle client may ask once more of a node that drains", "[flow][drain]") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kMinute, "one");
  CHECK_FALSE(client.answer().fields.contains("connection"));
  flow.connections().begin_drain();
  flow.settle();
  CHECK_FALSE(client.is_closed());
  client.get("/a"); // it was on its way
  const Answer last = client.answer();
  CHECK(last.content == "one");
  CHECK(last.fields.at("connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("an idle client that asks nothing more is let go soon", "[flow][drain]") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kMinute, "one");
  client.answer();
  flow.connections().begin_drain();
  flow.settle();
  flow.advance(900ms);
  CHECK_FALSE(client.is_closed());
  flow.advance(200ms);
  CHECK(client.is_closed());
}

TEST_CASE("a drain does not end a connection that was told to go on", "[flow][drain]") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  const auto fetch = flow.origin().begin(200, kMinute, 6);
  test::ScriptedOrigin::piece(*fetch, "one");
  flow.settle();
  REQUIRE(client.has_answer()); // without Connection: close
  flow.connections().begin_drain();
  flow.settle();
  test::ScriptedOrigin::piece(*fetch, "two");
  test::ScriptedOrigin::end(*fetch);
  flow.settle();
  CHECK(client.answer().content == "onetwo");
  CHECK_FALSE(client.is_closed());
  client.get("/a");
  CHECK(client.answer().fields.at("connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("who comes over HTTP/2 while the node drains is told that it does", "[flow][drain]") {
  namespace h2 = test::h2;
  Flow flow;
  flow.connections().begin_drain();
  flow.settle();
  Client client = flow.connect(); // it was in the queue
  client.send(h2::preface() + h2::settings());
  const auto frames = h2::frames_of(client.wire().from_node);
  CHECK(std::ranges::any_of(frames, [](const h2::Frame& one) { return one.type == 7; }));
}

TEST_CASE("who has broken HTTP/2's rules is waited for less than who is told what is wrong",
          "[flow][places]") {
  namespace h2 = test::h2;
  const bool has_broken_rules = GENERATE(true, false);
  Flow flow;
  Client client = flow.connect();
  client.send(has_broken_rules ? h2::preface() + h2::settings() + h2::frame(6, 0, 0, "short")
                               : "no request\r\n\r\n");
  REQUIRE(client.is_closed()); // as the client sees it
  REQUIRE(flow.connections().open() == 1);
  flow.advance(500ms);
  CHECK(flow.connections().open() == (has_broken_rules ? 0 : 1));
  flow.advance(2s);
  CHECK(flow.connections().open() == 0);
}

TEST_CASE("ages do not follow a clock that is set", "[flow][clock]") {
  const std::chrono::seconds jump = GENERATE(-365 * 24h, -1h, 1h, 365 * 24h);
  CAPTURE(jump);
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kMinute, "one");
  client.answer();
  flow.advance(10s);
  flow.jump(jump);
  client.get("/a");
  const Answer fresh = client.answer();
  CHECK(is_hit(fresh));
  CHECK(fresh.fields.at("age") == "10");
  flow.advance(51s);
  client.get("/a");
  REQUIRE(flow.origin().waiting() != nullptr); // stale by now, whatever the wall says
  flow.origin().answer(200, kMinute, "two");
  CHECK(client.answer().content == "two");
  client.get("/a");
  CHECK(is_hit(client.answer())); // what comes after the jump is stored as ever
}

TEST_CASE("a node that has no place left closes, and serves who is there", "[flow][limits]") {
  Flow::Options options;
  options.limits.connections = 3;
  Flow flow(options);
  Client first = flow.connect();
  Client second = flow.connect();
  Client third = flow.connect(); // nothing was said yet: it counts all the same
  Client late = flow.connect();
  flow.settle();
  CHECK(late.is_closed());
  CHECK(flow.connections().counters(0).refused_node_full.value() == 1);
  first.get("/a");
  flow.origin().answer(200, kMinute, "one");
  CHECK(first.answer().status == 200);
  third.close();
  Client again = flow.connect();
  again.get("/a");
  CHECK(is_hit(again.answer()));
}

TEST_CASE("one client has so many connections", "[flow][limits]") {
  Flow::Options options;
  options.limits.connections_per_client = 2;
  Flow flow(options);
  Client first = flow.connect();
  Client second = flow.connect();
  Client third = flow.connect();
  flow.settle();
  CHECK(third.is_closed());
  CHECK(flow.connections().counters(0).refused_client_limit.value() == 1);
  second.close();
  Client again = flow.connect();
  again.get("/a");
  flow.origin().answer(200, kMinute, "one");
  CHECK(again.answer().status == 200);
}

TEST_CASE("a client that says nothing loses its place in time", "[flow][limits]") {
  Flow::Options options;
  options.limits.connections = 1;
  Flow flow(options);
  Client silent = flow.connect();
  flow.settle();
  flow.advance(options.limits.handshake_timeout + 100ms);
  CHECK(silent.is_closed());
  Client next = flow.connect();
  next.get("/a");
  flow.origin().answer(200, kMinute, "one");
  CHECK(next.answer().status == 200);
}
