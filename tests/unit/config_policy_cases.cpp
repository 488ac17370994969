// Tests of policies: how they are read, and what they say about a policy.
#include <selvedge/config/load.hpp>
#include <selvedge/config/policy_cases.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using namespace selvedge;
using config::ConfigError;
using config::parse;
using config::parse_policy_cases;
using config::PolicyCase;
using config::PolicyMiss;
using config::PolicyTrial;

namespace {

const std::string kConfig = R"(
listeners: [{name: http, address: ':8080'}]
origins: [{name: app, servers: ['a:80']}, {name: slow, servers: ['b:80']}]
sites: [{name: main, hosts: ['*'], routes: [{origin: app}]}]
forwarding: {trusted_proxies: [10.0.0.1]}
policy:
  tiers: [{name: gold, priority: premium}, {name: free, priority: free}]
  identify:
    certificates: [{name: client.example.com, tier: gold}]
    server_names: [{name: pro.example.com, tier: gold}]
    listeners: [{listener: http, tier: gold}]
  regions: [{name: eu, networks: [192.0.2.0/24]}, {name: us}]
  region_header: x-region
  classes: [{is: core, types: [text/css]}, {is: secondary, min_size: 1MiB}]
  rules:
    - {name: last, when: {tiers: [free], load: critical}, then: {shed: 503}}
    - name: free
      when: {tiers: [free]}
      then: {rate_limit: 600/m, concurrency: 3, origin: slow, redirect: "/x{path}?y{query}"}
)";

std::vector<PolicyMiss> misses_of(const std::string& one) {
  PolicyTrial trial(parse(kConfig, "n.yaml"));
  const auto cases = parse_policy_cases("cases:\n- name: it\n" + one, "c.yaml");
  return trial.misses(cases.at(0));
}

// The one miss of a case, as "PLACE ASPECT: EXPECTED, GOT (RULE)".
std::string miss_of(const std::string& one) {
  const std::vector<PolicyMiss> misses = misses_of(one);
  if (misses.empty()) return "none";
  const PolicyMiss& miss = misses[0];
  return miss.place + " " + miss.aspect + ": " + miss.expected + ", " + miss.got + " (" +
         miss.rule + ")";
}

std::string error_of(const std::string& yaml) {
  try {
    parse_policy_cases(yaml, "c.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

} // namespace

TEST_CASE("cases hold what they say and defaults", "[config][policy][cases]") {
  const auto cases = parse_policy_cases(R"(cases:
- name: brief
  request: http://a.example/
  expect: {tier: free}
- name: all
  request:
    method: POST
    url: https://a.example:8443/x?y
    headers: {X-Api-Key: k}
    client: 10.0.0.7
    listener: https
    server_name: B.example
    certificate_names: [c]
  as: {tier: free, tenant: acme, region: eu}
  stored: {type: text/css, size: 12KiB}
  load: critical
  time: 2026-11-29T12:00:01Z
  expect: {rate_limit: 600/m, serve_stale: 60m, hits_only: false, rule: {shed: a b}}
)",
                                        "c.yaml");
  REQUIRE(cases.size() == 2);
  const PolicyCase& brief = cases[0];
  CHECK(brief.place == "c.yaml:2:3");
  CHECK(brief.request.method == "GET");
  CHECK(brief.load == overload::LoadLevel::calm);
  CHECK(brief.time ==
        std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} + std::chrono::hours{12});
  const PolicyCase& all = cases[1];
  CHECK(all.request.headers.at(0).name == "x-api-key");
  CHECK(all.request.server_name == "b.example");
  CHECK(all.stored.size == 12 * 1024);
  CHECK(all.time.time_since_epoch() == std::chrono::seconds{1795953601});
  REQUIRE(all.expectations.size() == 4);
  CHECK(all.expectations[0].value == "1h");
  CHECK(all.expectations[1].value == "false");
  CHECK(all.expectations[2].value == "10/s");
  CHECK(all.expectations[3].aspect == "rule.shed");
  CHECK(all.expectations[3].place == "c.yaml:18:80");
}

TEST_CASE("a bad file of cases names the place", "[config][policy][cases]") {
  CHECK(error_of("") == "c.yaml:1:1: 'cases' is missing");
  CHECK(error_of("cases: []") ==
        "c.yaml:1:8: 'cases' must be a list of one or more sections, not an empty list");
  const std::string start = "cases:\n- name: a\n  request: http://a/\n  ";
  CHECK(error_of(start + "expect: {}") ==
        "c.yaml:4:11: 'expect' says nothing: the case cannot fail");
  CHECK(error_of(start + "expect: {teir: a}") ==
        "c.yaml:4:12: unknown key 'teir' (did you mean 'tier'?)");
  CHECK(error_of(start + "expect: {shed: 500}") ==
        "c.yaml:4:18: 'shed' must be none, 429 or 503, not '500' (did you mean '503'?)");
  CHECK(error_of(start + "time: 2026-02-30T00:00:00Z\n  expect: {tier: a}") ==
        "c.yaml:4:9: 'time' must be a time in UTC such as 2026-11-29T12:00:00Z, not "
        "'2026-02-30T00:00:00Z'");
  CHECK(error_of(start + "time: 2026-02-03 00:00:00Z\n  expect: {tier: a}") ==
        "c.yaml:4:9: 'time' must be a time in UTC such as 2026-11-29T12:00:00Z, not "
        "'2026-02-03 00:00:00Z'");
  CHECK(error_of("cases:\n- name: a\n  request: /x\n  expect: {tier: a}") ==
        "c.yaml:3:12: 'request' must be an http or https URL without a fragment, not '/x'");
  CHECK(error_of(start + "load: [\n") != "no error");
}

TEST_CASE("what is as expected is no miss", "[config][policy][cases]") {
  CHECK(miss_of("  request: http://a.example/b?c\n  expect: {tier: free, priority: free, class: "
                "standard, region: eu, shed: none, redirect: '/x/b?y?c', origin: slow, "
                "serve_stale: 0s, hits_only: false, transforms: true, rate_limit: 10/s, "
                "concurrency: 3, rule: {rate_limit: free, shed: none}}") == "none");
  CHECK(miss_of("  request: http://a.example/a.css\n  as: {tier: gold}\n  expect: {class: core, "
                "priority: premium, redirect: none, origin: none, rate_limit: none, "
                "concurrency: 0}") == "none");
  CHECK(miss_of("  request: http://a.example/\n  stored: {size: 1MiB}\n  expect: {class: "
                "secondary}") == "none");
}

TEST_CASE("a miss says where, what came and which rule decided", "[config][policy][cases]") {
  CHECK(miss_of("  request: http://a.example/\n  load: critical\n  expect: {shed: none}") ==
        "c.yaml:5:18 shed: none, 503 (last)");
  CHECK(miss_of("  request: http://a.example/\n  expect: {rate_limit: 5/s}") ==
        "c.yaml:4:24 rate_limit: 5/s, 10/s (free)");
  CHECK(miss_of("  request: http://a.example/\n  expect: {rule: {shed: free}}") ==
        "c.yaml:4:25 rule.shed: free, none ()");
  CHECK(miss_of("  request: http://a.example/\n  expect: {tier: gold}") ==
        "c.yaml:4:18 tier: gold, free ()");
  CHECK(misses_of("  request: http://a.example/\n  expect: {tier: gold, hits_only: true}").size() ==
        2);
}

TEST_CASE("what is taken for granted must exist", "[config][policy][cases]") {
  CHECK(miss_of("  request: http://a.example/\n  as: {tier: glod}\n  expect: {shed: none}") ==
        "c.yaml:2:3 as.tier: glod, no such tier ()");
  CHECK(miss_of("  request: http://a.example/\n  as: {region: mars}\n  expect: {shed: none}") ==
        "c.yaml:2:3 as.region: mars, no such region ()");
}

TEST_CASE("a request is identified by its connection", "[config][policy][cases]") {
  CHECK(miss_of("  request: https://pro.example.com:8443/\n  expect: {tier: gold}") == "none");
  CHECK(miss_of("  request: http://pro.example.com/\n  expect: {tier: free}") == "none");
  CHECK(miss_of("  request: {url: 'http://a/', listener: http}\n  expect: {tier: gold}") == "none");
  CHECK(miss_of("  request: {url: 'http://a/', certificate_names: [client.example.com]}\n"
                "  expect: {tier: gold}") == "none");
}

TEST_CASE("a region is believed from trusted proxies only", "[config][policy][cases]") {
  const std::string url = "  request: {url: 'http://a/', headers: {x-region: us}, client: ";
  CHECK(miss_of(url + "10.0.0.1}\n  expect: {region: us}") == "none");
  CHECK(miss_of(url + "192.0.2.7}\n  expect: {region: eu}") == "none");
  CHECK(miss_of(url + "10.0.0.2}\n  expect: {region: none}") == "none");
  CHECK(miss_of("  request: http://a/\n  as: {region: us}\n  expect: {region: us}") == "none");
}
