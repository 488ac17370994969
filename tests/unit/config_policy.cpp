// Policies: read, written, compared, and joined from files.
#include <selvedge/config/load.hpp>
#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

namespace fs = std::filesystem;
using namespace selvedge;
using config::Config;
using config::ConfigError;
using config::differences;
using config::load;
using config::parse;
using config::to_yaml;

namespace {

const std::string kNode = "listeners: [{name: http, address: ':8080'}]\n"
                          "origins: [{name: app, servers: ['a:80']}, {name: slow, servers: "
                          "['b:80']}]\n"
                          "sites: [{name: main, hosts: ['*'], routes: [{origin: app}]}]\n";

const std::string kPolicy = R"(policy:
  version: v7
  tiers:
    - name: gold
      priority: premium
      reserved_cpu: 30.5%
      reserved_origin: 40%
      reserved_cache: 10%
      value: 4.5
      values: [{region: eu, value: 5}]
      objective_p99: 50ms
      objective_availability: 99.99%
    - {name: free, priority: free}
  identify:
    default_tier: free
    jwt:
      - name: login
        cookie: session
        algorithms: [ES256, EdDSA]
        jwks_file: keys.json
        issuer: https://login.example.com
        audience: cdn
        tier_claim: plan
        tiers: [{value: yes please, tier: gold}]
        leeway: 1m
    api_keys:
      - sha256: E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
        tier: gold
        tenant: ACME Ltd
    header: {tier_header: X-Tier, tenant_header: x-tenant, from: [127.0.0.1]}
    certificates: [{name: client.example.com, tier: gold}]
    networks: [{network: 10.0.0.0/8, tier: gold, tenant: us}]
    server_names: [{name: "*.Example.com", tier: gold}]
    listeners: [{listener: http, tier: free}]
    token_cache: 100
  regions: [{name: eu, networks: [192.0.2.0/24, "2001:db8::/32"]}]
  region_header: X-Region
  classes:
    - {is: critical, paths: [/, "*.html"], bundles: ["*-ui"], types: ["Image/*"], min_size: 1KiB}
    - {name: big, is: secondary, min_size: 2KiB, max_size: 1MiB}
  rules:
    - name: all of it
      when:
        tiers: [gold]
        classes: [critical, secondary]
        regions: [eu]
        methods: [GET]
        paths: ["/x/*"]
        load: high
        times: [{days: mon-fri, from: "22:00", to: "04:00"}, {days: sat}]
        headers: [{name: Accept}, {name: user-agent, value: "*bot*"}]
      then:
        priority: background
        rate_limit: {rate: 600/m, burst: 50}
        concurrency: 4
        serve_stale: 1h
        origin: slow
        hits_only: true
        transforms: false
        redirect: {to: "https://slow.example.com{path}{query}", status: 307}
        shed: {status: 429, retry_after: 5s}
    - {name: short, when: {tiers: [free]}, then: {rate_limit: 100/h, redirect: /gone, shed: 503}}
  economics: {currency: EUR, origin_gib: 0.08, storage: [{name: disk, gib_read: 0.01, gib_month: 1}]}
  overload:
    enabled: false
    cpu_budget: 80%
    floor: 4%
    handshakes: 10%
    rejections: 3%
    unknown: 50%
    target_delay: 2ms
    defer: 1s
    cohort_period: 30m
    stale_window: 2h
    memory: 1GiB
)";

// A directory of its own that goes when the test ends.
class Directory {
public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "selvedge-policy-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }

  std::string file(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

private:
  fs::path path_;
};

std::string error_of(const std::string& path) {
  try {
    load(path);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

using Lines = std::vector<std::string>;

Lines changed_by(const std::function<void(policy::PolicyOptions&)>& change) {
  const Config from = parse(kNode + kPolicy, "/etc/n.yaml");
  Config to = from;
  change(to.policy);
  return differences(from, to);
}

} // namespace

TEST_CASE("a policy is read", "[config][policy]") {
  const policy::PolicyOptions policy = parse(kNode + kPolicy, "/etc/n.yaml").policy;
  CHECK(policy.version == "v7");
  CHECK(policy.tiers.at(0).priority == overload::Importance::premium);
  CHECK(policy.tiers[0].reserved_cpu == 0.305);
  CHECK(policy.tiers[0].objective_availability == 0.9999);
  CHECK(policy.tiers[0].values.at(0).value == 5);
  const policy::IdentifyOptions& identify = policy.identify;
  using policy::JwtAlgorithm;
  CHECK(identify.jwt.at(0).algorithms ==
        std::vector<JwtAlgorithm>{JwtAlgorithm::es256, JwtAlgorithm::eddsa});
  CHECK(identify.jwt[0].jwks_file == "/etc/keys.json");
  CHECK(identify.jwt[0].header == "authorization");
  CHECK(identify.api_keys.at(0).sha256.substr(0, 8) == "e3b0c442");
  CHECK(identify.api_keys[0].tenant == "ACME Ltd");
  CHECK(identify.header.tier_header == "x-tier");
  CHECK(identify.server_names.at(0).name == "*.example.com");
  CHECK(policy.classes.at(0).types == std::vector<std::string>{"image/*"});
  CHECK(policy.overload.cpu_budget == 0.8);
  CHECK(policy.overload.memory == 1u << 30);
}

TEST_CASE("a rule is read", "[config][policy]") {
  const policy::PolicyOptions policy = parse(kNode + kPolicy, "/etc/n.yaml").policy;
  const policy::RuleOptions& rule = policy.rules.at(0);
  CHECK(rule.when.load == overload::LoadLevel::high);
  CHECK(rule.when.times.at(0).to == "04:00");
  CHECK(rule.when.times.at(1).from.empty());
  CHECK(rule.when.headers.at(0).value.empty());
  CHECK(rule.then.rate_limit.rate == 10);
  CHECK(rule.then.rate_limit.burst == 50);
  CHECK(rule.then.hits_only == policy::Choice::yes);
  CHECK(rule.then.transforms == policy::Choice::no);
  CHECK(rule.then.redirect.status == 307);
  CHECK(rule.then.shed.retry_after == std::chrono::seconds{5});
  const policy::RuleThen& brief = policy.rules.at(1).then;
  CHECK(brief.rate_limit.rate == 100.0 / 3600);
  CHECK(brief.redirect.to == "/gone");
  CHECK(brief.redirect.status == 302);
  CHECK(brief.shed.status == 503);
  CHECK(brief.hits_only == policy::Choice::unset);
}

TEST_CASE("a policy that is written reads back to the same", "[config][policy]") {
  const Config config = parse(kNode + kPolicy, "/etc/n.yaml");
  const std::string yaml = to_yaml(config);
  CAPTURE(yaml);
  const Config again = parse(yaml, "/elsewhere/n.yaml");
  CHECK(differences(config, again) == Lines{});
  CHECK(to_yaml(again) == yaml);
  CHECK(yaml.find("rate: 10/s\n") != std::string::npos);
  CHECK(yaml.find("rate: 100/h\n") != std::string::npos);
}

TEST_CASE("what a rule says nothing of is not written", "[config][policy]") {
  Config config = parse(kNode, "n.yaml");
  config.policy.rules.emplace_back().name = "empty";
  const std::string yaml = to_yaml(config);
  for (const char* key : {"rate_limit:", "hits_only:", "transforms:", "redirect:", "shed:",
                          "include:", "warnings:"}) {
    CAPTURE(key);
    CHECK(yaml.find(key) == std::string::npos);
  }
  CHECK(differences(config, parse(yaml, "n.yaml")) == Lines{});
}

TEST_CASE("differences of policies name the key", "[config][policy]") {
  CHECK(changed_by([](auto& p) { p.tiers[0].reserved_cpu = 0.5; }) ==
        Lines{"policy.tiers[gold].reserved_cpu: 30.5% -> 50%"});
  CHECK(changed_by([](auto& p) { p.rules[1].then.rate_limit.rate = 0.5; }) ==
        Lines{"policy.rules[short].then.rate_limit.rate: 100/h -> 30/m"});
  CHECK(changed_by([](auto& p) { p.rules[0].then.transforms = policy::Choice::yes; }) ==
        Lines{"policy.rules[all of it].then.transforms: false -> true"});
  CHECK(changed_by([](auto& p) { p.rules[0].when.classes.pop_back(); }) ==
        Lines{"policy.rules[all of it].when.classes: [critical, secondary] -> [critical]"});
  CHECK(changed_by([](auto& p) { std::swap(p.rules[0], p.rules[1]); }) ==
        Lines{"policy.rules: order changed"});
  CHECK(changed_by([](auto& p) { p.classes[0].is = policy::ContentClass::core; }) ==
        Lines{"policy.classes[/].is: critical -> core"});
}

TEST_CASE("the schema takes the short forms of a rule", "[config][policy]") {
  const auto schema = nlohmann::json::parse(config::json_schema());
  const auto then = schema["properties"]["policy"]["properties"]["rules"]["items"]["properties"]
                          ["then"]["properties"];
  CHECK(then["shed"]["type"] == nlohmann::json({"object", "integer"}));
  CHECK(then["shed"]["minimum"] == 429);
  CHECK(then["rate_limit"]["type"] == nlohmann::json({"object", "string"}));
  CHECK(then["rate_limit"]["pattern"] == "^[1-9][0-9]*/[smh]$");
  CHECK(then["hits_only"]["type"] == "boolean");
  CHECK(then["hits_only"].count("default") == 0);
}

TEST_CASE("a file includes others", "[config][policy][include]") {
  const Directory directory;
  directory.file("parts/policy.yaml", "policy:\n  version: v1\n  identify:\n    jwt: [{name: a, "
                                      "jwks_file: k.json}]\n");
  directory.file("parts/more.yaml", "cache: {stripes: 8}\n");
  const std::string node =
      directory.file("node.yaml", kNode + "include: [parts/policy.yaml, parts/more.yaml]\n");
  const Config config = load(node);
  CHECK(config.policy.version == "v1");
  CHECK(config.cache.stripes == 8);
  CHECK(config.policy.identify.jwt.at(0).jwks_file == directory.path() + "/parts/k.json");
  CHECK(config.include.empty());
  CHECK(to_yaml(config).find("include") == std::string::npos);
}

TEST_CASE("files of a directory may include files that are not in it",
          "[config][policy][include]") {
  const Directory directory;
  directory.file("conf/a.yaml", kNode + "include: [../policy-a.yaml]\n");
  directory.file("conf/b.yaml", "include: [../policy-b.yaml]\n");
  directory.file("policy-a.yaml", "policy: {regions: [{name: eu}]}\n");
  directory.file("policy-b.yaml", "policy: {regions: [{name: us}]}\n");
  const Config config = load(directory.path() + "/conf");
  REQUIRE(config.policy.regions.size() == 2);
  CHECK(config.policy.regions[0].name == "eu");
  CHECK(config.policy.regions[1].name == "us");
}

TEST_CASE("files that cannot be included are errors where they are named",
          "[config][policy][include]") {
  const Directory directory;
  const std::string here = directory.path();
  const auto error = [&](const std::string& include) {
    return error_of(directory.file("node.yaml", kNode + "include: " + include + "\n"));
  };
  const std::string at = here + "/node.yaml:4:11: ";
  CHECK(error("[x.yaml]") ==
        at + "'" + here + "/x.yaml' cannot be read: No such file or directory");
  CHECK(error("policy.yaml") ==
        here + "/node.yaml:4:10: 'include' must be a list, each a file, not 'policy.yaml'");
  CHECK(error("['']") == at + "'include' must be a file, not ''");
  CHECK(error("[node.yaml]").find("node.yaml' is read already") != std::string::npos);
  directory.file("p.yaml", "policy: {version: v1}\n");
  CHECK(error("[p.yaml, p.yaml]").find(":4:19: ") != std::string::npos);
  directory.file("p.yaml", "include: [other.yaml]\n");
  CHECK(error("[p.yaml]") == here + "/p.yaml:1:11: a file that is included cannot include others");
  directory.file("p.yaml", "policy:\n  versoin: v1\n");
  CHECK(error("[p.yaml]") == here + "/p.yaml:2:3: unknown key 'versoin' (did you mean 'version'?)");
  directory.file("p.yaml", "workers: 1\n");
  CHECK(error_of(directory.file("node.yaml", kNode + "workers: 2\ninclude: [p.yaml]\n")) ==
        here + "/p.yaml:1:1: 'workers' is set twice, first at " + here + "/node.yaml:4:10");
}
