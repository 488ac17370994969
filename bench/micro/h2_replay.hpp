// Measures a server of HTTP/2 with a tape of a client. One iteration is one turn of the tape, with
// as many requests as it has streams.
#pragma once

#include "h2_tape.hpp"

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>

namespace selvedge::bench {

using MakeH2Server = std::function<std::unique_ptr<H2Server>()>;

struct H2Replay {
  const char* what = "";            // the benchmark's name
  http::RequestHead request;        // what is asked
  std::size_t content_bytes = 0;    // of each answer
  double allocations_of_a_turn = 0; // more are refused
};
// Reports "per_request" besides the time of a turn, and "allocs" of a turn.
void replay(benchmark::State& state, const MakeH2Server& make, const H2Replay& what);
// The mean number of allocations of a turn.
double allocations_of_a_turn(const MakeH2Server& make, const http::RequestHead& request);

} // namespace selvedge::bench
