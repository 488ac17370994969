// The field that directs this cache was not stored, since clients must not see it; so a 304 that
// did not repeat it was judged by the next one. And what is not for one request ended it for all.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Flow;
using namespace std::chrono_literals;

TEST_CASE("RFC 9111, 3.2 and RFC 9213, 2.2: the deciding field outlives a 304 without it") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200,
                       {{"selvedge-cache-control", "no-cache"},
                        {"cache-control", "max-age=86400"},
                        {"etag", "\"1\""}},
                       "one");
  CHECK_FALSE(client.answer().fields.contains("selvedge-cache-control"));
  for (int i = 0; i < 2; ++i) {
    client.get("/a");
    CHECK(flow.origin().fetches() == static_cast<std::size_t>(i + 2));
    flow.origin().answer(304, {{"cache-control", "max-age=86400"}, {"etag", "\"1\""}}, "");
    const Answer answer = client.answer();
    CHECK(answer.content == "one");
    CHECK_FALSE(answer.fields.contains("selvedge-cache-control"));
  }
}

TEST_CASE("RFC 9111, 3.5: one client's Authorization does not end what others may have") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "one");
  client.answer();
  client.get("/a", {{"Authorization", "x"}, {"Cache-Control", "no-cache"}});
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"2\""}}, "mine");
  CHECK(client.answer().content == "mine");
  client.get("/a");
  CHECK(client.answer().content == "one");
  client.get("/a", {{"Authorization", "x"}, {"Cache-Control", "no-cache"}});
  flow.origin().answer(304, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "");
  client.answer();
  client.get("/a");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=60");
}

TEST_CASE("RFC 9110, 7.6.2: OPTIONS goes as far as it may") {
  Flow flow;
  Client client = flow.connect();
  client.request("OPTIONS", "/a", {{"Max-Forwards", "0"}});
  CHECK(client.answer().status == 204);
  client.request("OPTIONS", "/a", {{"Max-Forwards", "3"}});
  CHECK(flow.origin().last().fields.at("max-forwards") == "2");
  flow.origin().answer(204, {}, "");
  CHECK(client.answer().status == 204);
}
