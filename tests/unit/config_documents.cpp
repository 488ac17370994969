// What is made from the records: YAML, reference, schema, differences.
#include <selvedge/config/load.hpp>
#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <regex>

using namespace selvedge;
using namespace selvedge::config;
using Json = nlohmann::json;

namespace {

const std::string kAll = R"(
workers: 3
node_name: edge-1
listeners:
  - {name: clear, address: "127.0.0.1:8080"}
  - name: tls
    address: ":8443"
    tls: {certificates: [{certificate: /c/a.pem, key: /c/a.key}, {certificate: /c/b, key: /c/c}]}
cache: {size: 1GiB, max_object: 5MB, eviction: s3_fifo, eviction_size_exponent: 0.75}
limits: {idle_timeout: 1m, write_timeout: 250ms, body_bytes: 1001}
origins:
  - {name: app, servers: ["a:80", "[::1]:81"], host: "example.com:80", keepalive: 90s}
  - {name: "off", kind: directory, root: "/srv/with space: and \"quotes\" \\ # no comment"}
sites:
  - name: "null"
    hosts: ["*", www.example.com, "*.example.com", "10.0.0.1"]
    routes:
      - {name: "123", prefix: "/~x/'y'", origin: app, cache: false}
      - name: é
        prefix: /b
        origin: "off"
        default_lifetime: 2d
        status_lifetimes: ["404 10s"]
        key: {query: allow, parameters: [v, "utm_*"], headers: [x-a], cookies: ["c"]}
        normalize: [{field: accept-encoding, keep: [br, "text/html;level=1"]}]
        slice: 1MiB
purge: {allow: [127.0.0.1, "::1", "fd00::/8"]}
admin: {token_file: /t}
logs: {access_format: off, level: error, events: /e}
drain: {deadline: 1500ms}
)";

Config all() {
  return parse(kAll, "/etc/selvedge/all.yaml");
}

std::vector<std::string> changed_by(const std::function<void(Config&)>& change) {
  const Config from = all();
  Config to = from;
  change(to);
  return differences(from, to);
}

using Lines = std::vector<std::string>;

// Calls visit(path, schema) for every key that a schema object has, however deep.
void for_each_key(const Json& object, const std::string& path,
                  const std::function<void(const std::string&, const Json&)>& visit) {
  const Json& holder = object.contains("items") ? object["items"] : object;
  if (!holder.contains("properties")) return;
  for (const auto& [key, schema] : holder["properties"].items()) {
    visit(path + key, schema);
    for_each_key(schema, path + key + ".", visit);
  }
}

} // namespace

TEST_CASE("the effective configuration reads back to the same", "[config][documents]") {
  const Config config = all();
  const std::string yaml = to_yaml(config);
  CAPTURE(yaml);
  const Config again = parse(yaml, "/elsewhere/effective.yaml");
  CHECK(differences(config, again) == Lines{});
  CHECK(to_yaml(again) == yaml);
}

TEST_CASE("the effective configuration shows defaults and hides what does not apply",
          "[config][documents]") {
  const std::string yaml = to_yaml(all());
  CHECK(yaml.find("  stripes: 64\n") != std::string::npos);
  CHECK(yaml.find("    servers: [\"a:80\", \"[::1]:81\"]\n") != std::string::npos);
  CHECK(yaml.find("  access_format: \"off\"\n") != std::string::npos);
  CHECK(yaml.find("    root: \"/srv/with space: and \\\"quotes\\\" \\\\ # no comment\"\n") !=
        std::string::npos);
  CHECK(yaml.find("root: \"\"") == std::string::npos);
  CHECK(yaml.find('#') == yaml.find("# no comment"));
}

TEST_CASE("the reference is a configuration that can be used", "[config][documents]") {
  const std::string text = reference();
  const Config config = parse(text, "reference.yaml");
  CHECK(config.listeners.size() == 1);
  CHECK(config.origins.size() == 3);
  const Config initial;
  CHECK(config.cache.size == initial.cache.size);
  CHECK(config.limits.idle_timeout == initial.limits.idle_timeout);
  CHECK(text.find("# (a size from 1MiB to 16TiB; default 256MiB; a change needs a restart)\n"
                  "  size: 256MiB\n") != std::string::npos);
  CHECK(text.find("only for kind: directory; required)") != std::string::npos);
}

TEST_CASE("the lines of the reference fit a terminal", "[config][documents]") {
  const std::string text = reference();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    CHECK(end - at <= 100);
    at = end + 1;
  }
}

TEST_CASE("the schema and the reference name every key", "[config][documents]") {
  const Json schema = Json::parse(json_schema());
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  const std::string text = reference();
  std::vector<std::string> paths;
  for_each_key(schema, "", [&](const std::string& path, const Json& key) {
    CAPTURE(path);
    paths.push_back(path);
    CHECK(key["description"].get<std::string>().size() > 10);
    const std::string name = path.substr(path.rfind('.') + 1);
    CHECK(std::regex_search(text, std::regex("(^|\\n) *(- )?" + name + ":")));
  });
  const auto has = [&paths](const char* path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  };
  CHECK(paths.size() == 330);
  CHECK(has("origins.servers.weight"));
  CHECK(has("origins.limits.queue_timeout"));
  CHECK(has("listeners.tls.certificates.key"));
  CHECK(has("limits.handshake_timeout"));
  CHECK(has("sites.routes.default_lifetime"));
  CHECK(has("sites.routes.key.parameters"));
  CHECK(has("sites.routes.normalize.keep"));
  CHECK(has("purge.allow"));
  CHECK(has("logs.access_ring"));
  CHECK(has("policy.identify.jwt.tiers.value"));
  CHECK(has("policy.rules.then.rate_limit.burst"));
  CHECK(has("policy.overload.stale_window"));
}

TEST_CASE("the schema carries types, bounds, defaults and reload classes", "[config][documents]") {
  const Json keys = Json::parse(json_schema())["properties"];
  CHECK(keys["workers"] == Json{{"type", "integer"},
                                {"minimum", 0},
                                {"maximum", 256},
                                {"description", keys["workers"]["description"]},
                                {"default", 0},
                                {"x-reload", "restart"}});
  CHECK(keys["cache"]["properties"]["eviction"]["enum"] == Json({"lru", "s3_fifo", "gdsf"}));
  const Json exponent = keys["cache"]["properties"]["eviction_size_exponent"];
  CHECK(exponent["type"] == "number");
  CHECK(exponent["maximum"] == 2);
  CHECK(exponent["default"] == 1.0);
  CHECK(keys["cache"]["properties"]["size"]["default"] == "256MiB");
  CHECK(keys["cache"]["additionalProperties"] == false);
  CHECK(keys["admin"]["properties"]["enabled"]["default"] == true);
  CHECK(keys["admin"]["properties"]["address"]["default"] == "127.0.0.1:9180");
  const Json route = keys["sites"]["items"]["properties"]["routes"]["items"]["properties"];
  CHECK(route["slice"]["minimum"] == 0);
  CHECK(route["slice"]["default"] == "0");
  CHECK(route["set_cookie"]["enum"] == Json({"bypass", "strip", "store"}));
  CHECK(route["clients_may_revalidate"]["default"] == true);
  CHECK(route["control_fields"].count("minItems") == 0);
  CHECK(route["normalize"]["items"]["properties"]["keep"]["minItems"] == 1);
  CHECK(keys["origins"]["x-reload"] == "live");
  CHECK(keys["origins"]["items"]["required"] == Json({"name"}));
  CHECK(keys["sites"]["items"]["required"] == Json({"name", "hosts", "routes"}));
}

TEST_CASE("the schema's expressions accept every default", "[config][documents]") {
  for_each_key(Json::parse(json_schema()), "", [](const std::string& path, const Json& key) {
    if (!key.contains("pattern") || !key.contains("default")) return;
    CAPTURE(path);
    const std::regex pattern(key["pattern"].get<std::string>());
    CHECK(std::regex_search(key["default"].get<std::string>(), pattern));
  });
}

TEST_CASE("differences name the key, both values, and what needs a restart",
          "[config][documents]") {
  CHECK(changed_by([](Config&) {}) == Lines{});
  CHECK(changed_by([](Config& c) { c.cache.size = 2u << 30; }) ==
        Lines{"cache.size: 1GiB -> 2GiB (needs a restart)"});
  CHECK(changed_by([](Config& c) { c.limits.streams = 1; }) == Lines{"limits.streams: 128 -> 1"});
  CHECK(changed_by([](Config& c) { c.logs.level = LogLevel::debug; }) ==
        Lines{"logs.level: error -> debug"});
  CHECK(changed_by([](Config& c) { c.logs.access = "/x"; }) ==
        Lines{"logs.access: \"-\" -> /x (needs a restart)"});
  CHECK(changed_by([](Config& c) { c.drain.deadline = std::chrono::seconds{2}; }) ==
        Lines{"drain.deadline: 1500ms -> 2s"});
  CHECK(changed_by([](Config& c) { c.admin.enabled = false; }) ==
        Lines{"admin.enabled: true -> false (needs a restart)"});
  CHECK(changed_by([](Config& c) {
          c.workers = 8;
          c.node_name = "other";
        }) ==
        Lines{"workers: 3 -> 8 (needs a restart)", "node_name: edge-1 -> other (needs a restart)"});
}

TEST_CASE("differences know the elements of lists by name", "[config][documents]") {
  CHECK(changed_by([](Config& c) { c.origins[0].servers.pop_back(); }) ==
        Lines{"origins[app].servers[[::1]:81]: removed"});
  CHECK(changed_by([](Config& c) { c.sites[0].routes[1].default_lifetime = {}; }) ==
        Lines{"sites[null].routes[/b].default_lifetime: 2d -> 0s"});
  CHECK(changed_by([](Config& c) {
          auto& route = c.sites[0].routes[1];
          route.key.parameters = {"v"};
          route.normalize[0].keep = {"br"};
          route.set_cookie = cache::CookieRule::store;
        }) == Lines{"sites[null].routes[/b].set_cookie: bypass -> store",
                    "sites[null].routes[/b].key.parameters: [v, \"utm_*\"] -> [v]",
                    "sites[null].routes[/b].normalize[accept-encoding].keep: [br, "
                    "\"text/html;level=1\"] -> [br]"});
  CHECK(changed_by([](Config& c) { c.listeners.erase(c.listeners.begin()); }) ==
        Lines{"listeners[clear]: removed (needs a restart)"});
  CHECK(changed_by([](Config& c) { c.listeners[0].address = ":1"; }) ==
        Lines{"listeners[clear].address: \"127.0.0.1:8080\" -> \":1\" (needs a restart)"});
  CHECK(changed_by([](Config& c) {
          c.origins[0].name = "new";
          c.sites[0].routes[0].origin = "new";
        }) == Lines{"origins[app]: removed", "origins[new]: added",
                    "sites[null].routes[/~x/'y'].origin: app -> new"});
  CHECK(changed_by([](Config& c) {
          auto& certificates = c.listeners[1].tls.certificates;
          std::swap(certificates[0], certificates[1]);
        }) == Lines{"listeners[tls].tls.certificates: order changed"});
  CHECK(changed_by([](Config& c) { c.listeners[1].tls.certificates.pop_back(); }) ==
        Lines{"listeners[tls].tls.certificates[/c/b]: removed"});
}
