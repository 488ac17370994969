#include "report.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace selvedge::bench {

namespace {

double object_ratio(const Report& report, const Misses& misses) {
  return static_cast<double>(misses.requests) / static_cast<double>(report.requests);
}

// Of a trace without content nothing is missed.
double byte_ratio(const Report& report, const Misses& misses) {
  if (report.requested_bytes == 0) return 0;
  return static_cast<double>(misses.bytes) / static_cast<double>(report.requested_bytes);
}

std::string name_of(const PolicyRow& row) {
  return row.exponent ? fmt::format("{} {:g}", row.policy, *row.exponent) : row.policy;
}

nlohmann::json row_of(const Report& report, const PolicyRow& row) {
  nlohmann::json sizes = nlohmann::json::array();
  for (std::size_t i = 0; i < row.misses.size(); ++i) {
    sizes.push_back({{"percent", report.shares[i]},
                     {"bytes", capacity_of(report.unique_bytes, report.shares[i])},
                     {"object_miss_ratio", object_ratio(report, row.misses[i])},
                     {"byte_miss_ratio", byte_ratio(report, row.misses[i])}});
  }
  nlohmann::json result{{"policy", row.policy}, {"sizes", std::move(sizes)}};
  if (row.exponent) result["size_exponent"] = *row.exponent;
  return result;
}

} // namespace

std::uint64_t capacity_of(std::uint64_t unique_bytes, double share) {
  return static_cast<std::uint64_t>(static_cast<double>(unique_bytes) * share / 100);
}

void print_table(const Report& report) {
  fmt::print("{}: {} requests for {} objects of {:.1f} MB", report.trace, report.requests,
             report.objects, static_cast<double>(report.unique_bytes) / 1e6);
  if (report.changes > 0) fmt::print(", {} changes of size", report.changes);
  fmt::print("; by {}, {} stripes\n", report.accounting, report.stripes);
  fmt::print("{:<14}", "object/byte");
  for (const double share : report.shares) fmt::print(" {:>11}", fmt::format("{:g}%", share));
  fmt::print("\n");
  for (const PolicyRow& row : report.rows) {
    fmt::print("{:<14}", name_of(row));
    for (const Misses& misses : row.misses) {
      fmt::print(" {:.3f}/{:.3f}", object_ratio(report, misses), byte_ratio(report, misses));
    }
    fmt::print("\n");
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void print_json(const std::vector<Report>& reports) {
  nlohmann::json all = nlohmann::json::array();
  for (const Report& report : reports) {
    nlohmann::json rows = nlohmann::json::array();
    for (const PolicyRow& row : report.rows) rows.push_back(row_of(report, row));
    all.push_back({{"trace", report.trace},
                   {"requests", report.requests},
                   {"requested_bytes", report.requested_bytes},
                   {"objects", report.objects},
                   {"unique_bytes", report.unique_bytes},
                   {"size_changes", report.changes},
                   {"accounting", report.accounting},
                   {"stripes", report.stripes},
                   {"policies", std::move(rows)}});
  }
  fmt::print("{}\n", all.dump(2));
}

} // namespace selvedge::bench
