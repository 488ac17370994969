// What came of a run's pages. Owned and called by one thread.
#pragma once

#include "../client/latencies.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::bench {

struct PageTally {
  static constexpr std::size_t kMostExamples = 5;

  explicit PageTally(std::size_t sets) : by_set(sets), latencies(1 << 20) {}

  void add_error(std::string text) {
    ++errors;
    if (error_examples.size() < kMostExamples) error_examples.push_back(std::move(text));
  }
  void add_mixed(std::string text) {
    ++mixed;
    if (mixed_examples.size() < kMostExamples) mixed_examples.push_back(std::move(text));
  }

  std::uint64_t begun = 0;      // pages
  std::uint64_t pages = 0;      // that came to their end
  std::uint64_t by_closure = 0; // of them, those that asked for "?closure" first
  std::uint64_t requests = 0;   // answered with 200, as the origin has it
  std::uint64_t errors = 0;     // anything else
  std::uint64_t mixed = 0;      // pages that are of no set
  std::uint64_t ambiguous = 0;  // pages that are of several
  std::uint64_t sessions = 0;
  std::uint64_t moved = 0; // pages of another set than the session's page before
  std::vector<std::uint64_t> by_set;
  std::vector<std::string> error_examples;
  std::vector<std::string> mixed_examples;
  Latencies latencies; // of requests, from when they were sent
};

} // namespace selvedge::bench
