#include "spike_tally.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace selvedge::bench {

namespace {

using Json = nlohmann::json;

constexpr Us kSlice = std::chrono::milliseconds{100};
// Address space for the latencies of a phase, so that they are not moved while it is measured.
constexpr std::size_t kExpected = std::size_t{1} << 18;

Json percentiles(Latencies& of) {
  return {{"p50_us", of.at(0.5)},
          {"p99_us", of.at(0.99)},
          {"p999_us", of.at(0.999)},
          {"max_us", of.at(1.0)}};
}

} // namespace

SpikeTally::SpikeTally(const Scenario& scenario, const FlowOptions& flow)
    : timeout_(flow.timeout), slices_(static_cast<std::size_t>(scenario.length / kSlice) + 1) {
  for (const PhaseSpan& span : scenario.phases) {
    phases_.push_back({.span = span,
                       .latencies = Latencies(kExpected),
                       .delays = Latencies(kExpected),
                       .tenants = std::vector<std::uint64_t>(flow.tenants())});
  }
}

SpikeTally::Phase* SpikeTally::phase_at(Us due) {
  for (Phase& phase : phases_) {
    if (phase.span.from <= due && due < phase.span.to) return &phase;
  }
  return nullptr;
}

SpikeTally::Slice& SpikeTally::slice_at(Us time) {
  return slices_[std::min(static_cast<std::size_t>(time / kSlice), slices_.size() - 1)];
}

void SpikeTally::offered(Us due) {
  ++slice_at(due).offered;
  if (Phase* phase = phase_at(due)) ++phase->offered;
}

void SpikeTally::unsent(Us due) {
  if (Phase* phase = phase_at(due)) ++phase->unsent;
}

void SpikeTally::sent(Us due, Us now) {
  Phase* phase = phase_at(due);
  if (phase == nullptr) return;
  ++phase->sent;
  phase->delays.add((now - due).count());
}

void SpikeTally::unanswered(Us due) {
  if (Phase* phase = phase_at(due)) ++phase->unanswered;
}

void SpikeTally::count_ok(const EndedRequest& request, Us latency, std::size_t tenant) {
  Slice& slice = slice_at(request.due);
  ++slice.ok;
  slice.latencies.add(latency.count());
  Phase* phase = phase_at(request.due);
  if (phase == nullptr) return;
  ++phase->ok;
  phase->bytes += request.bytes;
  phase->latencies.add(latency.count());
  ++phase->tenants[tenant];
}

void SpikeTally::ended(const EndedRequest& request, Us now, std::size_t tenant) {
  const Us latency = now - request.due;
  if (request.outcome == Outcome::ok) ++slice_at(now).ended_ok;
  if (request.outcome == Outcome::rejected) ++slice_at(now).ended_rejected;
  if (request.outcome == Outcome::ok && latency <= timeout_) {
    count_ok(request, latency, tenant);
    return;
  }
  Phase* phase = phase_at(request.due);
  if (phase == nullptr) return;
  switch (request.outcome) {
  case Outcome::ok:
    ++phase->late;
    break;
  case Outcome::rejected:
    ++phase->rejected;
    break;
  case Outcome::closed:
    ++phase->closed;
    break;
  case Outcome::error:
    ++phase->error;
    break;
  }
}

Json SpikeTally::report() {
  Json phases = Json::object();
  for (Phase& phase : phases_) {
    Json one = percentiles(phase.latencies);
    one["offered"] = phase.offered;
    one["sent"] = phase.sent;
    one["ok"] = phase.ok;
    one["rejected"] = phase.rejected;
    one["failed"] = phase.late + phase.unanswered + phase.closed + phase.error + phase.unsent;
    one["late"] = phase.late;
    one["unanswered"] = phase.unanswered;
    one["closed"] = phase.closed;
    one["error"] = phase.error;
    one["unsent"] = phase.unsent;
    one["bytes"] = phase.bytes;
    one["tenants"] = phase.tenants;
    one["delay_p50_us"] = phase.delays.at(0.5);
    one["delay_p99_us"] = phase.delays.at(0.99);
    one["seconds"] = (phase.span.to - phase.span.from).count() / 1e6;
    phases[phase.span.name] = one;
  }
  Json slices = Json::array();
  for (Slice& slice : slices_) {
    slices.push_back({{"offered", slice.offered},
                      {"ok", slice.ok},
                      {"ended_ok", slice.ended_ok},
                      {"ended_rejected", slice.ended_rejected},
                      {"p99_us", slice.latencies.at(0.99)}});
  }
  return {{"phases", phases}, {"slices", slices}};
}

} // namespace selvedge::bench
