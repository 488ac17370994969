// The admin API's side of origins: what is reported, what is counted, what a change becomes.
#include <selvedge/config/load.hpp>
#include <src/server/origin_metrics.hpp>
#include <src/server/origins_api.hpp>
#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>

#include <regex>
#include <stdexcept>

using namespace selvedge;
using namespace selvedge::server;
using Json = nlohmann::json;

namespace {

OriginReport report() {
  OriginReport origin;
  origin.name = "app";
  origin.balance = upstream::Balance::ewma;
  origin.workers = 2;
  origin.open_breakers = 1;
  origin.limit = 40;
  origin.waiting = 3;
  origin.requests = 1000;
  origin.hedges = 7;
  origin.refused.by_queue = 5;
  ServerReport well;
  well.options.address = "a:80";
  well.options.region = "eu";
  well.options.weight = 4;
  well.options.cost = 0.5;
  well.effective_weight = 1.5;
  well.bytes_received = 3ull << 30;
  well.latency_s = 0.25;
  ServerReport out;
  out.options.address = "b:80";
  out.is_healthy = false;
  out.is_ejected = true;
  out.ejection_reason = "latency";
  out.ejected_for_s = 12.5;
  out.failures = 9;
  origin.servers = {well, out};
  return origin;
}

config::Config configuration() {
  return config::parse(R"(
listeners: [{address: ":8080"}]
origins:
  - {name: app, servers: ["a:80", "b:80"], hedge: {enabled: true}}
  - {name: files, kind: directory, root: /w}
sites: [{name: main, hosts: ["*"], routes: [{origin: app}]}]
)",
                       "n.yaml");
}

// What a program around the API does, without a node.
struct Program {
  config::Config current = configuration();
  std::uint64_t generation = 1;

  AdminAnswer change(std::string_view content) {
    return change_origin(content, [this](const MakeConfig& make) {
      const config::Config fresh = make(current);
      AppliedChange applied{++generation, config::differences(current, fresh)};
      current = fresh;
      return applied;
    });
  }
};

} // namespace

TEST_CASE("the answer names every origin and server", "[server][origins]") {
  OriginReport files;
  files.name = "files";
  files.kind = upstream::OriginKind::directory;
  const AdminAnswer answer = origins_answer({report(), files});
  CHECK(answer.status == 200);
  const Json origins = Json::parse(answer.content)["origins"];
  REQUIRE(origins.size() == 2);
  const Json& app = origins[0];
  CHECK(app["kind"] == "http");
  CHECK(app["balance"] == "ewma");
  CHECK(app["breaker"] == Json{{"state", "open"}, {"open_workers", 1}, {"workers", 2}});
  CHECK(app["limit"] == 40);
  CHECK(app["waiting"] == 3);
  CHECK(app["refused"]["queue"] == 5);
  const Json& well = app["servers"][0];
  CHECK(well["weight"] == 4);
  CHECK(well["effective_weight"] == 1.5);
  CHECK(well["cost"] == 1.5);
  CHECK(well["latency_ms"] == 250.0);
  CHECK(well["ejected"].is_null());
  const Json& out = app["servers"][1];
  CHECK(out["healthy"] == false);
  CHECK(out["ejected"] == Json{{"reason", "latency"}, {"for_seconds", 12.5}});
  CHECK(out["latency_ms"].is_null());
  CHECK(origins[1]["servers"].empty());
  CHECK_FALSE(origins[1].contains("breaker"));
}

TEST_CASE("metrics have a sample for every origin and server", "[server][origins]") {
  Exposition out;
  write_origins(out, {report()});
  const std::string text = out.take();
  CAPTURE(text);
  const auto has = [&text](const char* line) {
    return text.find(std::string("\n") + line + "\n") != std::string::npos;
  };
  CHECK(has("selvedge_origin_requests_total{origin=\"app\"} 1000"));
  CHECK(has("selvedge_origin_limit{origin=\"app\"} 40"));
  CHECK(has("selvedge_origin_waiting{origin=\"app\"} 3"));
  CHECK(has("selvedge_origin_hedges_total{origin=\"app\"} 7"));
  CHECK(has("selvedge_origin_breaker_open{origin=\"app\"} 1"));
  CHECK(has("selvedge_origin_refused_total{origin=\"app\",reason=\"queue\"} 5"));
  CHECK(has("selvedge_origin_refused_total{origin=\"app\",reason=\"breaker\"} 0"));
  CHECK(has("selvedge_origin_server_healthy{origin=\"app\",server=\"a:80\"} 1"));
  CHECK(has("selvedge_origin_server_healthy{origin=\"app\",server=\"b:80\"} 0"));
  CHECK(has("selvedge_origin_server_ejected{origin=\"app\",server=\"b:80\"} 1"));
  CHECK(has("selvedge_origin_server_failures_total{origin=\"app\",server=\"b:80\"} 9"));
}

TEST_CASE("every sample stands below the type of its family", "[server][origins]") {
  Exposition out;
  write_origins(out, {report()});
  const std::string text = out.take();
  const std::regex line(R"((# HELP \w+ .+|# TYPE (\w+) (counter|gauge)|(\w+)\{[^}]*\} \d+)\n)");
  std::string family;
  std::size_t samples = 0, at = 0;
  for (std::smatch match; at < text.size(); at += static_cast<std::size_t>(match.length())) {
    const std::string rest = text.substr(at);
    REQUIRE(std::regex_search(rest, match, line, std::regex_constants::match_continuous));
    if (match[2].matched) family = match[2];
    const bool is_counter = match[2].matched && match[3] == "counter";
    if (match[2].matched) CHECK(is_counter == family.ends_with("_total"));
    if (!match[4].matched) continue;
    CHECK(match[4] == family);
    ++samples;
  }
  CHECK(samples == 12 + 4 + 6 * 2);
}

TEST_CASE("one weight is changed", "[server][origins]") {
  Program program;
  const AdminAnswer answer = program.change(R"({"name": "app", "server": "b:80", "weight": 0})");
  REQUIRE(answer.status == 200);
  const Json body = Json::parse(answer.content);
  CHECK(body["generation"] == 2);
  CHECK(body["changes"] == Json({"origins[app].servers[b:80].weight: 1 -> 0"}));
  CHECK(body["kept_until"] == "the next reload or restart");
  CHECK(program.current.origins[0].servers[0].weight == 1);
  CHECK(program.current.origins[0].servers[1].weight == 0);
}

TEST_CASE("all servers are changed, and nothing else", "[server][origins]") {
  Program program;
  const AdminAnswer answer = program.change(
      R"({"name": "app", "servers": ["b:80", {"address": "c:81", "weight": 3, "cost": 1}]})");
  REQUIRE(answer.status == 200);
  const auto& servers = program.current.origins[0].servers;
  REQUIRE(servers.size() == 2);
  CHECK(servers[0].address == "b:80");
  CHECK(servers[1].weight == 3);
  config::Config back = program.current;
  back.origins[0].servers = configuration().origins[0].servers;
  CHECK(config::differences(back, configuration()).empty());
}

TEST_CASE("a change that cannot be made changes nothing", "[server][origins]") {
  struct Row {
    const char* content;
    int status;
    const char* detail;
  };
  const std::vector<Row> rows{
      {"", 400, "expected a JSON object such as"},
      {"- a", 400, "expected a JSON object such as"},
      {"name: app", 400, "expected a JSON object such as"},
      {R"({"name": "app", "servers": [{"address": "a"}]})", 400,
       "request:1:41: 'address' must be an address such as"},
      {R"({"name": "app", "servers": ["a:80"]})", 400, "'hedge' needs two servers or more"},
      {R"({"name": "app", "servers": ["a:80", "a:80"]})", 400, "server 'a:80' is there twice"},
      {R"({"name": "files", "servers": ["a:80"]})", 400,
       "'files' is a directory: it has no servers"},
      {R"({"name": "none", "servers": ["a:80"]})", 404, "there is no origin 'none'"},
      {R"({"name": "app", "server": "c:80", "weight": 1})", 404,
       "the origin 'app' has no server 'c:80'"}};
  for (const Row& row : rows) {
    CAPTURE(row.content);
    Program program;
    const AdminAnswer answer = program.change(row.content);
    CHECK(answer.status == row.status);
    CHECK(answer.type == "application/problem+json");
    const std::string detail = Json::parse(answer.content)["detail"];
    CHECK(detail.find(row.detail) == 0);
    CHECK(program.generation == 1);
    CHECK(config::differences(configuration(), program.current).empty());
  }
}

TEST_CASE("the last weight of an origin stays", "[server][origins]") {
  Program program;
  CHECK(program.change(R"({"name": "app", "server": "a:80", "weight": 0})").status == 200);
  const AdminAnswer answer = program.change(R"({"name": "app", "server": "b:80", "weight": 0})");
  CHECK(answer.status == 400);
  CHECK(program.current.origins[0].servers[1].weight == 1);
}

TEST_CASE("a node that cannot use the new servers says so", "[server][origins]") {
  const AdminAnswer answer = change_origin(R"({"name": "app", "server": "a:80", "weight": 2})",
                                           [](const MakeConfig& make) -> AppliedChange {
                                             make(configuration());
                                             throw std::runtime_error("cannot read 'x.pem'");
                                           });
  CHECK(answer.status == 500);
  CHECK(Json::parse(answer.content)["detail"] == "nothing has changed: cannot read 'x.pem'");
}
