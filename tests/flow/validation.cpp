// Validation: what a 304, a HEAD and a client's own condition mean (RFC 9111, 4.3).
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using namespace std::chrono_literals;

namespace {

constexpr const char* kModified = "Mon, 01 Dec 2025 00:00:00 GMT";

Client client_of(Flow& flow, const Fields& fields, std::string_view content = "one") {
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, fields, content);
  client.answer();
  return client;
}

} // namespace

TEST_CASE("RFC 9111, 3.2: a 304 updates every field but those that say what the bytes are") {
  Flow flow;
  Client client = client_of(flow, {{"cache-control", "max-age=60"},
                                   {"etag", "\"1\""},
                                   {"content-type", "text/plain"},
                                   {"content-encoding", "x-made-up"},
                                   {"x-old", "kept"},
                                   {"x-both", "old"}});
  flow.advance(61s);
  client.get("/a");
  flow.origin().answer(304,
                       {{"cache-control", "max-age=30"},
                        {"etag", "\"1\""},
                        {"content-type", "text/html"},
                        {"content-encoding", "gzip"},
                        {"content-length", "99"},
                        {"x-both", "new"},
                        {"x-new", "there"},
                        {"connection", "x-hop"},
                        {"x-hop", "no"}},
                       "");
  client.answer();
  client.get("/a");
  const Answer hit = client.answer();
  CHECK(hit.content == "one");
  CHECK(hit.fields.at("cache-control") == "max-age=30");
  CHECK(hit.fields.at("content-type") == "text/html");
  CHECK(hit.fields.at("content-encoding") == "x-made-up");
  CHECK(hit.fields.at("x-old") == "kept");
  CHECK(hit.fields.at("x-both") == "new");
  CHECK(hit.fields.at("x-new") == "there");
  CHECK_FALSE(hit.fields.contains("x-hop"));
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("RFC 9111, 5.1: an answer has one Age, whatever the confirmation says") {
  Flow flow;
  Client client = client_of(flow, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  flow.advance(61s);
  client.get("/a");
  flow.origin().answer(304, {{"cache-control", "max-age=60"}, {"age", "30"}, {"etag", "\"1\""}},
                       "");
  flow.settle();
  const auto ages = [&client] {
    const std::string& text = client.wire().from_node;
    std::size_t count = 0;
    for (std::size_t at = text.find("\r\nage:"); at != std::string::npos;
         at = text.find("\r\nage:", at + 1)) {
      ++count;
    }
    return count;
  };
  CHECK(ages() == 1);
  client.answer();
  flow.advance(5s);
  client.get("/a");
  CHECK(ages() == 1);
  CHECK(client.answer().fields.at("age") == "35");
}

TEST_CASE("RFC 9111, 4.3.4: a 304 about something else is no confirmation") {
  Flow flow;
  Client client = client_of(flow, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  flow.advance(61s);
  client.get("/a");
  flow.origin().answer(304, {{"etag", "\"2\""}}, "");
  flow.settle();
  CHECK(flow.origin().fetches() == 3);
  CHECK_FALSE(flow.origin().last().fields.contains("if-none-match"));
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"2\""}}, "two");
  CHECK(client.answer().content == "two");
}

TEST_CASE("RFC 9111, 4.3.1: a variant that is stored may be right for another request") {
  Flow flow;
  Client client = flow.connect();
  const Fields vary{{"cache-control", "max-age=60"}, {"vary", "x-side"}, {"etag", "\"l\""}};
  client.get("/a", {{"X-Side", "left"}});
  flow.origin().answer(200, vary, "shared");
  client.answer();
  client.get("/a", {{"X-Side", "right"}});
  CHECK(flow.origin().last().fields.at("if-none-match") == "\"l\"");
  flow.origin().answer(304, vary, "");
  const Answer answer = client.answer();
  CHECK(answer.status == 200);
  CHECK(answer.content == "shared");
  CHECK(answer.fields.at("cache-status") == "selvedge; fwd=vary-miss; fwd-status=304; stored");
  for (const char* side : {"left", "right"}) { // both are stored, with the same bytes
    client.get("/a", {{"X-Side", side}});
    CHECK(client.answer().content == "shared");
  }
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("RFC 9111, 4.3.5: a HEAD updates the stored response that agrees with it") {
  Flow flow;
  Client client = client_of(flow, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  flow.advance(61s);
  client.request("HEAD", "/a");
  CHECK(flow.origin().last().method == "HEAD");
  flow.origin()
      .begin(200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}, {"x-new", "1"}}, 3)
      ->is_ended = true;
  CHECK(client.answer("HEAD").fields.at("x-new") == "1");
  client.get("/a");
  const Answer hit = client.answer();
  CHECK(hit.content == "one");
  CHECK(hit.fields.at("x-new") == "1");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("RFC 9111, 4.3.5: a HEAD that disagrees ends the stored response") {
  const bool by_length = GENERATE(true, false);
  Flow flow;
  Client client = client_of(flow, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  flow.advance(61s);
  client.request("HEAD", "/a");
  const Fields fields{{"cache-control", "max-age=60"}, {"etag", by_length ? "\"1\"" : "\"2\""}};
  flow.origin().begin(200, fields, by_length ? 99 : 3)->is_ended = true;
  client.answer("HEAD");
  client.get("/a");
  CHECK_FALSE(flow.origin().last().fields.contains("if-none-match"));
  flow.origin().answer(200, fields, "two");
  CHECK(client.answer().content == "two");
}

TEST_CASE("RFC 9111, 4.3.2: a client's condition is answered from the store") {
  Flow flow;
  Client client = client_of(flow, {{"cache-control", "max-age=60"},
                                   {"etag", "\"1\""},
                                   {"last-modified", kModified},
                                   {"content-type", "text/css"},
                                   {"content-location", "/b"}});
  client.get("/a", {{"If-None-Match", "W/\"0\", W/\"1\""}});
  const Answer held = client.answer();
  CHECK(held.status == 304);
  CHECK(held.fields.at("etag") == "\"1\"");
  CHECK(held.fields.contains("date"));
  CHECK(held.fields.contains("cache-control"));
  CHECK(held.fields.at("content-location") == "/b");
  CHECK_FALSE(held.fields.contains("content-type")); // RFC 9110, 15.4.5
  client.get("/a", {{"If-None-Match", "\"2\""}, {"If-Modified-Since", kModified}});
  CHECK(client.answer().status == 200); // RFC 9110, 13.1.3: the date does not count
  client.get("/a", {{"If-Modified-Since", kModified}});
  CHECK(client.answer().status == 304);
  client.get("/a", {{"If-Modified-Since", "Sun, 30 Nov 2025 00:00:00 GMT"}});
  CHECK(client.answer().status == 200);
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("RFC 9111, 5.2.1.4 and 5.2.1.1: a client may have the origin asked") {
  const char* directive = GENERATE("no-cache", "max-age=0", "max-age=5", "min-fresh=55");
  Flow flow;
  Client client = client_of(flow, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  flow.advance(10s);
  client.get("/a", {{"Cache-Control", directive}});
  CHECK(flow.origin().last().fields.at("if-none-match") == "\"1\"");
  flow.origin().answer(304, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "");
  const Answer answer = client.answer();
  CHECK(answer.content == "one");
  CHECK(answer.fields.at("cache-status") == "selvedge; fwd=request; fwd-status=304; stored");
}

TEST_CASE("a route need not let clients do that") {
  Flow::Options options;
  options.route.clients_may_revalidate = false;
  Flow flow(options);
  Client client = client_of(flow, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  client.get("/a", {{"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}});
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=60");
}

TEST_CASE("what needs the origin's word each time is not shared with who came meanwhile") {
  Flow flow;
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(flow.connect());
  for (Client& client : clients) client.get("/a");
  CHECK(flow.origin().fetches() == 1);
  const Fields fields{{"cache-control", "no-cache"}, {"etag", "\"1\""}};
  flow.origin().answer(200, fields, "one");
  CHECK(clients[0].answer().content == "one");
  // RFC 9111, 5.2.2.4: each of them has it confirmed.
  CHECK(flow.origin().fetches() == clients.size());
  while (flow.origin().waiting() != nullptr) {
    CHECK(flow.origin().waiting()->fields.at("if-none-match") == "\"1\"");
    flow.origin().answer(304, fields, "");
    flow.settle();
  }
  for (std::size_t i = 1; i < clients.size(); ++i) CHECK(clients[i].answer().content == "one");
}
