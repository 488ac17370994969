// What a replay found, as a table for people and as JSON for programs.
#pragma once

#include "replay.hpp"

#include <optional>
#include <string>
#include <vector>

namespace selvedge::bench {

struct PolicyRow {
  std::string policy;
  std::optional<double> exponent; // of policies that have one
  std::vector<Misses> misses;     // at each size of the report
};

struct Report {
  std::string trace;
  std::uint64_t requests = 0;
  std::uint64_t requested_bytes = 0;
  std::uint64_t objects = 0;
  std::uint64_t unique_bytes = 0;
  std::uint64_t changes = 0;
  std::string accounting;
  std::size_t stripes = 0;
  std::vector<double> shares; // sizes of the cache, in percent of the unique bytes
  std::vector<PolicyRow> rows;
};

// The cache of that share of a trace's unique bytes, in bytes.
std::uint64_t capacity_of(std::uint64_t unique_bytes, double share);
void print_table(const Report& report);
void print_json(const std::vector<Report>& reports);

} // namespace selvedge::bench
