// What a cache must do, seen from clients and the origin.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Flow;
using namespace std::chrono_literals;

namespace {
const test::Fields kMinute{{"cache-control", "max-age=60"}};
}

TEST_CASE("a fresh response is fetched once and then served from the store") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a.css");
  flow.origin().answer(200, kMinute, "body { color: red }");
  const Answer miss = client.answer();
  CHECK(miss.content == "body { color: red }");
  CHECK(miss.fields.at("cache-status") == "selvedge; fwd=uri-miss; fwd-status=200; stored");
  CHECK_FALSE(miss.fields.contains("age")); // RFC 9111, 5.1: it was made for this request
  CHECK(miss.fields.at("via") == "1.1 selvedge");

  flow.advance(10s);
  client.get("/a.css");
  const Answer hit = client.answer();
  CHECK(hit.content == miss.content);
  CHECK(hit.fields.at("cache-status") == "selvedge; hit; ttl=50");
  CHECK(hit.fields.at("age") == "10");
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("a stale response is validated and keeps its content") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "one");
  client.answer();
  flow.advance(61s);
  client.get("/a");
  CHECK(flow.origin().last().fields.at("if-none-match") == "\"1\"");
  flow.origin().answer(304, {{"cache-control", "max-age=30"}, {"etag", "\"1\""}}, "");
  const Answer again = client.answer();
  CHECK(again.status == 200);
  CHECK(again.content == "one");
  CHECK(again.fields.at("cache-status") == "selvedge; fwd=stale; fwd-status=304; stored");
  client.get("/a");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=30");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("a validation that brings a new response replaces the old one") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "one");
  client.answer();
  flow.advance(61s);
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"2\""}}, "two");
  CHECK(client.answer().content == "two");
  client.get("/a");
  CHECK(client.answer().content == "two");
}

TEST_CASE("stale-while-revalidate answers at once and asks the origin behind") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60, stale-while-revalidate=30"}}, "one");
  client.answer();
  flow.advance(65s);
  client.get("/a");
  const Answer stale = client.answer();
  CHECK(stale.content == "one");
  CHECK(stale.fields.at("cache-status") == "selvedge; hit; ttl=-5");
  CHECK(flow.origin().fetches() == 2);
  flow.origin().answer(200, kMinute, "two");
  flow.settle();
  client.get("/a");
  CHECK(client.answer().content == "two");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("what must not be stored passes, and does not queue") {
  const std::string directive = GENERATE("no-store", "private", "max-age=0");
  Flow flow;
  auto first = flow.connect();
  auto second = flow.connect();
  first.get("/account");
  flow.origin().answer(200, {{"cache-control", directive}}, "yours");
  CHECK(first.answer().content == "yours");
  second.get("/account");
  flow.origin().answer(200, {{"cache-control", directive}}, "mine");
  const Answer answer = second.answer();
  CHECK(answer.content == "mine");
  CHECK(answer.fields.at("cache-status").find("hit") == std::string::npos);
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("what was not for storing a moment ago may be now") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "no-store"}}, "one");
  client.answer();
  client.get("/a");
  flow.origin().answer(200, kMinute, "two");
  CHECK(client.answer().fields.at("cache-status") ==
        "selvedge; fwd=uri-miss; fwd-status=200; stored");
  client.get("/a");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=60");
}

TEST_CASE("the conditions of a client count for what is not stored") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "no-store"}, {"etag", "\"1\""}}, "one");
  client.answer();
  client.get("/a", {{"If-None-Match", "\"1\""}});
  CHECK(flow.origin().last().fields.at("if-none-match") == "\"1\"");
  flow.origin().answer(304, {{"etag", "\"1\""}}, "");
  CHECK(client.answer().status == 304);
}

TEST_CASE("variants are kept apart by what Vary names") {
  Flow flow;
  auto client = flow.connect();
  const test::Fields vary{{"cache-control", "max-age=60"}, {"vary", "accept-encoding"}};
  client.get("/a", {{"Accept-Encoding", "gzip"}});
  flow.origin().answer(200, vary, "gzipped");
  CHECK(client.answer().content == "gzipped");
  client.get("/a");
  flow.origin().answer(200, vary, "plain");
  CHECK(client.answer().content == "plain");
  client.get("/a", {{"Accept-Encoding", "gzip"}});
  CHECK(client.answer().content == "gzipped");
  client.get("/a");
  CHECK(client.answer().content == "plain");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("a client that holds the response is told so") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "one");
  client.answer();
  client.get("/a", {{"If-None-Match", "\"1\""}});
  const Answer answer = client.answer();
  CHECK(answer.status == 304);
  CHECK(answer.fields.at("etag") == "\"1\"");
  client.get("/a", {{"If-None-Match", "\"0\""}});
  CHECK(client.answer().content == "one");
}

TEST_CASE("a request's conditions and range do not shape what everybody gets") {
  Flow::Options options;
  options.route.range_miss = proxy::RangeMiss::whole;
  Flow flow(options);
  auto client = flow.connect();
  client.get("/a", {{"Range", "bytes=0-1"}, {"If-None-Match", "\"9\""}});
  CHECK_FALSE(flow.origin().last().fields.contains("range"));
  CHECK_FALSE(flow.origin().last().fields.contains("if-none-match"));
  flow.origin().answer(200, kMinute, "whole");
  CHECK(client.answer().content == "wh");
  client.get("/a");
  CHECK(client.answer().content == "whole");
}

TEST_CASE("HEAD is answered from what GET stored") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kMinute, "12345");
  client.answer();
  client.send("HEAD /a HTTP/1.1\r\nHost: node.test\r\n\r\n");
  const Answer head = client.answer("HEAD");
  CHECK(head.fields.at("content-length") == "5");
  CHECK(head.fields.at("cache-status") == "selvedge; hit; ttl=60");
}

TEST_CASE("only-if-cached does not ask the origin") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a", {{"Cache-Control", "only-if-cached"}});
  CHECK(client.answer().status == 504);
  CHECK(flow.origin().fetches() == 0);
}

TEST_CASE("a purge during a fill wins: what was being fetched is not stored") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.purge({.urls = {"http://node.test/a"}});
  flow.origin().answer(200, kMinute, "old");
  CHECK(client.answer().content == "old");
  client.get("/a");
  flow.origin().answer(200, kMinute, "new");
  CHECK(client.answer().content == "new");
}

TEST_CASE("a response beyond the size limit passes, announced or not") {
  Flow::Options options;
  options.max_object = 1000;
  const bool is_announced = GENERATE(true, false);
  Flow flow(options);
  auto client = flow.connect();
  const std::string large(5000, 'x');
  client.get("/large");
  if (is_announced) {
    flow.origin().answer(200, kMinute, large);
  } else {
    const auto fetch = flow.origin().begin(200, kMinute);
    flow.settle();
    for (int i = 0; i < 5; ++i) {
      test::ScriptedOrigin::piece(*fetch, large.substr(0, 1000));
      flow.settle();
    }
    test::ScriptedOrigin::end(*fetch);
  }
  CHECK(client.answer().content == large);
  CHECK(flow.store()
            .variants({"http://node.test/large", base::fingerprint("http://node.test/large")})
            .size() <= 1); // at most the note that it passes
  client.get("/large");
  CHECK(flow.origin().fetches() == 2);
}
