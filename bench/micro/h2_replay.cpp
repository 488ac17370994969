#include "h2_replay.hpp"

#include "allocations.hpp"

#include <algorithm>
#include <string>

namespace selvedge::bench {

namespace {

H2Tape record_with(const MakeH2Server& make, const http::RequestHead& request) {
  const std::unique_ptr<H2Server> server = make();
  return record(*server, request);
}

} // namespace

void replay(benchmark::State& state, const MakeH2Server& make, const H2Replay& what) {
  const H2Tape tape = record_with(make, what.request);
  if (tape.content_bytes != what.content_bytes) return state.SkipWithError("another answer");
  std::unique_ptr<H2Server> server = make();
  open(*server, tape);
  std::size_t at = 0;
  std::size_t least = std::string::npos; // bytes of an answer
  AllocationCount count;
  for (auto _ : state) {
    if (at == tape.turns.size()) {
      state.PauseTiming();
      count.pause();
      server.reset();
      server = make();
      open(*server, tape);
      at = 0;
      count.resume();
      state.ResumeTiming();
    }
    least = std::min(least, server->say(tape.turns[at++]).size());
  }
  // Once a second a field that tells a time changes, and HPACK remembers its new text.
  const double for_time = 4 / static_cast<double>(state.iterations()) + 0.01;
  count.require_at_most(state, what.what, what.allocations_of_a_turn + for_time);
  if (least < H2Tape::kStreams * what.content_bytes) state.SkipWithError("an answer was cut short");
  using benchmark::Counter;
  state.counters["per_request"] =
      Counter(H2Tape::kStreams, Counter::kIsIterationInvariantRate | Counter::kInvert);
}

double allocations_of_a_turn(const MakeH2Server& make, const http::RequestHead& request) {
  const H2Tape tape = record_with(make, request);
  const std::unique_ptr<H2Server> server = make();
  open(*server, tape);
  const std::uint64_t before = allocations();
  for (const std::string& turn : tape.turns) server->say(turn);
  return static_cast<double>(allocations() - before) / static_cast<double>(tape.turns.size());
}

} // namespace selvedge::bench
