// What good configuration becomes.
#include <selvedge/config/load.hpp>
#include <tests/support/catch.hpp>

#include <filesystem>

using namespace std::chrono_literals;
using namespace selvedge;
using config::Config;
using config::parse;

namespace {

const std::string kLeast = R"(
listeners: [{address: ":8080"}]
origins: [{name: app, servers: ["127.0.0.1:9000"]}]
sites: [{name: main, hosts: ["*"], routes: [{origin: app}]}]
)";

} // namespace

TEST_CASE("what is left out has its default", "[config]") {
  const Config config = parse(kLeast, "selvedge.yaml");
  CHECK(config.workers == 0);
  CHECK(config.node_name == "selvedge");
  CHECK(config.cache.size == 256u << 20);
  CHECK(config.limits.streams == 128);
  CHECK(config.admin.address == "127.0.0.1:9180");
  CHECK(config.logs.access == "-");
  CHECK(config.drain.deadline == 30s);
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].name == ":8080");
  CHECK_FALSE(config.listeners[0].is_tls());
  REQUIRE(config.sites.size() == 1);
  REQUIRE(config.sites[0].routes.size() == 1);
  CHECK(config.sites[0].routes[0].prefix == "/");
  CHECK(config.sites[0].routes[0].name == "/");
  CHECK(config.sites[0].routes[0].cache);
  CHECK(config.purge.allow.empty());
}

TEST_CASE("what a route does with answers arrives in its members", "[config]") {
  const std::string head = kLeast.substr(0, kLeast.find("sites:"));
  const Config config = parse(head + R"(
sites:
  - name: main
    hosts: ["*"]
    routes:
      - origin: app
        control_fields: [CDN-Cache-Control]
        heuristic_percent: 20
        heuristic_limit: 2h
        status_lifetimes: [404 10s, "5xx 1s", 410 1h]
        clients_may_revalidate: false
        stale_while_revalidate: 30s
        stale_if_error: 1d
        set_cookie: strip
        key: {query: deny, parameters: [utm_*, q], sort_query: true, headers: [X-Tenant], cookies: [Lang]}
        normalize: [{field: Accept-Encoding, keep: [br, gzip]}, {field: accept-language, keep: [de]}]
        range_miss: whole
        slice: 1MiB
        early_hints: false
      - {prefix: /b/, origin: app, control_fields: [], slice: 0, key: {query: drop, parameters: []}}
)",
                              "selvedge.yaml");
  using Texts = std::vector<std::string>;
  const proxy::RouteOptions& route = config.sites[0].routes[0];
  CHECK(route.control_fields == Texts{"cdn-cache-control"});
  CHECK(route.heuristic_percent == 20);
  CHECK(route.heuristic_limit == 2h);
  CHECK(route.status_lifetimes == Texts{"404 10s", "5xx 1s", "410 1h"});
  CHECK_FALSE(route.clients_may_revalidate);
  CHECK(route.stale_while_revalidate == 30s);
  CHECK(route.stale_if_error == 24h);
  CHECK(route.set_cookie == cache::CookieRule::strip);
  CHECK(route.key.query == proxy::QueryRule::deny);
  CHECK(route.key.parameters == Texts{"utm_*", "q"});
  CHECK(route.key.sort_query);
  CHECK(route.key.headers == Texts{"x-tenant"}); // RFC 9110, 5.1: names have no case
  CHECK(route.key.cookies == Texts{"Lang"});     // RFC 6265, 4.1.1: these have
  REQUIRE(route.normalize.size() == 2);
  CHECK(route.normalize[0].field == "accept-encoding");
  CHECK(route.normalize[0].keep == Texts{"br", "gzip"});
  CHECK(route.range_miss == proxy::RangeMiss::whole);
  CHECK(route.slice == 1u << 20);
  CHECK_FALSE(route.early_hints);
  const proxy::RouteOptions& other = config.sites[0].routes[1];
  CHECK(other.control_fields.empty());
  CHECK(other.slice == 0);
  CHECK(other.key.query == proxy::QueryRule::drop);
}

TEST_CASE("values of every type arrive in their members", "[config]") {
  const Config config = parse(R"(
workers: 4
node_name: edge-1
listeners:
  - name: public
    address: "[::]:8443"
    tls:
      certificates: [{certificate: /c/a.pem, key: /c/a.key}, {certificate: /c/b.pem, key: /c/b.key}]
      allow_tls_1_2: false
      h2: false
    backlog: 100
cache:
  {size: 1GiB, max_object: 5MB, eviction: s3_fifo, eviction_size_exponent: 0.5, max_variants: 7,
   stripes: 128}
limits: {head_bytes: 16KiB, streams: 10000, body_bytes: 0, idle_timeout: 1m, write_timeout: 250ms}
origins:
  - name: app
    servers: ["a:80", "[::1]:81"]
    host: App.internal:8000
    connect_timeout: 500ms
    keepalive_connections: 0
  - {name: files, kind: directory, root: /srv/www/}
sites:
  - name: main
    hosts: [WWW.Example.com, "*.example.com"]
    routes:
      - {name: all, prefix: /, origin: app, cache: false, clients_may_revalidate: true}
      - {prefix: /static/, origin: files, default_lifetime: 2d}
purge: {allow: [127.0.0.1, "10.0.0.0/8", "fd00::/8"]}
admin: {enabled: false, address: "127.0.0.1:0", token_file: /run/token}
logs: {level: debug, events: /l/events, access: /l/access, access_format: off, access_ring: 64}
drain: {deadline: 0}
)",
                              "selvedge.yaml");
  CHECK(config.workers == 4);
  CHECK(config.node_name == "edge-1");
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].address == "[::]:8443");
  REQUIRE(config.listeners[0].tls.certificates.size() == 2);
  CHECK(config.listeners[0].tls.certificates[1].key == "/c/b.key");
  CHECK_FALSE(config.listeners[0].tls.allow_tls_1_2);
  CHECK_FALSE(config.listeners[0].tls.h2);
  CHECK(config.listeners[0].backlog == 100);
  CHECK(config.cache.size == 1u << 30);
  CHECK(config.cache.max_object == 5'000'000);
  CHECK(config.cache.eviction == cache::Eviction::s3_fifo);
  CHECK(config.cache.eviction_size_exponent == 0.5);
  CHECK(config.cache.max_variants == 7);
  CHECK(config.cache.stripes == 128);
  CHECK(config.limits.head_bytes == 16384);
  CHECK(config.limits.streams == 10000);
  CHECK(config.limits.body_bytes == 0);
  CHECK(config.limits.idle_timeout == 60s);
  CHECK(config.limits.write_timeout == 250ms);
  REQUIRE(config.origins.size() == 2);
  REQUIRE(config.origins[0].servers.size() == 2);
  CHECK(config.origins[0].servers[1].address == "[::1]:81");
  CHECK(config.origins[0].host == "App.internal:8000");
  CHECK(config.origins[0].connect_timeout == 500ms);
  CHECK(config.origins[0].keepalive_connections == 0);
  CHECK(config.origins[1].kind == upstream::OriginKind::directory);
  CHECK(config.origins[1].root == "/srv/www");
  REQUIRE(config.sites.size() == 1);
  CHECK(config.sites[0].hosts == std::vector<std::string>{"www.example.com", "*.example.com"});
  REQUIRE(config.sites[0].routes.size() == 2);
  CHECK_FALSE(config.sites[0].routes[0].cache);
  CHECK(config.sites[0].routes[0].clients_may_revalidate);
  CHECK(config.sites[0].routes[1].default_lifetime == 48h);
  CHECK(config.purge.allow == std::vector<std::string>{"127.0.0.1", "10.0.0.0/8", "fd00::/8"});
  CHECK_FALSE(config.admin.enabled);
  CHECK(config.admin.token_file == "/run/token");
  CHECK(config.logs.level == config::LogLevel::debug);
  CHECK(config.logs.events == "/l/events");
  CHECK(config.logs.access_format == config::AccessFormat::off);
  CHECK(config.logs.access_ring == 64);
  CHECK(config.drain.deadline == 0ms);
}

TEST_CASE("relative paths start from the directory of their file", "[config]") {
  const std::string text = R"(
listeners: [{address: ":8443", tls: {certificates: [{certificate: tls/a.pem, key: ../a.key}]}}]
origins: [{name: files, kind: directory, root: ./www/}]
sites: [{name: main, hosts: ["*"], routes: [{origin: files}]}]
admin: {token_file: token}
logs: {access: access.log}
)";
  const Config config = parse(text, "/etc/selvedge/node.yaml");
  CHECK(config.listeners[0].tls.certificates[0].certificate == "/etc/selvedge/tls/a.pem");
  CHECK(config.listeners[0].tls.certificates[0].key == "/etc/a.key");
  CHECK(config.origins[0].root == "/etc/selvedge/www");
  CHECK(config.admin.token_file == "/etc/selvedge/token");
  CHECK(config.logs.access == "/etc/selvedge/access.log");
  CHECK(config.logs.events.empty());
  const std::string here = std::filesystem::current_path().string();
  CHECK(parse(text, "node.yaml").origins[0].root == here + "/www");
}

TEST_CASE("aliases stand for what they name", "[config]") {
  const Config config = parse(R"(
listeners: [{address: ":8080"}]
origins: [{name: app, servers: &servers ["a:80", "b:80"]}, {name: other, servers: *servers}]
sites: [{name: main, hosts: ["*"], routes: [{origin: app}]}]
)",
                              "selvedge.yaml");
  CHECK(config.origins[1].servers == config.origins[0].servers);
}

TEST_CASE("sections may be empty", "[config]") {
  const Config config = parse(kLeast + "cache:\nlimits: {}\nadmin: # all defaults\n", "a.yaml");
  CHECK(config.cache.stripes == 64);
}

TEST_CASE("a small cache lowers the largest object that was not set", "[config]") {
  CHECK(parse(kLeast + "cache: {size: 8MiB}", "a.yaml").cache.max_object == 8u << 20);
  CHECK(parse(kLeast + "cache: {size: 1GiB}", "a.yaml").cache.max_object == 64u << 20);
}

TEST_CASE("the admin API may be reached from elsewhere with a token", "[config]") {
  CHECK_NOTHROW(parse(kLeast + "admin: {address: ':9180', token_file: token}", "a.yaml"));
  CHECK_NOTHROW(parse(kLeast + "admin: {address: ':9180', enabled: false}", "a.yaml"));
}

TEST_CASE("port 0 may be asked for more than once", "[config]") {
  const Config config = parse(R"(
listeners: [{name: a, address: "127.0.0.1:0"}, {name: b, address: "127.0.0.1:0"}]
origins: [{name: app, servers: ["127.0.0.1:9000"]}]
sites: [{name: main, hosts: ["*"], routes: [{origin: app}]}]
)",
                              "selvedge.yaml");
  CHECK(config.listeners.size() == 2);
}
