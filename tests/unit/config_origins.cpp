// Origins in the configuration: servers in both forms, the keys of each kind, what must fit
// together.
#include <selvedge/config/load.hpp>
#include <selvedge/config/origin_change.hpp>
#include <tests/support/catch.hpp>

using namespace std::chrono_literals;
using namespace selvedge;
using config::ConfigError;
using config::parse;
using upstream::OriginOptions;
using upstream::ServerOptions;
using Texts = std::vector<std::string>;

namespace {

// Line 3 is the origin.
std::string with_origin(const std::string& origin) {
  return "listeners: [{address: ':8080'}]\n"
         "sites: [{name: main, hosts: ['*'], routes: [{origin: app}]}]\n"
         "origins: [{name: app, " +
         origin + "}]\n";
}

OriginOptions origin_of(const std::string& origin) {
  return parse(with_origin(origin), "/c/n.yaml").origins.at(0);
}

std::string error_of(const std::string& origin) {
  try {
    origin_of(origin);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::string change_error(const std::string& request) {
  try {
    config::parse_origin_change(request);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

ServerOptions server(const std::string& address) {
  ServerOptions options;
  options.address = address;
  return options;
}

const std::string kEverything = R"(
  kind: s3
  servers:
    - 10.0.0.1:9000
    - {address: "store.example:443", weight: 3, priority: 1, region: eu-1, cost: 0.02}
  protocol: h2
  tls: {enabled: true, verify: false, ca_file: ca.pem, name: Store.example, certificate: c, key: k}
  balance: hash
  hash_load: 1.5
  slow_start: 30s
  host: store.example
  s3: {bucket: my.bucket, region: eu-1, path_style: false, credentials_file: /run/keys}
  connect_timeout: 1s
  tls_timeout: 2s
  first_byte_timeout: 4s
  idle_timeout: 5s
  fetch_timeout: 1m
  health:
    {path: "/health?deep=1", host: "h:1", expect: [204, 300-399], interval: 1s, timeout: 500ms,
     unhealthy_after: 1, healthy_after: 4}
  ejection:
    {consecutive_errors: 0, interval: 2s, success_rate_deviations: 2.5, latency_factor: 0,
     base_time: 3s, max_time: 1m, max_share: 30%}
  limits: {connections: 7, in_flight: 8, adaptive: false, queue: 0, queue_timeout: 50ms}
  breaker: {failure_share: 0%, min_requests: 5, window: 20s, open_time: 2s}
  retry: {tries: 3, budget: 7%, backoff: 0s, statuses: ["429", "502-504"]}
  hedge: {enabled: true, budget: 0.5%, min_delay: 10ms})";

OriginOptions everything() {
  return parse("listeners: [{address: ':8080'}]\n"
               "sites: [{name: main, hosts: ['*'], routes: [{origin: app}]}]\n"
               "origins:\n- name: app" +
                   kEverything,
               "/c/n.yaml")
      .origins.at(0);
}

} // namespace

TEST_CASE("servers are texts, or sections, or both", "[config][origins]") {
  ServerOptions far = server("[::1]:81");
  far.priority = 2;
  far.region = "eu";
  CHECK(origin_of("servers: ['a:80', {address: '[::1]:81', priority: 2, region: eu}]").servers ==
        std::vector<ServerOptions>{server("a:80"), far});
  CHECK(origin_of("servers: [{address: 'a:80'}]").servers ==
        std::vector<ServerOptions>{server("a:80")});
}

TEST_CASE("every key of an origin arrives in its member", "[config][origins]") {
  const OriginOptions origin = everything();
  REQUIRE(origin.servers.size() == 2);
  CHECK(origin.servers[1].weight == 3);
  CHECK(origin.servers[1].cost == 0.02);
  CHECK(origin.protocol == upstream::ServerProtocol::h2);
  CHECK(origin.tls ==
        upstream::ServerTlsOptions{true, false, "/c/ca.pem", "store.example", "/c/c", "/c/k"});
  CHECK(origin.balance == upstream::Balance::hash);
  CHECK(origin.hash_load == 1.5);
  CHECK(origin.slow_start == 30s);
  CHECK(origin.s3 == upstream::S3Options{"my.bucket", "eu-1", false, "/run/keys"});
  CHECK(origin.tls_timeout == 2s);
  CHECK(origin.fetch_timeout == 60s);
  CHECK(origin.health ==
        upstream::HealthCheckOptions{"/health?deep=1", "h:1", {"204", "300-399"}, 1s, 500ms, 1, 4});
  CHECK(origin.ejection == upstream::EjectionOptions{0, 2s, 2.5, 0, 3s, 60s, 0.3});
  CHECK(origin.limits == upstream::OriginLimits{7, 8, false, 0, 50ms});
  CHECK(origin.breaker == upstream::BreakerOptions{0, 5, 20s, 2s});
  CHECK(origin.retry == upstream::RetryOptions{3, 0.07, 0ms, {"429", "502-504"}});
  CHECK(origin.hedge == upstream::HedgeOptions{true, 0.005, 10ms});
}

TEST_CASE("what an origin does not say has its default", "[config][origins]") {
  OriginOptions least;
  least.name = "app";
  least.servers = {server("a:80")};
  CHECK(origin_of("servers: ['a:80']") == least);
}

TEST_CASE("the effective configuration of an origin reads back to the same", "[config][origins]") {
  config::Config config = parse(with_origin("servers: ['a:80', 'b:80']"), "/c/n.yaml");
  CHECK(to_yaml(config).find("    servers: [\"a:80\", \"b:80\"]\n") != std::string::npos);
  config.origins.push_back(everything());
  config.origins.back().name = "other";
  const std::string yaml = to_yaml(config);
  CAPTURE(yaml);
  CHECK(yaml.find("      - address: \"10.0.0.1:9000\"\n        weight: 1\n") != std::string::npos);
  CHECK(yaml.find("      budget: 7%\n") != std::string::npos);
  CHECK(parse(yaml, "/elsewhere/n.yaml").origins == config.origins);
}

TEST_CASE("differences name the server and the key", "[config][origins]") {
  const config::Config from = parse(with_origin("servers: ['a:80', 'b:80']"), "n.yaml");
  config::Config to = from;
  to.origins[0].servers[1].weight = 0;
  to.origins[0].retry.budget = 0.2;
  CHECK(differences(from, to) == Texts{"origins[app].servers[b:80].weight: 1 -> 0",
                                       "origins[app].retry.budget: 10% -> 20%"});
  to.origins[0] = from.origins[0];
  to.origins[0].servers[0] = server("c:80");
  CHECK(differences(from, to) ==
        Texts{"origins[app].servers[a:80]: removed", "origins[app].servers[c:80]: added"});
}

TEST_CASE("each kind has keys of its own", "[config][origins]") {
  const std::vector<std::pair<const char*, const char*>> rows{
      {"kind: s3, servers: ['a:80']", "/c/n.yaml:3:11: 's3' is missing, kind: s3 needs it"},
      {"kind: s3, servers: ['a:80'], s3: {}", "/c/n.yaml:3:56: 'bucket' is missing"},
      {"kind: s3, s3: {bucket: b}",
       "/c/n.yaml:3:11: 'servers' is missing, kind: http, s3 or shield needs it"},
      {"kind: shield", "/c/n.yaml:3:11: 'servers' is missing, kind: http, s3 or shield needs it"},
      {"servers: ['a:80'], s3: {bucket: b}", "/c/n.yaml:3:42: 's3' is only for kind: s3"},
      {"kind: directory, root: /w, retry: {}",
       "/c/n.yaml:3:50: 'retry' is only for kind: http, s3 or shield"},
      {"kind: shield, servers: ['a:80'], max_age: 1s",
       "/c/n.yaml:3:56: 'max_age' is only for kind: directory"},
      {"servers: ['a:80'], connections: 9",
       "/c/n.yaml:3:42: 'connections' is now 'limits.connections'"},
      {"kind: shield, servers: ['a:80']", "no error"}};
  for (const auto& [origin, error] : rows) {
    CAPTURE(origin);
    CHECK(error_of(origin) == error);
  }
}

TEST_CASE("values of origins have forms and bounds", "[config][origins]") {
  const std::string address = "an address such as 127.0.0.1:9000 or app.internal:80";
  const std::string status = "a status or a range of them, such as '204' or '200-399'";
  const std::string share = "a share from 0% to 100%";
  const std::vector<std::pair<const char*, std::string>> rows{
      {"servers: []",
       "'servers' must be a list, each " + address + ", or a section of keys, not an empty list"},
      {"servers: 'a:80'",
       "'servers' must be a list, each " + address + ", or a section of keys, not 'a:80'"},
      {"servers: [a]", "'servers' must be " + address + ", not 'a'"},
      {"servers: [['a:80']]",
       "'servers' must be " + address + ", or a section of keys, not a list"},
      {"servers: [{address: a}]", "'address' must be " + address + ", not 'a'"},
      {"servers: [{weight: 1}]", "'address' is missing"},
      {"servers: [{address: 'a:80', weight: 65536}]",
       "'weight' must be a whole number from 0 to 65535, not '65536'"},
      {"servers: [{address: 'a:80', wight: 1}]", "unknown key 'wight' (did you mean 'weight'?)"},
      {"servers: ['a:80'], health: {path: health}",
       "'path' must be a path that starts with '/', not 'health'"},
      {"servers: ['a:80'], health: {expect: []}",
       "'expect' must be a list, each " + status + ", not an empty list"},
      {"servers: ['a:80'], health: {expect: [2xx]}", "'expect' must be " + status + ", not '2xx'"},
      {"servers: ['a:80'], health: {expect: [399-200]}",
       "'expect' must be " + status + ", not '399-200'"},
      {"servers: ['a:80'], health: {expect: [100]}", "'expect' must be " + status + ", not '100'"},
      {"servers: ['a:80'], retry: {statuses: ['200']}",
       "'statuses' must be a status of 400 or above or a range of them, such as '503' or "
       "'502-504', not '200'"},
      {"servers: ['a:80'], retry: {budget: 0.1}", "'budget' must be " + share + ", not '0.1'"},
      {"servers: ['a:80'], retry: {budget: 101%}", "'budget' must be " + share + ", not '101%'"},
      {"servers: ['a:80'], retry: {budget: -1%}", "'budget' must be " + share + ", not '-1%'"},
      {"servers: ['a:80'], tls: {enabled: true, name: '*.a'}",
       "'name' must be a host without a port, not '*.a'"},
      {"kind: s3, servers: ['a:80'], s3: {bucket: ../b}",
       "'bucket' must be the name of a bucket, not '../b'"},
      {"servers: ['a:80'], protocol: http2", "'protocol' must be http_1, h2 or automatic, not "
                                             "'http2' (did you mean 'http_1'?)"}};
  for (const auto& [origin, error] : rows) {
    CAPTURE(origin);
    const std::string said = error_of(origin);
    CHECK(said.substr(said.find(' ') + 1) == error);
  }
}

TEST_CASE("what an origin says has to fit together", "[config][origins]") {
  const std::vector<std::pair<const char*, const char*>> rows{
      {"servers: ['a:80', {address: 'a:80'}]", "3:51: server 'a:80' is there twice"},
      {"servers: ['a:80', 'b:80', 'a:80']", "3:49: server 'a:80' is there twice"},
      {"servers: [{address: 'a:80', weight: 0}]",
       "3:32: all 'servers' have weight 0: nobody would be asked"},
      {"servers: ['a:80'], tls: {verify: false}",
       "3:47: 'tls' is not used without 'enabled: true'"},
      {"servers: ['a:80'], tls: {enabled: true, certificate: c}",
       "3:47: 'key' is missing, 'certificate' needs it"},
      {"servers: ['a:80'], tls: {enabled: true, key: k}",
       "3:47: 'certificate' is missing, 'key' needs it"},
      {"servers: ['a:80'], hedge: {enabled: true}", "3:59: 'hedge' needs two servers or more"},
      {"servers: ['a:80'], fetch_timeout: 10s, first_byte_timeout: 11s",
       "3:82: 'first_byte_timeout' (11s) must not be longer than 'fetch_timeout' (10s)"}};
  for (const auto& [origin, error] : rows) {
    CAPTURE(origin);
    CHECK(error_of(origin) == std::string("/c/n.yaml:") + error);
  }
  CHECK(error_of("servers: ['a:80', {address: 'b:80', weight: 0}], hedge: {enabled: true}") ==
        "no error");
}

TEST_CASE("a short fetch_timeout lowers the first_byte_timeout that was not set",
          "[config][origins]") {
  CHECK(origin_of("servers: ['a:80'], fetch_timeout: 10s").first_byte_timeout == 10s);
  CHECK(origin_of("servers: ['a:80'], fetch_timeout: 1h").first_byte_timeout == 30s);
  CHECK(origin_of("servers: ['a:80'], fetch_timeout: 10s, first_byte_timeout: 3s")
            .first_byte_timeout == 3s);
}

TEST_CASE("the schema allows both forms of a server", "[config][origins]") {
  const std::string schema = config::json_schema();
  const std::size_t servers = schema.find("\"servers\": {");
  REQUIRE(servers != std::string::npos);
  const std::string items = schema.substr(schema.find("\"items\"", servers), 200);
  CHECK(items.find("\"object\",") != std::string::npos);
  CHECK(items.find("\"string\"") != std::string::npos);
  CHECK(schema.find(R"("default": "10%")") != std::string::npos);
}

TEST_CASE("a change of all servers reads them as the file does", "[config][origins]") {
  const auto change = config::parse_origin_change(
      R"({"name": "app", "servers": ["a:80", {"address": "b:80", "weight": 4}]})");
  CHECK(change.origin == "app");
  REQUIRE(change.servers.size() == 2);
  CHECK(change.servers[0] == server("a:80"));
  CHECK(change.servers[1].weight == 4);
}

TEST_CASE("a change of one weight names the server", "[config][origins]") {
  const auto change =
      config::parse_origin_change(R"({"name": "app", "server": "a:80", "weight": 0})");
  CHECK(change.servers.empty());
  CHECK(change.server == "a:80");
  CHECK(change.weight == 0);
}

TEST_CASE("what is no change is refused with its place", "[config][origins]") {
  const std::vector<std::pair<const char*, const char*>> rows{
      {R"({"servers": ["a:80"]})", "request:1:1: 'name' is missing"},
      {R"({"name": "app"})", "request:1:1: 'servers' is missing, or 'server' and 'weight'"},
      {R"({"name": "app", "server": "a:80"})", "request:1:1: 'weight' is missing"},
      {R"({"name": "app", "weight": 1})", "request:1:1: 'server' is missing: whose weight?"},
      {R"({"name": "app", "server": "a:80", "weight": -1})",
       "request:1:45: 'weight' must be a whole number from 0 to 65535, not '-1'"},
      {R"({"name": "app", "servers": ["a:80"], "weight": 1})",
       "request:1:48: 'weight' is not for a change of all 'servers'"},
      {R"({"name": "app", "servers": ["a:80", 7]})",
       "request:1:37: 'servers' must be an address such as 127.0.0.1:9000 or app.internal:80, not "
       "'7'"},
      {R"({"name": "app", "hosts": []})", "request:1:17: unknown key 'hosts'"},
      {R"({"name": )", "request:1:1: not JSON: end of map flow not found"}};
  for (const auto& [request, error] : rows) {
    CAPTURE(request);
    CHECK(change_error(request) == error);
  }
}
