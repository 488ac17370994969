// What the choice of a server knows of each of them at the moment of a fetch.
#pragma once

#include <cstdint>

namespace selvedge::upstream {

struct Candidate {
  double weight = 1; // slow start applied; 0: gets nothing new
  std::uint32_t priority = 0;
  bool is_usable = true; // well, and has room for a fetch
  bool is_well = true;   // healthy and not ejected, room or not
  std::uint32_t in_flight = 0;
  // Smoothed, to the head. 0: unknown. It has to fade to 0 while nothing is measured: a server once
  // slow is else never asked again, and so never known to be fast again.
  double latency_s = 0;
};

} // namespace selvedge::upstream
