#include "admin_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <iostream>
#include <string_view>
#include <utility>

namespace selvedge::cli {

using nlohmann::json;

namespace {

std::string text(const json& object, const char* key) {
  return object.at(key).get<std::string>();
}

std::uint64_t count(const json& object, const char* key) {
  return object.at(key).get<std::uint64_t>();
}

std::string milliseconds(double seconds) {
  return fmt::format("{:.1f}ms", seconds * 1e3);
}

std::string percent(double share) {
  return fmt::format("{:.1f}%", share * 100);
}

void print_head(const json& body) {
  const std::string version = text(body, "policy_version");
  std::cout << fmt::format("load {}, policy {}, {:.1f} MiB resident", text(body, "level"),
                           version.empty() ? "without a version" : version,
                           body.at("resident_bytes").get<double>() / (1 << 20));
  if (const json& limit = body.at("memory_limit"); !limit.is_null()) {
    std::cout << fmt::format(" of {:.1f}", limit.get<double>() / (1 << 20));
  }
  std::cout << "\n";
}

void print_workers(const json& workers) {
  constexpr auto kRow = "{:<7} {:<9} {:>7} {:>9}  {}\n";
  std::cout << "\n" << fmt::format(kRow, "WORKER", "LEVEL", "BUSY", "ADMITTED", "");
  for (const json& worker : workers) {
    const bool wait = worker.at("strangers_wait").get<bool>();
    std::cout << fmt::format(kRow, count(worker, "worker"), text(worker, "level"),
                             percent(worker.at("busy").get<double>()),
                             count(worker, "admitted_level"), wait ? "strangers wait" : "");
  }
}

struct Lane {
  std::uint64_t waiting = 0;
  std::uint64_t turns = 0;
  double spent_s = 0;
  double delay_s = 0; // of all turns
};

Lane sum_of(const json& workers, const char* name) {
  Lane sum;
  for (const json& worker : workers) {
    const json& lane = worker.at("lanes").at(name);
    const auto turns = count(lane, "turns");
    sum.waiting += count(lane, "waiting");
    sum.turns += turns;
    sum.spent_s += lane.at("spent_seconds").get<double>();
    sum.delay_s += lane.at("delay_seconds_mean").get<double>() * static_cast<double>(turns);
  }
  return sum;
}

void print_lanes(const json& workers) {
  constexpr auto kRow = "{:<11} {:>8} {:>12} {:>9} {:>10}\n";
  constexpr std::array<const char*, 6> kNames{"control", "premium",    "standard",
                                              "free",    "background", "handshake"};
  std::cout << "\n" << fmt::format(kRow, "CLASS", "WAITING", "TURNS", "WAIT", "CPU");
  for (const char* name : kNames) {
    const Lane lane = sum_of(workers, name);
    const double mean = lane.turns == 0 ? 0 : lane.delay_s / static_cast<double>(lane.turns);
    std::cout << fmt::format(kRow, name, lane.waiting, lane.turns, milliseconds(mean),
                             fmt::format("{:.2f}s", lane.spent_s));
  }
}

// "rule 3, overload 12"
std::string reasons_of(const json& shed) {
  std::string reasons;
  for (const auto& [reason, number] : shed.items()) {
    if (number.get<std::uint64_t>() == 0) continue;
    reasons +=
        fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, number.get<std::uint64_t>());
  }
  return reasons;
}

std::uint64_t sum_of(const json& shed) {
  std::uint64_t sum = 0;
  for (const json& number : shed) sum += number.get<std::uint64_t>();
  return sum;
}

// The tier's objective, and whether it is missed.
std::string objective_of(const json& tier) {
  const json& objective = tier.at("objective");
  std::string wanted;
  if (const json& p99 = objective.at("p99_seconds"); !p99.is_null()) {
    wanted = "p99 " + milliseconds(p99.get<double>());
  }
  if (const json& share = objective.at("availability"); !share.is_null()) {
    wanted += fmt::format("{}{:.4g}%", wanted.empty() ? "" : ", ", share.get<double>() * 100);
  }
  if (wanted.empty()) return {};
  return wanted + (tier.at("meets_objective").get<bool>() ? ": met" : ": MISSED");
}

void print_tiers(const json& tiers) {
  constexpr auto kRow = "{:<14} {:<10} {:>10} {:>8} {:>8} {:>9} {:>8}  {}\n";
  std::cout << "\n"
            << fmt::format(kRow, "TIER", "PRIORITY", "SERVED", "FAILED", "SHED", "P99", "GOOD",
                           "OBJECTIVE");
  for (const auto& [name, tier] : tiers.items()) {
    const json& shed = tier.at("shed");
    std::cout << fmt::format(kRow, name, text(tier, "priority"), count(tier, "served"),
                             count(tier, "failed"), sum_of(shed),
                             milliseconds(tier.at("p99_seconds").get<double>()),
                             percent(tier.at("availability").get<double>()), objective_of(tier));
    if (const std::string reasons = reasons_of(shed); !reasons.empty()) {
      std::cout << "  turned away: " << reasons << "\n";
    }
  }
}

} // namespace

int overload(const AdminOptions& admin) {
  const auto body = get(admin, "/v1/overload");
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
    return kDone;
  }
  print_head(*body);
  print_workers(body->at("workers"));
  print_lanes(body->at("workers"));
  print_tiers(body->at("tiers"));
  return kDone;
}

int events(const AdminOptions& admin, const EventsOptions& wanted) {
  const auto body = get(admin, fmt::format("/v1/events?after={}", wanted.after));
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
    return kDone;
  }
  const json& events = body->at("events");
  for (const json& event : events) {
    std::cout << fmt::format("{:>5}  {}  worker {}  {}: {} -> {} ({})\n", count(event, "number"),
                             text(event, "time"), count(event, "worker"), text(event, "knob"),
                             text(event, "from"), text(event, "to"), text(event, "why"));
  }
  if (events.empty()) std::cout << "nothing had to be done\n";
  return kDone;
}

} // namespace selvedge::cli
