#include "origins_api.hpp"

#include <selvedge/config/load.hpp>
#include <selvedge/config/origin_change.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace selvedge::server {

using config::OriginChange;
using nlohmann::json;
using upstream::OriginOptions;

namespace {

// A name that the configuration in force does not have.
class UnknownName : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

std::string_view text_of(upstream::OriginKind kind) {
  switch (kind) {
  case upstream::OriginKind::http:
    return "http";
  case upstream::OriginKind::directory:
    return "directory";
  case upstream::OriginKind::s3:
    return "s3";
  case upstream::OriginKind::shield:
    return "shield";
  }
  return "";
}

std::string_view text_of(upstream::Balance balance) {
  switch (balance) {
  case upstream::Balance::round_robin:
    return "round_robin";
  case upstream::Balance::least_requests:
    return "least_requests";
  case upstream::Balance::ewma:
    return "ewma";
  case upstream::Balance::hash:
    return "hash";
  }
  return "";
}

json server_json(const ServerReport& server) {
  json ejected; // null: it is not out
  if (server.is_ejected) {
    ejected = {{"reason", server.ejection_reason}, {"for_seconds", server.ejected_for_s}};
  }
  json latency; // null: unknown
  if (server.latency_s > 0) latency = server.latency_s * 1000;
  return {{"address", server.options.address},
          {"region", server.options.region},
          {"priority", server.options.priority},
          {"weight", server.options.weight},
          {"effective_weight", server.effective_weight},
          {"healthy", server.is_healthy},
          {"ejected", ejected},
          {"ejections", server.ejections},
          {"consecutive_errors", server.consecutive_errors},
          {"in_flight", server.in_flight},
          {"requests", server.requests},
          {"failures", server.failures},
          {"bytes_received", server.bytes_received},
          {"cost", server.cost()},
          {"checks", {{"sent", server.checks}, {"failed", server.failed_checks}}},
          {"latency_ms", latency}};
}

json origin_json(const OriginReport& origin) {
  json servers = json::array();
  for (const ServerReport& server : origin.servers) servers.push_back(server_json(server));
  json result{{"name", origin.name},
              {"kind", text_of(origin.kind)},
              {"in_flight", origin.in_flight},
              {"requests", origin.requests},
              {"errors", origin.errors},
              {"timeouts", origin.timeouts},
              {"bytes_received", origin.bytes_received},
              {"servers", servers}};
  if (origin.kind == upstream::OriginKind::directory) return result;
  const RefusedFetches& refused = origin.refused;
  result.update({{"balance", text_of(origin.balance)},
                 {"panics", origin.panics},
                 {"breaker",
                  {{"state", origin.open_breakers > 0 ? "open" : "closed"},
                   {"open_workers", origin.open_breakers},
                   {"workers", origin.workers}}},
                 {"limit", origin.limit},
                 {"waiting", origin.waiting},
                 {"waited", origin.waited},
                 {"refused",
                  {{"queue", refused.by_queue},
                   {"wait", refused.by_wait},
                   {"breaker", refused.by_breaker},
                   {"throttle", refused.by_throttle}}},
                 {"retries", origin.retries},
                 {"hedges", {{"sent", origin.hedges}, {"won", origin.hedges_won}}},
                 {"connections",
                  {{"opened", origin.connections_opened}, {"reused", origin.connections_reused}}}});
  return result;
}

void set_weight(OriginOptions& origin, const OriginChange& change) {
  for (upstream::ServerOptions& server : origin.servers) {
    if (server.address != change.server) continue;
    server.weight = change.weight;
    return;
  }
  throw UnknownName(
      fmt::format("the origin '{}' has no server '{}'", change.origin, change.server));
}

config::Config changed(config::Config config, const OriginChange& change) {
  const auto origin = std::find_if(config.origins.begin(), config.origins.end(),
                                   [&](const auto& one) { return one.name == change.origin; });
  if (origin == config.origins.end()) {
    throw UnknownName(fmt::format("there is no origin '{}'", change.origin));
  }
  if (origin->kind == upstream::OriginKind::directory) {
    throw config::ConfigError(fmt::format("'{}' is a directory: it has no servers", origin->name));
  }
  if (change.servers.empty()) {
    set_weight(*origin, change);
  } else {
    origin->servers = change.servers;
  }
  std::string problems;
  for (const config::OriginProblem& problem : config::problems_of(*origin)) {
    problems += (problems.empty() ? "" : "\n") + problem.text;
  }
  if (!problems.empty()) throw config::ConfigError(problems);
  return config;
}

} // namespace

AdminAnswer origins_answer(const std::vector<OriginReport>& origins) {
  json list = json::array();
  for (const OriginReport& origin : origins) list.push_back(origin_json(origin));
  return as_json({{"origins", list}});
}

AdminAnswer change_origin(std::string_view content, const ChangeConfig& change_config) {
  // Only JSON here, though the reader of the configuration takes all of YAML.
  if (!json::parse(content, nullptr, false).is_object()) {
    return problem(400, R"(expected a JSON object such as {"name": "app", "servers": ["a:80"]})");
  }
  try {
    const OriginChange change = config::parse_origin_change(content);
    const AppliedChange applied = change_config(
        [&change](const config::Config& current) { return changed(current, change); });
    return as_json({{"generation", applied.generation},
                    {"changes", applied.changes},
                    {"kept_until", "the next reload or restart"}});
  } catch (const UnknownName& error) {
    return problem(404, error.what());
  } catch (const config::ConfigError& error) {
    return problem(400, error.what());
  } catch (const std::exception& error) {
    return problem(500, fmt::format("nothing has changed: {}", error.what()));
  }
}

} // namespace selvedge::server
