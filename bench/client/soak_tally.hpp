// What became of the requests of one second, told as one line of JSON. Latencies count from when a
// request was due, by sixteenths of octaves of microseconds, so that seconds can be added up.
// Owned and called by one thread.
#pragma once

#include "soak_line.hpp"

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace selvedge::bench {

class SoakTally {
public:
  void add(const SoakEnd& end);
  void add_unsent() { ++counts_["unsent"]; }
  void add_unopened(std::uint64_t connections) { counts_["unopened"] += connections; }
  void print(double second, std::size_t waiting, std::size_t connections);

private:
  void tell_of(const std::string& what) {
    if (examples_.size() < 5) examples_.push_back(what);
  }

  std::map<std::string, std::uint64_t> counts_;
  std::map<int, std::uint64_t> statuses_;      // of the refused
  std::map<int, std::uint64_t> hits_, others_; // latencies
  std::vector<std::string> examples_;
};

} // namespace selvedge::bench
