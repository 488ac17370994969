// Bad policies and the exact lines that say what is wrong with them; warnings too.
#include <selvedge/config/load.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using selvedge::config::ConfigError;
using selvedge::config::parse;

namespace {

// A configuration without fault, in three lines.
const std::string kNode = "listeners: [{name: http, address: ':8080'}]\n"
                          "origins: [{name: app, servers: ['a:80']}]\n"
                          "sites: [{name: main, hosts: ['*'], routes: [{origin: app}]}]\n";
const std::string kTiers = "policy:\n  tiers: [{name: gold}, {name: free, priority: free}]\n";

std::string error_of(const std::string& policy) {
  try {
    parse(kNode + policy, "n.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

struct Row {
  const char* yaml;  // after `before`
  const char* error; // the whole message
};

void check_rows(const std::string& before, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    CHECK(error_of(before + row.yaml) == row.error);
  }
}

} // namespace

TEST_CASE("unknown keys of a policy name the nearest one", "[config][policy][errors]") {
  check_rows(
      "policy:\n  ",
      {{"tier: []", "n.yaml:5:3: unknown key 'tier' (did you mean 'tiers'?)"},
       {"identify: {api_key: []}", "n.yaml:5:14: unknown key 'api_key' (did you mean 'api_keys'?)"},
       {"rules: [{name: a, when: {tier: []}, then: {}}]",
        "n.yaml:5:28: unknown key 'tier' (did you mean 'tiers'?)"},
       {"rules: [{name: a, then: {sched: 503}}]",
        "n.yaml:5:28: unknown key 'sched' (did you mean 'shed'?)"},
       {"overload: {floors: 1%}", "n.yaml:5:14: unknown key 'floors' (did you mean 'floor'?)"}});
}

TEST_CASE("values of a rule are checked where they stand", "[config][policy][errors]") {
  check_rows(
      kTiers + "  rules: [{name: a, then: {",
      {{"rate_limit: 10}}]", "n.yaml:6:40: 'rate_limit' must be a rate such as 10/s, 600/m or "
                             "100/h, not '10'"},
       {"rate_limit: {rate: 0/s}}}]",
        "n.yaml:6:47: 'rate' must be a rate such as 10/s, 600/m or 100/h, not '0/s'"},
       {"rate_limit: {rate: 1.5/s}}}]",
        "n.yaml:6:47: 'rate' must be a rate such as 10/s, 600/m or 100/h, not '1.5/s'"},
       {"rate_limit: {burst: 5}}}]", "n.yaml:6:40: 'rate' is missing"},
       {"priority: fre}}]", "n.yaml:6:38: 'priority' must be premium, standard, free or "
                            "background, not 'fre' (did you mean 'free'?)"},
       {"hits_only: yes}}]", "n.yaml:6:39: 'hits_only' must be true or false, not 'yes'"},
       {"hits_only: }}]", "n.yaml:6:28: 'hits_only' needs a value: true or false"},
       {"shed: 500}}]", "n.yaml:6:34: 'shed' must be 429 or 503, not '500'"},
       {"shed: {retry_after: 1s}}}]", "n.yaml:6:34: 'status' is missing"},
       {"shed: {status: 503, retry_after: 500ms}}}]",
        "n.yaml:6:61: 'retry_after' must be a duration from 0s to 1d, not '500ms'"},
       {"redirect: {to: /a, status: 304}}}]",
        "n.yaml:6:55: 'status' must be 301, 302, 303, 307 or 308, not '304'"},
       {"redirect: //evil.example}}]",
        "n.yaml:6:38: 'redirect' must be a path or a URL, where {path} and {query} stand for the "
        "request's, not '//evil.example'"}});
}

TEST_CASE("conditions of a rule are checked where they stand", "[config][policy][errors]") {
  check_rows(
      kTiers + "  rules: [{name: a, then: {shed: 503}, when: {",
      {{"load: hot}}]", "n.yaml:6:53: 'load' must be calm, elevated, high or critical, not 'hot'"},
       {"classes: [standard, extra]}}]",
        "n.yaml:6:67: 'classes' must be critical, core, standard or secondary, not 'extra'"},
       {"classes: core}}]", "n.yaml:6:56: 'classes' must be a list, each critical, core, standard "
                            "or secondary, not 'core'"},
       {"paths: [x]}}]", "n.yaml:6:55: 'paths' must be a path where * stands for any text, such as "
                         "/a/* or *.map, not 'x'"},
       {"times: [{from: '8:00'}]}}]",
        "n.yaml:6:62: 'from' must be a time of day in UTC, such as 08:00, not '8:00'"},
       {"times: [{to: '24:01'}]}}]",
        "n.yaml:6:60: 'to' must be a time of day in UTC, such as 08:00, not '24:01'"}});
}

TEST_CASE("values of tiers and identities are checked", "[config][policy][errors]") {
  check_rows(
      "policy:\n  ",
      {{"tiers: [{name: gold, priority: top}]",
        "n.yaml:5:34: 'priority' must be premium, standard, free or background, not 'top'"},
       {"tiers: [{name: gold, reserved_cpu: 0.3}]",
        "n.yaml:5:38: 'reserved_cpu' must be a share from 0% to 100%, not '0.3'"},
       {"identify: {api_keys: [{sha256: abc, tier: a, tenant: b}]}",
        "n.yaml:5:34: 'sha256' must be 64 hexadecimal digits, not 'abc'"},
       {"identify: {api_keys: [{}]}", "n.yaml:5:25: 'sha256' is missing\nn.yaml:5:25: 'tier' is "
                                      "missing\nn.yaml:5:25: 'tenant' is missing"},
       {"identify: {jwt: [{name: a, algorithms: [none]}]}",
        "n.yaml:5:43: 'algorithms' must be HS256, RS256, ES256 or EdDSA, not 'none'"},
       {"identify: {networks: [{network: 10.0.0.0/33, tier: a}]}",
        "n.yaml:5:35: 'network' must be an address or a network such as 127.0.0.1, 10.0.0.0/8 or "
        "fd00::/8, not '10.0.0.0/33'"},
       {"identify: {server_names: [{name: '*', tier: a}]}",
        "n.yaml:5:36: 'name' must be a host name or *.example.com, not '*'"},
       {"economics: {currency: euro}",
        "n.yaml:5:25: 'currency' must be three capital letters, such as EUR, not 'euro'"},
       {"overload: {memory: 1MiB}",
        "n.yaml:5:22: 'memory' must be 0 or a size from 64MiB to 16TiB, not '1MiB'"}});
}

TEST_CASE("names that a policy uses must exist", "[config][policy][errors]") {
  check_rows(kTiers + "  ", {{"rules: [{name: a, then: {origin: ap}}]",
                              "n.yaml:6:36: there is no origin 'ap' (did you mean 'app'?)"},
                             {"identify: {listeners: [{listener: htpp, tier: gold}]}",
                              "n.yaml:6:37: there is no listener 'htpp' (did you mean 'http'?)"},
                             // Nothing follows from a policy that could not be read.
                             {"rules: [{name: a, then: {origin: ap, shed: 1}}]",
                              "n.yaml:6:46: 'shed' must be 429 or 503, not '1'"}});
}

TEST_CASE("problems of a policy have the place of their key", "[config][policy][errors]") {
  const auto starts_with = [](const std::string& policy, const std::string& start) {
    const std::string error = error_of(kTiers + policy);
    CAPTURE(error);
    CHECK(error.substr(0, start.size()) == start);
    CHECK(error.find('\n') == std::string::npos);
  };
  starts_with("  rules: [{name: a, when: {tiers: [glod]}, then: {shed: 503}}]", "n.yaml:6:36: ");
  starts_with("  identify: {default_tier: fre}", "n.yaml:6:28: ");
  starts_with("  rules: [{name: a, then: {shed: 503}}, {name: a, then: {shed: 503}}]",
              "n.yaml:6:48: ");
  starts_with("  identify: {jwt: [{name: a}]}", "n.yaml:6:20: ");
  starts_with("  classes: [{is: core, min_size: 2KiB, max_size: 1KiB}]", "n.yaml:6:50: ");
}

TEST_CASE("what is only strange is a warning", "[config][policy][errors]") {
  const auto warnings = [](const std::string& policy) {
    const std::string gold = "  identify: {listeners: [{listener: http, tier: gold}]}\n";
    return parse(kNode + kTiers + gold + policy, "n.yaml").warnings;
  };
  CHECK(warnings("  rules: [{name: a, when: {tiers: [free]}, then: {shed: 503}}]").empty());
  const auto hidden = warnings("  rules:\n    - {name: a, then: {shed: 503}}\n"
                               "    - {name: b, then: {shed: 429}}\n"
                               "    - {name: c, when: {classes: [core]}, then: {hits_only: true}}");
  REQUIRE(hidden.size() == 2);
  CHECK(hidden[0].substr(0, 44) == "n.yaml:9:7: warning: rule 'b' has nothing le");
  CHECK(hidden[1].substr(0, 45) == "n.yaml:10:33: warning: rule 'c' can never mat");
}
