// What is stored, for whom, and for how long: the rules of decide_store() seen from outside.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using namespace std::chrono_literals;

namespace {

bool is_stored(Client& client, const std::string& target) {
  client.get(target, {{"Cache-Control", "only-if-cached"}});
  return client.answer().status != 504;
}

Answer ask(Flow& flow, Client& client, const Fields& fields, http::Status status = 200) {
  client.get("/a");
  flow.origin().answer(status, fields, "one");
  return client.answer();
}

} // namespace

TEST_CASE("RFC 9111, 5.2.2.7 and 5.2.2.4: fields for one client") {
  const std::string directive = GENERATE("private=\"x-you, X-Other\"", "no-cache=\"x-you\"");
  Flow flow;
  Client client = flow.connect();
  const Answer first =
      ask(flow, client,
          {{"cache-control", "max-age=60, " + directive}, {"x-you", "secret"}, {"x-all", "shown"}});
  CHECK(first.fields.at("x-you") == "secret"); // it was made for this client
  client.get("/a");
  const Answer hit = client.answer();
  CHECK(hit.fields.at("cache-status") == "selvedge; hit; ttl=60");
  CHECK_FALSE(hit.fields.contains("x-you"));
  CHECK(hit.fields.at("x-all") == "shown");
}

TEST_CASE("RFC 9111, 7.3: cookies by the route's rule") {
  using cache::CookieRule;
  using Row = std::tuple<CookieRule, const char*, bool, bool>;
  const auto [rule, control, stored, has_cookie] =
      GENERATE(table<CookieRule, const char*, bool, bool>({
          Row{CookieRule::bypass, "max-age=60", false, true},
          Row{CookieRule::bypass, "public, max-age=60", true, true},
          Row{CookieRule::strip, "max-age=60", true, false},
          Row{CookieRule::store, "max-age=60", true, true},
      }));
  Flow::Options options;
  options.route.set_cookie = rule;
  Flow flow(options);
  Client client = flow.connect();
  const Answer first = ask(flow, client, {{"cache-control", control}, {"set-cookie", "id=1"}});
  CHECK(first.fields.contains("set-cookie") == has_cookie);
  CHECK(is_stored(client, "/a") == stored);
}

TEST_CASE("RFC 9213, 2.2: the most specific field decides, if it is valid") {
  using Row = std::tuple<Fields, const char*>;
  const auto [fields, lifetime] = GENERATE(table<Fields, const char*>({
      Row{{{"cache-control", "max-age=1"}, {"cdn-cache-control", "max-age=60"}}, "60"},
      Row{{{"cache-control", "no-store"}, {"cdn-cache-control", "max-age=60"}}, "60"},
      Row{{{"cdn-cache-control", "max-age=1"}, {"selvedge-cache-control", "max-age=60"}}, "60"},
      Row{{{"cache-control", "max-age=60"}, {"cdn-cache-control", "max-age=\"1\""}}, "60"},
      Row{{{"cache-control", "max-age=60"}, {"cdn-cache-control", "max-age=1,,"}}, "60"},
      Row{{{"cache-control", "max-age=60"}, {"cdn-cache-control", ""}}, "60"},
      Row{{{"cache-control", "max-age=1"}, {"surrogate-control", "max-age=60"}}, "60"},
      Row{{{"cache-control", "max-age=60"}, {"cdn-cache-control", "no-store"}}, ""},
      Row{{{"expires", "Fri, 01 Jan 2038 00:00:00 GMT"}, {"cdn-cache-control", "public"}}, ""},
  }));
  Flow flow;
  Client client = flow.connect();
  ask(flow, client, fields);
  CHECK(is_stored(client, "/a") == (std::string_view(lifetime) != ""));
  if (std::string_view(lifetime).empty()) return;
  client.get("/a");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=" + std::string(lifetime));
}

TEST_CASE("RFC 9111, 3: explicit freshness makes any final status storable") {
  const int status =
      GENERATE(200, 201, 203, 204, 299, 302, 307, 400, 403, 404, 418, 499, 500, 503, 599);
  Flow flow;
  Client client = flow.connect();
  ask(flow, client, {{"cache-control", "max-age=60"}}, static_cast<http::Status>(status));
  client.get("/a", {{"Cache-Control", "only-if-cached"}});
  CHECK(client.answer().status == status);
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("lifetimes of the configuration for statuses without one") {
  Flow::Options options;
  options.route.status_lifetimes = {"404 10s", "4xx 1m"};
  Flow flow(options);
  Client client = flow.connect();
  const auto [status, ttl] = GENERATE(table<int, const char*>({{404, "10"}, {403, "60"}}));
  ask(flow, client, {}, static_cast<http::Status>(status));
  client.get("/a");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=" + std::string(ttl));
}

TEST_CASE("RFC 9111, 4.2.2: a tenth of the time it did not change") {
  Flow flow; // at 2026-01-01
  Client client = flow.connect();
  ask(flow, client, {{"last-modified", "Wed, 31 Dec 2025 23:50:00 GMT"}});
  client.get("/a");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=60");
}

TEST_CASE("RFC 9111, 3.1 and RFC 9110, 7.6.1: fields of one connection are not stored") {
  Flow flow;
  Client client = flow.connect();
  ask(flow, client,
      {{"cache-control", "max-age=60"},
       {"connection", "x-hop, close"},
       {"x-hop", "1"},
       {"keep-alive", "timeout=5"},
       {"proxy-authenticate", "Basic"},
       {"proxy-authentication-info", "x"},
       {"upgrade", "h3"},
       {"x-end", "2"}});
  client.get("/a");
  const Answer hit = client.answer();
  for (const char* name :
       {"x-hop", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "upgrade"}) {
    CHECK_FALSE(hit.fields.contains(name));
  }
  CHECK(hit.fields.at("x-end") == "2");
}

TEST_CASE("RFC 9111, 5.2.1.5: a request's no-store is about its answer, not about what is stored") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Cache-Control", "no-store"}});
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "one");
  client.answer();
  CHECK_FALSE(is_stored(client, "/a"));
  ask(flow, client, {{"cache-control", "max-age=60"}});
  client.get("/a", {{"Cache-Control", "no-store"}});
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=60");
}
