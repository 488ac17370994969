// What ends stored responses: unsafe methods (RFC 9111, 4.4), groups (RFC 9875), purges.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using namespace std::chrono_literals;

namespace {

const Fields kMinute{{"cache-control", "max-age=60"}};

void store(Flow& flow, Client& client, const std::string& target, const Fields& more = {}) {
  client.get(target);
  Fields fields = kMinute;
  fields.insert(fields.end(), more.begin(), more.end());
  flow.origin().answer(200, fields, "stored");
  client.answer();
}

// Asks the store only.
bool is_stored(Client& client, const std::string& target) {
  client.get(target, {{"Cache-Control", "only-if-cached"}});
  return client.answer().status == 200;
}

} // namespace

TEST_CASE("RFC 9111, 4.4: a request that changes the target ends what is stored for it") {
  const std::string method = GENERATE("POST", "PUT", "DELETE", "PATCH", "M-UNKNOWN");
  const int status = GENERATE(200, 204, 303);
  Flow flow;
  Client client = flow.connect();
  store(flow, client, "/a");
  store(flow, client, "/b");
  client.request(method, "/a");
  flow.origin().answer(static_cast<http::Status>(status), {}, "");
  client.answer();
  CHECK_FALSE(is_stored(client, "/a"));
  CHECK(is_stored(client, "/b"));
}

TEST_CASE("RFC 9111, 4.4: not when it failed, and not by safe methods") {
  using Row = std::tuple<const char*, int>;
  const auto [method, status] =
      GENERATE(table<const char*, int>({Row{"POST", 400}, Row{"POST", 500}, Row{"OPTIONS", 200}}));
  Flow flow;
  Client client = flow.connect();
  store(flow, client, "/a");
  client.request(method, "/a");
  flow.origin().answer(static_cast<http::Status>(status), {}, "");
  client.answer();
  CHECK(is_stored(client, "/a"));
}

TEST_CASE("RFC 9111, 4.4: Location and Content-Location, of the same origin only") {
  const std::string name = GENERATE("location", "content-location");
  using Row = std::tuple<const char*, bool>;
  const auto [reference, ends] = GENERATE(table<const char*, bool>({
      Row{"/dir/other", true},
      Row{"http://node.test/dir/other", true},
      Row{"http://NODE.test:80/dir/./other", true},
      Row{"//node.test/dir/other", true},
      Row{"other", true}, // relative to /dir/here
      Row{"http://elsewhere.test/dir/other", false},
      Row{"https://node.test/dir/other", false},
      Row{"http://node.test:8080/dir/other", false},
      Row{"", false},
  }));
  CAPTURE(name, reference);
  Flow flow;
  Client client = flow.connect();
  store(flow, client, "/dir/other");
  client.request("POST", "/dir/here");
  flow.origin().answer(201, {{name, reference}}, "");
  client.answer();
  CHECK(is_stored(client, "/dir/other") != ends);
}

TEST_CASE("RFC 9111, 4.4: a fill that was under way is not stored either") {
  Flow flow;
  Client reader = flow.connect();
  Client writer = flow.connect();
  reader.get("/a");
  const auto fetch = flow.origin().begin(200, kMinute, 3);
  flow.settle();
  writer.request("POST", "/a");
  flow.origin().answer(200, {}, "");
  writer.answer();
  test::ScriptedOrigin::piece(*fetch, "old");
  test::ScriptedOrigin::end(*fetch);
  CHECK(reader.answer().content == "old");
  CHECK_FALSE(is_stored(reader, "/a"));
}

TEST_CASE("RFC 9875, 3: a group is ended by a response to an unsafe request") {
  Flow flow;
  Client client = flow.connect();
  store(flow, client, "/a", {{"cache-groups", "\"scripts\", \"all\""}});
  store(flow, client, "/b", {{"cache-groups", "\"styles\""}});
  client.get("/c"); // RFC 9875, 3: of a safe method it does not count
  flow.origin().answer(200, {{"cache-group-invalidation", "\"scripts\""}}, "");
  client.answer();
  CHECK(is_stored(client, "/a"));
  client.request("POST", "/c");
  flow.origin().answer(200, {{"cache-group-invalidation", "\"scripts\""}}, "");
  client.answer();
  CHECK_FALSE(is_stored(client, "/a"));
  CHECK(is_stored(client, "/b"));
}

TEST_CASE("a tag in any of its fields ends what has it, and clients do not see it") {
  using Row = std::tuple<const char*, const char*>;
  const auto [name, value] = GENERATE(table<const char*, const char*>({
      Row{"surrogate-key", "one two three"},
      Row{"xkey", "one two, three"},
      Row{"cache-tag", "one,two, three"},
  }));
  Flow flow;
  Client client = flow.connect();
  store(flow, client, "/a", {{name, value}});
  store(flow, client, "/b", {{name, "four"}});
  client.get("/a");
  CHECK_FALSE(client.answer().fields.contains(name));
  const proxy::PurgeReceipt receipt = flow.purge({.tags = {"two"}});
  CHECK(receipt.matched == 1);
  CHECK_FALSE(is_stored(client, "/a"));
  CHECK(is_stored(client, "/b"));
}

TEST_CASE("a purge during a fill wins over it") {
  const bool has_head = GENERATE(true, false);
  Flow flow;
  Client client = flow.connect();
  Client late = flow.connect();
  client.get("/a");
  const Fields tagged{{"cache-control", "max-age=60"}, {"surrogate-key", "t"}};
  test::ScriptedOrigin::FetchPtr fetch;
  if (has_head) {
    fetch = flow.origin().begin(200, tagged, 3);
    flow.settle();
  }
  flow.purge({.tags = {"t"}});
  late.get("/a");
  if (!has_head) fetch = flow.origin().begin(200, tagged, 3);
  test::ScriptedOrigin::piece(*fetch, "old");
  test::ScriptedOrigin::end(*fetch);
  CHECK(client.answer().content == "old");
  CHECK(flow.origin().fetches() == 2); // who came after the purge does not get the old one
  flow.origin().answer(200, tagged, "new");
  CHECK(late.answer().content == "new");
}

TEST_CASE("prefix, host and everything") {
  const auto [request, a, b] = GENERATE(table<proxy::PurgeRequest, bool, bool>({
      {proxy::PurgeRequest{.prefixes = {"node.test/x"}}, false, true},
      {proxy::PurgeRequest{.prefixes = {"http://node.test/x/1"}}, false, true},
      {proxy::PurgeRequest{.prefixes = {"node.test/x/1/a"}}, false, true}, // with its queries
      {proxy::PurgeRequest{.prefixes = {"node.test/x/1/"}}, false, true},
      {proxy::PurgeRequest{.prefixes = {"node.test/x/1/a.c"}}, true, true}, // whole segments
      {proxy::PurgeRequest{.hosts = {"node.test"}}, false, false},
      {proxy::PurgeRequest{.hosts = {"elsewhere.test"}}, true, true},
      {proxy::PurgeRequest{.everything = true}, false, false},
  }));
  Flow flow;
  Client client = flow.connect();
  store(flow, client, "/x/1/a?q=1");
  store(flow, client, "/y/b");
  flow.purge(request);
  CHECK(is_stored(client, "/x/1/a?q=1") == a);
  CHECK(is_stored(client, "/y/b") == b);
}

TEST_CASE("a soft purge makes stale: it is validated, and used meanwhile where that is allowed") {
  const std::string more = GENERATE("", ", stale-while-revalidate=60");
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(
      200, {{"cache-control", "max-age=600" + more}, {"etag", "\"1\""}, {"xkey", "t"}}, "one");
  client.answer();
  flow.purge({.tags = {"t"}, .soft = true});
  client.get("/a");
  CHECK(flow.origin().last().fields.at("if-none-match") == "\"1\"");
  if (!more.empty()) CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=0");
  flow.origin().answer(304, {{"etag", "\"1\""}}, "");
  flow.settle();
  if (more.empty()) CHECK(client.answer().content == "one");
  client.get("/a");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=600");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("a cache in between that has not heard of the purge does not bring the old copy back") {
  const bool by_tag = GENERATE(true, false);
  Flow flow;
  Client client = flow.connect();
  const Fields copy{{"cache-control", "max-age=600"}, {"xkey", "t"}, {"age", "100"}};
  client.get("/a");
  flow.origin().answer(200, copy, "old");
  client.answer();
  if (by_tag) {
    flow.purge({.tags = {"t"}});
  } else {
    flow.purge({.urls = {"http://node.test/a"}});
  }
  flow.advance(5s);
  client.get("/a");
  flow.origin().answer(200, copy, "old");
  flow.settle();
  CHECK(flow.origin().fetches() == 3); // asked again, past it
  CHECK(flow.origin().last().fields.at("cache-control") == "no-cache");
  flow.origin().answer(200, {{"cache-control", "max-age=600"}, {"xkey", "t"}}, "new");
  CHECK(client.answer().content == "new");
  CHECK(is_stored(client, "/a"));
}

TEST_CASE("PURGE is for those who may") {
  Flow::Options options;
  const bool may = GENERATE(true, false);
  options.purge.allow = {may ? "0.0.0.0/0" : "198.51.100.1"};
  Flow flow(options);
  Client client = flow.connect();
  store(flow, client, "/a", {{"surrogate-key", "t"}});
  client.request("PURGE", "/a");
  CHECK(client.answer().status == (may ? 200 : 403));
  CHECK(is_stored(client, "/a") != may);
  if (may) store(flow, client, "/a", {{"surrogate-key", "t"}});
  client.request("PURGE", "/other", {{"Surrogate-Key", "t"}});
  client.answer();
  CHECK(is_stored(client, "/a") != may);
}

TEST_CASE("without a list of those who may, PURGE is a method like others") {
  Flow flow;
  Client client = flow.connect();
  client.request("PURGE", "/a");
  CHECK(flow.origin().last().method == "PURGE");
  flow.origin().answer(501, {}, "");
  CHECK(client.answer().status == 501);
}
