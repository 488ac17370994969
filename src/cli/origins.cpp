#include "admin_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace selvedge::cli {

using nlohmann::json;

namespace {

std::string text(const json& object, const char* key) {
  return object.value(key, std::string{});
}

// What there is to say of a server beside its numbers.
std::string state_of(const json& server) {
  std::string state = server["healthy"].get<bool>() ? "healthy" : "unhealthy";
  if (const json& ejected = server["ejected"]; !ejected.is_null()) {
    state += fmt::format(", out for {:.0f} s more ({})", ejected["for_seconds"].get<double>(),
                         text(ejected, "reason"));
  }
  if (server["weight"].get<std::uint64_t>() == 0) state += ", drained";
  return state;
}

std::string weight_of(const json& server) {
  const auto weight = server["weight"].get<std::uint64_t>();
  const auto effective = server["effective_weight"].get<double>();
  if (effective >= static_cast<double>(weight)) return std::to_string(weight);
  return fmt::format("{:.1f}/{}", effective, weight);
}

std::string latency_of(const json& server) {
  const json& latency = server["latency_ms"];
  return latency.is_null() ? "-" : fmt::format("{:.1f}ms", latency.get<double>());
}

void print_servers(const json& servers) {
  constexpr auto kRow = "  {:<26} {:<10} {:>4} {:>7} {:>7} {:>9} {:>9} {:>9}  {}\n";
  std::cout << fmt::format(kRow, "SERVER", "REGION", "PRIO", "WEIGHT", "ACTIVE", "REQUESTS",
                           "FAILED", "LATENCY", "STATE");
  for (const json& server : servers) {
    std::cout << fmt::format(
        kRow, text(server, "address"), text(server, "region"),
        server["priority"].get<std::uint64_t>(), weight_of(server),
        server["in_flight"].get<std::uint64_t>(), server["requests"].get<std::uint64_t>(),
        server["failures"].get<std::uint64_t>(), latency_of(server), state_of(server));
  }
}

void print_origin(const json& origin) {
  std::cout << fmt::format("{} ({}): {} requests, {} errors, {} under way", text(origin, "name"),
                           text(origin, "kind"), origin["requests"].get<std::uint64_t>(),
                           origin["errors"].get<std::uint64_t>(),
                           origin["in_flight"].get<std::uint64_t>());
  if (origin.contains("limit")) {
    std::cout << fmt::format(" (limit {}), {} waiting", origin["limit"].get<std::uint64_t>(),
                             origin["waiting"].get<std::uint64_t>());
    if (text(origin["breaker"], "state") != "closed") std::cout << ", breaker open";
  }
  std::cout << "\n";
  if (!origin["servers"].empty()) print_servers(origin["servers"]);
}

} // namespace

int origins(const AdminOptions& admin) {
  const auto body = get(admin, "/v1/origins");
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
    return kDone;
  }
  for (const json& origin : (*body)["origins"]) print_origin(origin);
  return kDone;
}

int set_weight(const AdminOptions& admin, const WeightOptions& wanted) {
  const json request{{"name", wanted.origin}, {"server", wanted.server}, {"weight", wanted.weight}};
  const auto body =
      post(admin, "/v1/origins", request.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
    return kDone;
  }
  const json& changes = (*body)["changes"];
  for (const json& change : changes) std::cout << change.get<std::string>() << "\n";
  if (changes.empty()) std::cout << "nothing to change\n";
  std::cout << fmt::format("in force until {}\n", text(*body, "kept_until"));
  return kDone;
}

} // namespace selvedge::cli
