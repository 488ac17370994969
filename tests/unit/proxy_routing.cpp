#include <selvedge/proxy/routing.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge;
using namespace selvedge::proxy;

namespace {

RouteOptions route(const std::string& name, const std::string& prefix) {
  RouteOptions options;
  options.name = name;
  options.prefix = prefix;
  options.origin = "app";
  return options;
}

std::vector<SiteOptions> sites() {
  return {
      {"shop",
       {"shop.example", "www.shop.example"},
       {route("all", "/"), route("api", "/api/"), route("v2", "/api/v2/")}},
      {"wide", {"*.example"}, {route("all", "/")}},
      {"narrow", {"*.b.example"}, {route("all", "/")}},
      {"six", {"[::1]"}, {route("all", "/")}},
  };
}

Routing routing_of(const std::vector<SiteOptions>& options, RouteCounterMap& counters) {
  Routing::Origins origins;
  origins.by_name["app"] = nullptr;
  ReleaseBoards boards;
  return {options, std::move(origins), 1000, counters, boards};
}

// "site/route", or "none".
std::string found(const Routing& routing, const char* authority, const char* path) {
  const Route* route = routing.find(authority, path);
  return route != nullptr ? route->name : "none";
}

} // namespace

TEST_CASE("the host finds the site, the path the route", "[proxy][routing]") {
  RouteCounterMap counters;
  const Routing routing = routing_of(sites(), counters);
  using Row = std::tuple<const char*, const char*, const char*>;
  const auto [authority, path, name] = GENERATE(table<const char*, const char*, const char*>({
      Row{"shop.example", "/", "shop/all"},
      Row{"shop.example:8443", "/", "shop/all"},
      Row{"SHOP.Example", "/", "shop/all"},
      Row{"www.shop.example", "/x", "shop/all"},
      Row{"shop.example", "/api/", "shop/api"},
      Row{"shop.example", "/api", "shop/all"},
      Row{"shop.example", "/api/v1", "shop/api"},
      Row{"shop.example", "/api/v2/x", "shop/v2"},
      Row{"shop.example", "/API/", "shop/all"}, // RFC 9110, 4.2.3: paths are case-sensitive
      Row{"shop.example", "*", "shop/all"},     // RFC 9110, 9.3.7: OPTIONS * is about the server
      Row{"other.example", "/", "wide/all"},
      Row{"a.b.c.example:80", "/", "wide/all"},
      Row{"a.b.example", "/", "narrow/all"}, // the longest wildcard
      Row{"b.example", "/", "wide/all"},
      Row{"example", "/", "none"}, // a wildcard stands for a label at least
      Row{"badexample", "/", "none"},
      Row{"[::1]", "/", "six/all"},
      Row{"[::1]:8080", "/", "six/all"},
      Row{"", "/", "none"},
      Row{"unknown.test", "/", "none"},
  }));
  CAPTURE(authority, path);
  CHECK(found(routing, authority, path) == name);
}

TEST_CASE("a site for every other host", "[proxy][routing]") {
  RouteCounterMap counters;
  auto options = sites();
  options.push_back({"rest", {"*"}, {route("all", "/")}});
  const Routing routing = routing_of(options, counters);
  CHECK(found(routing, "unknown.test", "/") == "rest/all");
  CHECK(found(routing, "", "/") == "rest/all");
  CHECK(found(routing, "shop.example", "/") == "shop/all");
  CHECK(found(routing, std::string(300, 'a').c_str(), "/") == "rest/all");

  const Routing only = routing_of({{"rest", {"*"}, {route("all", "/a/")}}}, counters);
  CHECK(found(only, "unknown.test", "/a/b") == "rest/all");
  CHECK(found(only, "unknown.test", "/b") == "none");
}

TEST_CASE("a route's options become its policy, and its counters outlive a reload",
          "[proxy][routing]") {
  RouteCounterMap counters;
  SiteOptions site{"s", {"*"}, {route("r", "/")}};
  site.routes[0].cache = false;
  site.routes[0].default_lifetime = std::chrono::seconds(7);
  site.routes[0].clients_may_revalidate = true;
  const RouteCounters* first = nullptr;
  {
    const Routing routing = routing_of({site}, counters);
    const Route* made = routing.find("a", "/");
    REQUIRE(made != nullptr);
    CHECK_FALSE(made->policy.enabled);
    CHECK(made->policy.default_lifetime == std::chrono::seconds(7));
    CHECK(made->policy.clients_may_revalidate);
    CHECK(made->policy.max_object == 1000);
    first = made->counters;
    made->counters->count(http::CacheOutcome::hit, 200, std::chrono::microseconds(100), 5);
  }
  const Routing again = routing_of({site}, counters);
  CHECK(again.find("a", "/")->counters == first);
  CHECK(first->content_bytes.value() == 5);
}

TEST_CASE("an exchange is counted by outcome, class of status and duration", "[proxy][routing]") {
  RouteCounters counters;
  const auto hit = static_cast<std::size_t>(http::CacheOutcome::hit);
  counters.count(http::CacheOutcome::hit, 200, std::chrono::microseconds(100), 1);
  counters.count(http::CacheOutcome::hit, 304, std::chrono::microseconds(101), 2);
  counters.count(http::CacheOutcome::hit, 599, std::chrono::seconds(10), 3);
  counters.count(http::CacheOutcome::hit, 600, std::chrono::seconds(11), 4);
  counters.count(http::CacheOutcome::hit, 0, std::chrono::microseconds(0), 0);
  CHECK(counters.requests[hit][1].value() == 1);
  CHECK(counters.requests[hit][2].value() == 1);
  CHECK(counters.requests[hit][4].value() == 1);
  CHECK(counters.requests[hit][5].value() == 2);
  CHECK(counters.durations[0].value() == 2); // bounds belong to the bucket below
  CHECK(counters.durations[1].value() == 1);
  CHECK(counters.durations[RouteCounters::kBounds.size() - 1].value() == 1);
  CHECK(counters.durations[RouteCounters::kBounds.size()].value() == 1);
  CHECK(counters.content_bytes.value() == 10);
}

TEST_CASE("the key of a URL is made by the rules of its route", "[proxy][routing]") {
  RouteCounterMap counters;
  auto options = sites();
  options[0].routes[1].key.query = cache::QueryRule::drop; // /api/
  options[0].routes[0].key.headers = {"x-device"};         // the rest
  const Routing routing = routing_of(options, counters);
  using Row = std::tuple<const char*, const char*>;
  const auto [url, expected] = GENERATE(table<const char*, const char*>({
      Row{"https://shop.example/api/x?y", "https://shop.example/api/x"},
      Row{"https://SHOP.example:443/a/../%61pi/x?y", "https://shop.example/api/x"},
      Row{"https://shop.example/x?y", "https://shop.example/x?y\nx-device"},
      Row{"http://other.example:81", "http://other.example:81/"},
      Row{"https://unknown.test/", "none"},
      Row{"/api/x", "none"},
      Row{"ftp://shop.example/", "none"},
      Row{"", "none"},
  }));
  CAPTURE(url);
  base::Arena arena;
  const auto key = routing.key_of(url, arena);
  CHECK((key ? key->text : "none") == expected);
  CHECK((routing.find_url(url) != nullptr) == key.has_value());
}
