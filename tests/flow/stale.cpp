// Stale responses: when they are used, and when they must not be (RFC 9111, 4.2.4; RFC 5861).
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Flow;
using namespace std::chrono_literals;

namespace {

// Stored with these directives and stale for five seconds.
Client client_of_stale(Flow& flow, const std::string& directives, const test::Fields& more = {}) {
  Client client = flow.connect();
  client.get("/a");
  test::Fields fields{{"cache-control", "max-age=60" + directives}};
  fields.insert(fields.end(), more.begin(), more.end());
  flow.origin().answer(200, fields, "one");
  client.answer();
  flow.advance(65s);
  return client;
}

} // namespace

TEST_CASE("RFC 5861, 4: a stale response instead of an error") {
  const bool closes = GENERATE(true, false);
  Flow flow;
  Client client = client_of_stale(flow, ", stale-if-error=10");
  client.get("/a");
  if (closes) {
    flow.origin().fail(base::ErrorCode::closed);
  } else {
    const int status = GENERATE(500, 502, 503, 504);
    flow.origin().answer(static_cast<http::Status>(status), {}, "broken");
  }
  const Answer answer = client.answer();
  CHECK(answer.status == 200);
  CHECK(answer.content == "one");
  CHECK(answer.fields.at("age") == "65");
  CHECK(answer.fields.at("cache-status") == "selvedge; fwd=stale; ttl=-5; detail=stale-if-error");
}

TEST_CASE("RFC 5861, 4: not beyond the window, and not for other statuses") {
  Flow::Options options;
  options.route.stale_if_error = 0s;
  Flow flow(options);
  Client client = client_of_stale(flow, "");
  client.get("/a");
  flow.origin().answer(503, {}, "broken");
  CHECK(client.answer().status == 503);
  client.get("/a");
  flow.origin().fail(base::ErrorCode::closed);
  CHECK(client.answer().status == 502);
}

TEST_CASE("RFC 9111, 4.2.4: grace of the configuration, for what says nothing") {
  Flow flow; // an hour
  Client client = client_of_stale(flow, "");
  client.get("/a");
  flow.origin().answer(503, {}, "broken");
  CHECK(client.answer().content == "one");
  flow.advance(2s);
  client.get("/a");
  flow.origin().answer(404, {}, "gone"); // no server error: it is taken
  CHECK(client.answer().content == "gone");
  flow.advance(3600s);
  Client late = flow.connect(); // beyond it
  late.get("/a");
  flow.origin().answer(503, {}, "broken");
  CHECK(late.answer().content == "broken");
}

TEST_CASE("RFC 9111, 5.2.2.2, 5.2.2.8, 5.2.2.10, 5.2.2.4: what forbids stale answers") {
  const std::string directives = GENERATE(", must-revalidate, stale-if-error=99",
                                          ", proxy-revalidate", ", s-maxage=60", ", no-cache");
  Flow flow;
  Client client = client_of_stale(flow, directives, {{"etag", "\"1\""}});
  client.get("/a");
  flow.origin().fail(base::ErrorCode::connect_refused);
  const bool is_no_cache = directives == ", no-cache";
  CHECK(client.answer().status == (is_no_cache ? 502 : 504)); // 5.2.2.2: 504
  client.get("/a", {{"Cache-Control", "max-stale"}});
  flow.origin().answer(200, {}, "two");
  CHECK(client.answer().content == "two");
}

TEST_CASE("RFC 9111, 5.2.1.2: a client may accept staleness") {
  Flow flow;
  Client client = client_of_stale(flow, "");
  client.get("/a", {{"Cache-Control", "max-stale=10"}});
  const Answer answer = client.answer();
  CHECK(answer.content == "one");
  CHECK(answer.fields.at("cache-status") == "selvedge; hit; ttl=-5");
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("an origin that has just failed is not waited for again") {
  Flow flow;
  Client client = client_of_stale(flow, "");
  client.get("/a");
  flow.origin().fail(base::ErrorCode::timeout);
  client.answer();
  client.get("/a");
  CHECK(client.answer().content == "one"); // while the origin is asked behind
  CHECK(flow.origin().fetches() == 3);
  client.get("/a");
  CHECK(client.answer().content == "one"); // one at a time
  CHECK(flow.origin().fetches() == 3);
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "two");
  flow.settle();
  client.get("/a");
  CHECK(client.answer().content == "two");
}

TEST_CASE("everybody who waits gets the stale response when the origin fails") {
  Flow flow;
  Client first = client_of_stale(flow, "");
  Client second = flow.connect();
  first.get("/a");
  second.get("/a");
  CHECK(flow.origin().fetches() == 2);
  flow.origin().answer(503, {}, "broken");
  CHECK(first.answer().content == "one");
  CHECK(second.answer().content == "one");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("the route's stale-while-revalidate is for responses that say nothing") {
  Flow::Options options;
  options.route.stale_while_revalidate = 30s;
  Flow flow(options);
  Client client = client_of_stale(flow, "");
  client.get("/a");
  CHECK(client.answer().content == "one");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("a HEAD has the stale response instead of an error too") {
  Flow flow;
  Client client = client_of_stale(flow, "");
  client.request("HEAD", "/a");
  CHECK(flow.origin().last().method == "HEAD");
  flow.origin().answer(503, {}, "");
  CHECK(client.answer("HEAD").status == 200);
}

TEST_CASE("a HEAD that finds a stale response has it fetched anew as a GET") {
  Flow flow;
  Client client = client_of_stale(flow, ", stale-while-revalidate=30");
  client.request("HEAD", "/a");
  CHECK(client.answer("HEAD").status == 200);
  CHECK(flow.origin().last().method == "GET");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "two");
  flow.settle();
  client.get("/a");
  CHECK(client.answer().content == "two");
}
