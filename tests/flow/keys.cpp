// What tells responses apart: the key, Vary, No-Vary-Search.
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

bool is_stored(Client& client, const std::string& target, Fields fields = {}) {
  fields.emplace_back("Cache-Control", "only-if-cached");
  client.get(target, fields);
  return client.answer().status == 200;
}

} // namespace

TEST_CASE("RFC 3986, 6.2.2: equivalent targets are one, for the origin too") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a/%7euser/./x/../%2fb?q=%7e");
  CHECK(flow.origin().last().target == "/a/~user/%2Fb?q=%7e");
  flow.origin().answer(200, kMinute, "one");
  client.answer();
  CHECK(is_stored(client, "/a/~user/%2Fb?q=%7e"));
  CHECK_FALSE(is_stored(client, "/a/~user//b?q=%7e"));
}

TEST_CASE("the query by the route's rule: what does not count is not sent either") {
  using cache::QueryRule;
  using Row = std::tuple<QueryRule, bool, const char*>;
  const auto [rule, sorts, expected] = GENERATE(table<QueryRule, bool, const char*>({
      Row{QueryRule::keep, false, "/a?v=2&utm_source=x&b=1"},
      Row{QueryRule::keep, true, "/a?b=1&utm_source=x&v=2"},
      Row{QueryRule::drop, false, "/a"},
      Row{QueryRule::allow, false, "/a?utm_source=x"},
      Row{QueryRule::deny, true, "/a?b=1&v=2"},
  }));
  Flow::Options options;
  options.route.key.query = rule;
  options.route.key.parameters = {"utm_*"};
  options.route.key.sort_query = sorts;
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a?v=2&utm_source=x&b=1");
  CHECK(flow.origin().last().target == expected);
  flow.origin().answer(200, kMinute, "one");
  client.answer();
  CHECK(is_stored(client, expected));
  client.request("POST", "/a?v=2&utm_source=x&b=1"); // not what is not stored
  CHECK(flow.origin().last().target == "/a?v=2&utm_source=x&b=1");
  flow.origin().answer(200, {}, "");
  client.answer();
  CHECK_FALSE(is_stored(client, expected)); // RFC 9111, 4.4, by the same rule
}

TEST_CASE("fields and cookies that a route counts") {
  Flow::Options options;
  options.route.key.headers = {"x-tenant"};
  options.route.key.cookies = {"theme"};
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"X-Tenant", "t1"}, {"Cookie", "id=7; theme=dark"}});
  flow.origin().answer(200, kMinute, "one");
  client.answer();
  CHECK(is_stored(client, "/a", {{"x-tenant", "t1"}, {"Cookie", "theme=dark; id=8"}}));
  CHECK_FALSE(is_stored(client, "/a", {{"x-tenant", "t2"}, {"Cookie", "theme=dark"}}));
  CHECK_FALSE(is_stored(client, "/a", {{"x-tenant", "t1"}, {"Cookie", "theme=light"}}));
  CHECK_FALSE(is_stored(client, "/a", {{"x-tenant", "t1"}}));
}

TEST_CASE("a field may be reduced to what matters") {
  Flow::Options options;
  options.route.normalize = {{"accept-encoding", {"br", "gzip"}},
                             {"accept-language", {"en", "de"}}};
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"Accept-Encoding", "gzip, deflate, br, zstd"},
                    {"Accept-Language", "fr, de-CH;q=0.9, en;q=0.8"}});
  CHECK(flow.origin().last().fields.at("accept-encoding") == "br, gzip");
  CHECK(flow.origin().last().fields.at("accept-language") == "de");
  Fields fields = kMinute;
  fields.emplace_back("vary", "accept-encoding, accept-language");
  flow.origin().answer(200, fields, "one");
  client.answer();
  CHECK(is_stored(client, "/a",
                  {{"Accept-Encoding", "br;q=0.1,gzip"}, {"Accept-Language", "de-AT"}}));
  CHECK_FALSE(is_stored(client, "/a", {{"Accept-Encoding", "gzip"}, {"Accept-Language", "de"}}));
}

TEST_CASE("No-Vary-Search: which parts of the query do not matter") {
  using Row = std::tuple<const char*, const char*, bool>;
  const auto [rule, target, is_same] = GENERATE(table<const char*, const char*, bool>({
      Row{"key-order", "/a?y=2&x=1", true},
      Row{"key-order", "/a?x=1&y=3", false},
      Row{"params=(\"y\")", "/a?x=1&y=9", true},
      Row{"params=(\"y\")", "/a?x=1", true},
      Row{"params=(\"y\")", "/a?x=1&%79=5", true},
      Row{"params=(\"y\")", "/a?x=2&y=2", false},
      Row{"params", "/a?z=1", true},
      Row{"params", "/a", true},
      Row{"params", "/b", false},
      Row{"params, except=(\"x\")", "/a?x=1&q", true},
      Row{"params, except=(\"x\")", "/a?x=2&y=2", false},
      Row{"except=(\"x\")", "/a?x=1", false}, // exceptions from nothing
      Row{"params=(y)", "/a?x=1", false},     // tokens are no strings
      Row{"key-order, broken=", "/a?y=2&x=1", false},
  }));
  CAPTURE(rule, target);
  Flow flow;
  Client client = flow.connect();
  client.get("/a?x=1&y=2");
  Fields fields = kMinute;
  fields.emplace_back("no-vary-search", rule);
  flow.origin().answer(200, fields, "one");
  client.answer();
  CHECK(is_stored(client, "/a?x=1&y=2"));
  CHECK(is_stored(client, target) == is_same);
  flow.purge({.urls = {"http://node.test/a?x=1&y=2"}});
  CHECK_FALSE(is_stored(client, "/a?x=1&y=2"));
}

TEST_CASE("RFC 9111, 4.1: preferences are compared by what they mean") {
  using Row = std::tuple<const char*, const char*, bool>;
  const auto [first, second, is_same] = GENERATE(table<const char*, const char*, bool>({
      Row{"gzip, br", "br,gzip", true},
      Row{"GZIP", "x-gzip", true},
      Row{"gzip;q=1.0", "gzip", true},
      Row{"gzip, br;q=0", "gzip", true},
      Row{"gzip;q=0.5, br", "br, gzip;q=0.50", true},
      Row{"gzip;q=0.5, br", "br, gzip", false},
      Row{"*, br;q=0", "*", false},
      Row{"gzip, identity;q=0", "gzip", false},
      Row{"gzip", "gzip, br", false},
  }));
  CAPTURE(first, second);
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Accept-Encoding", first}});
  Fields fields = kMinute;
  fields.emplace_back("vary", "Accept-Encoding");
  flow.origin().answer(200, fields, "one");
  client.answer();
  CHECK(is_stored(client, "/a", {{"Accept-Encoding", second}}) == is_same);
}
