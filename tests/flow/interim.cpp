// Interim responses (RFC 9110, 15.2; RFC 8297).
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Flow;
using namespace std::chrono_literals;

TEST_CASE("an origin's hints reach the client that waits, and are not stored") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().inform(
      103, {{"link", "</a.css>; rel=preload"}, {"connection", "x-hop"}, {"x-hop", "1"}});
  flow.origin().inform(102, {});
  flow.settle();
  const Answer hints = client.answer();
  CHECK(hints.status == 103);
  CHECK(hints.fields.at("link") == "</a.css>; rel=preload");
  CHECK_FALSE(hints.fields.contains("x-hop"));
  CHECK(client.answer().status == 102);
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "one");
  CHECK(client.answer().content == "one");
  client.get("/a");
  const Answer hit = client.answer();
  CHECK(hit.status == 200);
  CHECK_FALSE(hit.fields.contains("link"));
}

TEST_CASE("what passes has its hints too") {
  Flow flow;
  Client client = flow.connect();
  client.request("POST", "/a");
  flow.origin().inform(103, {{"link", "</a.css>; rel=preload"}});
  flow.settle();
  CHECK(client.answer().status == 103);
  flow.origin().answer(200, {}, "one");
  CHECK(client.answer().content == "one");
}

TEST_CASE("a stale response's Link is a hint while the origin is asked") {
  const bool wants = GENERATE(true, false);
  Flow::Options options;
  options.route.early_hints = wants;
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200,
                       {{"cache-control", "max-age=60"},
                        {"link", "</a.css>; rel=preload; as=style"},
                        {"link", "</about>; rel=author"}},
                       "one");
  client.answer();
  flow.advance(61s);
  client.get("/a");
  if (wants) {
    const Answer hints = client.answer();
    CHECK(hints.status == 103);
    CHECK(hints.fields.at("link") == "</a.css>; rel=preload; as=style");
  }
  CHECK(client.wire().from_node.empty());
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "two");
  CHECK(client.answer().content == "two");
}

TEST_CASE("so is that of what must be validated once it is stale, not of what always must") {
  struct Row {
    std::string control;
    bool is_told;
  };
  const Row row = GENERATE(Row{"s-maxage=60", true}, // RFC 9111, 5.2.2.10
                           Row{"max-age=60, must-revalidate", true},
                           Row{"max-age=60, no-cache", false}, Row{"max-age=0", false});
  CAPTURE(row.control);
  Flow flow;
  Client client = flow.connect();
  const auto answer = [&](std::string_view content) {
    flow.origin().answer(200,
                         {{"cache-control", row.control},
                          {"etag", "\"" + std::string(content) + "\""},
                          {"link", "</a.css>; rel=preload"}},
                         content);
  };
  client.get("/a");
  answer("one");
  client.answer();
  flow.advance(61s);
  client.get("/a");
  CHECK(flow.origin().last().fields.at("if-none-match") == "\"one\"");
  CHECK(client.has_answer() == row.is_told);
  if (row.is_told) CHECK(client.answer().status == 103);
  answer("two");
  CHECK(client.answer().content == "two");
}

TEST_CASE("nobody is told who has gone") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  client.close();
  flow.origin().inform(103, {{"link", "</a.css>; rel=preload"}});
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "one");
  flow.settle();
  Client other = flow.connect();
  other.get("/a");
  CHECK(other.answer().content == "one");
}
