#include "admin_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <vector>

namespace selvedge::cli {

using nlohmann::json;

namespace {

constexpr auto kRow = "{:<26} {:>10} {:>8} {:>12} {:>12} {:>12} {:>12} {:>10} {:>10}\n";

double amount(const json& row, const char* key) {
  return row.at(key).get<double>();
}

void print_row(const std::string& name, const json& row) {
  std::cout << fmt::format(kRow, name, row.at("served").get<std::uint64_t>(),
                           row.at("shed").get<std::uint64_t>(),
                           fmt::format("{:.4f}", amount(row, "value_served")),
                           fmt::format("{:.4f}", amount(row, "value_shed")),
                           fmt::format("{:.4f}", amount(row, "origin_cost")),
                           fmt::format("{:.4f}", amount(row, "storage_cost")),
                           fmt::format("{:.1f}", amount(row, "sent_bytes") / (1 << 20)),
                           fmt::format("{:.1f}", amount(row, "saved_bytes") / (1 << 20)));
}

// Of one tier, the most valuable first.
std::vector<json> rows_of(const json& rows, const std::string& tier) {
  std::vector<json> of_tier;
  for (const json& row : rows) {
    if (row.at("tier").get<std::string>() == tier) of_tier.push_back(row);
  }
  const auto value = [](const json& row) {
    return amount(row, "value_served") + amount(row, "value_shed");
  };
  std::stable_sort(of_tier.begin(), of_tier.end(),
                   [&value](const json& a, const json& b) { return value(a) > value(b); });
  return of_tier;
}

void print_economics(const json& body) {
  std::cout << fmt::format("amounts in {}\n", body.at("currency").get<std::string>());
  std::cout << fmt::format(kRow, "TIER / BUNDLE", "SERVED", "SHED", "VALUE", "LOST", "ORIGIN",
                           "STORAGE", "MiB SENT", "MiB SAVED");
  for (const json& tier : body.at("tiers")) {
    const auto name = tier.at("tier").get<std::string>();
    print_row(name, tier);
    for (const json& row : rows_of(body.at("rows"), name)) {
      const auto bundle = row.at("bundle").get<std::string>();
      print_row("  " + (bundle.empty() ? "(none)" : bundle), row);
    }
  }
  print_row("all", body.at("totals"));
}

} // namespace

int economics(const AdminOptions& admin) {
  const auto body = get(admin, "/v1/economics");
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
  } else {
    print_economics(*body);
  }
  return kDone;
}

} // namespace selvedge::cli
