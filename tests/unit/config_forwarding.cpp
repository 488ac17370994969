// Keys about what origins are told, and about the fields of messages that leave.
#include <selvedge/config/load.hpp>
#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>

#include <string>

using namespace selvedge;
using namespace selvedge::config;
using proxy::HeaderField;

namespace {

const std::string kBefore = "listeners: [{address: ':8080'}]\n"
                            "origins: [{name: app, servers: ['a:80']}]\n";
const std::string kRoute = "sites:\n- {name: a, hosts: ['*'], routes: [{origin: app,\n";
const std::string kPlain = kRoute + "}]}\n";

proxy::RouteOptions route_with(const std::string& keys) {
  return parse(kBefore + kRoute + keys + "\n}]}\n", "n.yaml").sites[0].routes[0];
}

std::string error_of(const std::string& yaml) {
  try {
    parse(kBefore + yaml, "n.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::string route_error(const std::string& keys) {
  return error_of(kRoute + keys + "\n}]}\n");
}

} // namespace

TEST_CASE("rules about fields are read in order, names in lower case", "[config][headers]") {
  const proxy::RouteOptions route = route_with(
      "trace: true, request_headers: {set: {X-Key: 'a, \"b\"', x-number: 5, x-empty: ''}, "
      "remove: [Cookie]},\nresponse_headers: {add: {Vary: X-A}}");
  CHECK(route.trace);
  CHECK(route.request_headers.set ==
        std::vector<HeaderField>{{"x-key", "a, \"b\""}, {"x-number", "5"}, {"x-empty", ""}});
  CHECK(route.request_headers.remove == std::vector<std::string>{"cookie"});
  CHECK(route.request_headers.add.empty());
  CHECK(route.response_headers.add == std::vector<HeaderField>{{"vary", "X-A"}});
  CHECK(route_with("").request_headers.empty());
  CHECK(route_with("").response_headers.empty());
  CHECK_FALSE(route_with("").trace);
}

TEST_CASE("rules read back from what is written", "[config][headers]") {
  const std::string keys = "response_headers: {set: {x-a: 'say \"hi\\\"', x.b: '', c: 'no'}}";
  const Config config = parse(kBefore + kRoute + keys + "\n}]}\n", "n.yaml");
  const std::string yaml = to_yaml(config);
  CAPTURE(yaml);
  const Config again = parse(yaml, "again.yaml");
  const auto& set = again.sites[0].routes[0].response_headers.set;
  CHECK(set == config.sites[0].routes[0].response_headers.set);
  CHECK(set.size() == 3);
  CHECK(differences(config, again).empty());
}

TEST_CASE("a changed rule is a difference", "[config][headers]") {
  const Config from = parse(kBefore + kPlain, "n.yaml");
  Config to = from;
  to.sites[0].routes[0].response_headers.set = {{"server", "edge"}};
  CHECK(differences(from, to) ==
        std::vector<std::string>{"sites[a].routes[/].response_headers.set: {} -> {server: edge}"});
}

TEST_CASE("what rules may not touch is refused with its place", "[config][headers]") {
  const std::string request_name =
      "a field name, and none of the connection, of framing, ranges or conditions, nor Host, Via, "
      "Age or Cache-Status";
  const std::string response_name =
      "a field name, and none of the connection or of framing, nor Host, Via, Age or Cache-Status";
  CHECK(route_error("request_headers: {set: {x-a: 1,\n Host: b}}") ==
        "n.yaml:6:2: 'set' must be " + request_name + ", not 'Host'");
  CHECK(route_error("request_headers: {remove: [if-none-match]}") ==
        "n.yaml:5:28: 'remove' must be " + request_name + ", not 'if-none-match'");
  CHECK(route_error("response_headers: {add: {'x y': 1}}") ==
        "n.yaml:5:26: 'add' must be " + response_name + ", not 'x y'");
  CHECK(route_error("response_headers: {remove: [Content-Length]}") ==
        "n.yaml:5:29: 'remove' must be " + response_name + ", not 'Content-Length'");
  CHECK(route_error("response_headers: {set: {':status': 200}}") ==
        "n.yaml:5:26: 'set' must be " + response_name + ", not ':status'");
  CHECK(route_error("response_headers: {set: [a]}") ==
        "n.yaml:5:25: 'set' must be a map of values, each by " + response_name + ", not a list");
}

TEST_CASE("values that would tear a message are refused", "[config][headers]") {
  const std::string what = "must be a field value, without spaces around it";
  for (const std::string value : {"\"a\\r\\nb: c\"", "\"a\\nb\"", "\"a\\0\"", "\"a\\x7f\"", "' a'",
                                  "'a '", "[a]", "{a: b}"}) {
    CAPTURE(value);
    const std::string error = route_error("response_headers: {set: {x-a: " + value + "}}");
    CHECK(error.find("n.yaml:5:31: 'x-a' " + what) == 0);
  }
  CHECK(route_error("response_headers: {set: {x-a: 1, X-A: 2}}") ==
        "n.yaml:5:34: 'x-a' is set twice, first at n.yaml:5:26");
}

TEST_CASE("who is trusted, and how origins are told", "[config][forwarding]") {
  const Config initial = parse(kBefore + kPlain, "n.yaml");
  CHECK(initial.forwarding.trusted_proxies.empty());
  CHECK(initial.forwarding.fields == proxy::ForwardingFields::x_forwarded);
  const Config config = parse(
      kBefore + kPlain + "forwarding: {trusted_proxies: [10.0.0.0/8, '::1'], fields: both}", "n");
  CHECK(config.forwarding.trusted_proxies == std::vector<std::string>{"10.0.0.0/8", "::1"});
  CHECK(config.forwarding.fields == proxy::ForwardingFields::both);

  CHECK(error_of(kPlain + "forwarding: {trusted_proxies: [proxy.internal]}") ==
        "n.yaml:6:32: 'trusted_proxies' must be an address or a network such as 127.0.0.1, "
        "10.0.0.0/8 or fd00::/8, not 'proxy.internal'");
  CHECK(error_of(kPlain + "forwarding: {fields: all}") ==
        "n.yaml:6:22: 'fields' must be x_forwarded, forwarded, both or none, not 'all'");
}

TEST_CASE("editors know rules as maps of texts", "[config][headers]") {
  const auto schema = nlohmann::json::parse(json_schema());
  const auto route =
      schema["properties"]["sites"]["items"]["properties"]["routes"]["items"]["properties"];
  const auto set = route["request_headers"]["properties"]["set"];
  CHECK(set["type"] == "object");
  CHECK(set["propertyNames"].contains("pattern"));
  CHECK(set["additionalProperties"]["type"] == nlohmann::json({"string", "number", "boolean"}));
  CHECK_FALSE(set.contains("default"));
}
