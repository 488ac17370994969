#include "outlier_detector.hpp"

#include <selvedge/upstream/slow_start.hpp>

#include <algorithm>
#include <cmath>

namespace selvedge::upstream {

namespace {

// Of one window, before a server is compared: fewer say more about chance than about the server.
constexpr double kLeastRequests = 20;
// With two, nothing tells which of them is the odd one.
constexpr std::size_t kLeastServers = 3;
// Of the success rate. Where all others are perfect they do not deviate at all, and one failure
// would be too many.
constexpr double kLeastDeviation = 0.05;
// Of the latency. Three times next to nothing is next to nothing.
constexpr double kLeastExcessSeconds = 0.005;

// In the one order of all threads: eject() looks at other servers after it has written to its own.
bool is_out(const ServerState& state, base::Steady now) {
  return state.ejected_until_ns.load() > nanoseconds_of(now);
}

void count(ServerWindow& window, const FetchOutcome& outcome) {
  window.requests.fetch_add(1, std::memory_order_relaxed);
  if (!outcome.is_ok) {
    window.failures.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(outcome.latency).count();
  window.latency_us.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)),
                              std::memory_order_relaxed);
}

double taken(std::atomic<std::uint64_t>& number) {
  return static_cast<double>(number.exchange(0, std::memory_order_relaxed));
}

} // namespace

std::optional<EjectionEvent> OutlierDetector::on_result(Servers servers, std::size_t server,
                                                        FetchOutcome outcome,
                                                        base::Steady now) const {
  ServerState& state = *servers[server];
  count(state.window, outcome);
  // Fetches that were under way when it was ejected say nothing new.
  if (is_out(state, now)) return std::nullopt;
  if (outcome.is_ok) {
    // Read first: a write would take the line from the other workers at each fetch.
    if (state.consecutive_errors.load(std::memory_order_relaxed) != 0)
      state.consecutive_errors.store(0, std::memory_order_relaxed);
    return std::nullopt;
  }
  const std::uint32_t errors = state.consecutive_errors.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint32_t allowed = options_.consecutive_errors;
  if (allowed == 0 || errors < allowed) return std::nullopt;
  return eject(servers, {server, static_cast<double>(errors), static_cast<double>(allowed)},
               EjectionReason::consecutive_errors, now);
}

std::vector<EjectionEvent> OutlierDetector::compare(Servers servers, base::Steady now) const {
  std::vector<EjectionEvent> events;
  std::vector<Sample> samples;
  std::vector<std::size_t> well;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    ServerState& state = *servers[i];
    Sample sample{i, taken(state.window.requests), taken(state.window.failures),
                  taken(state.window.latency_us) / 1e6};
    // Workers count while the numbers are taken one by one.
    sample.failures = std::min(sample.failures, sample.requests);
    if (const auto event = end_ejection(state, i, now)) {
      events.push_back(*event);
      continue; // this window was not its own
    }
    if (is_out(state, now) || !state.is_healthy.load(std::memory_order_relaxed)) continue;
    well.push_back(i);
    if (sample.requests >= kLeastRequests) samples.push_back(sample);
  }
  for (const Outlier& outlier : worst_by_success(samples)) {
    const auto event = eject(servers, outlier, EjectionReason::success_rate, now);
    if (event) events.push_back(*event);
  }
  for (const Outlier& outlier : worst_by_latency(samples)) {
    const auto event = eject(servers, outlier, EjectionReason::latency, now);
    if (event) events.push_back(*event);
  }
  for (const std::size_t i : well) {
    ServerState& state = *servers[i];
    if (!is_out(state, now) && state.ejections.load() > 0) state.ejections.fetch_sub(1);
  }
  return events;
}

std::optional<EjectionEvent> OutlierDetector::end_ejection(ServerState& state, std::size_t server,
                                                           base::Steady now) const {
  std::int64_t until = state.ejected_until_ns.load();
  if (until == 0 || until > nanoseconds_of(now)) return std::nullopt;
  // Fails when a worker has just ejected it again.
  if (!state.ejected_until_ns.compare_exchange_strong(until, 0)) return std::nullopt;
  EjectionEvent event;
  event.kind = EjectionEvent::Kind::returned;
  event.reason = state.ejection_reason.exchange(EjectionReason::none, std::memory_order_relaxed);
  event.server = server;
  event.until = base::Steady{std::chrono::nanoseconds{until}};
  return event;
}

// Each against the mean and the standard deviation of the others, not of all: a single one of n
// can lie at most (n - 1) / sqrt(n) deviations from a mean that it is part of. That is 1.15 of
// three and 1.79 of five, so that the usual factor of 1.9 would let everything pass.
std::vector<OutlierDetector::Outlier>
OutlierDetector::worst_by_success(std::span<const Sample> samples) const {
  std::vector<Outlier> found;
  if (options_.success_rate_deviations <= 0 || samples.size() < kLeastServers) return found;
  double sum = 0;
  double squares = 0;
  for (const Sample& sample : samples) {
    const double rate = 1 - sample.failures / sample.requests;
    sum += rate;
    squares += rate * rate;
  }
  const auto others = static_cast<double>(samples.size() - 1);
  for (const Sample& sample : samples) {
    const double rate = 1 - sample.failures / sample.requests;
    const double mean = (sum - rate) / others;
    const double variance = std::max(0.0, (squares - rate * rate) / others - mean * mean);
    // What a server as good as the others would show by chance, in so few requests.
    const double chance = std::max(0.0, mean * (1 - mean)) / sample.requests;
    const double deviation = std::max({std::sqrt(variance), std::sqrt(chance), kLeastDeviation});
    const double allowed = mean - options_.success_rate_deviations * deviation;
    if (rate < allowed) found.push_back({sample.server, rate, allowed});
  }
  std::sort(found.begin(), found.end(),
            [](const Outlier& a, const Outlier& b) { return a.observed < b.observed; });
  return found;
}

std::vector<OutlierDetector::Outlier>
OutlierDetector::worst_by_latency(std::span<const Sample> samples) const {
  std::vector<Outlier> means;
  for (const Sample& sample : samples) {
    const double answered = sample.requests - sample.failures;
    if (answered >= kLeastRequests)
      means.push_back({sample.server, sample.latency_s / answered, 0});
  }
  if (options_.latency_factor <= 0 || means.size() < kLeastServers) return {};
  std::sort(means.begin(), means.end(),
            [](const Outlier& a, const Outlier& b) { return a.observed > b.observed; });
  // Of an even number the faster of the two in the middle, so that half of the group may lag.
  const double median = means[means.size() / 2].observed;
  const double allowed = std::max(median * options_.latency_factor, median + kLeastExcessSeconds);
  std::erase_if(means, [&](const Outlier& mean) { return mean.observed <= allowed; });
  for (Outlier& mean : means) mean.allowed = allowed;
  return means;
}

std::optional<EjectionEvent> OutlierDetector::eject(Servers servers, Outlier outlier,
                                                    EjectionReason reason, base::Steady now) const {
  ServerState& state = *servers[outlier.server];
  std::int64_t before = state.ejected_until_ns.load();
  if (before > nanoseconds_of(now) || !may_be_out(servers, outlier.server, now))
    return std::nullopt;
  const std::int64_t in_a_row = std::int64_t{state.ejections.load()} + 1;
  const base::Millis time = std::min(options_.base_time * in_a_row, options_.max_time);
  const std::int64_t until = nanoseconds_of(now + time);
  if (!state.ejected_until_ns.compare_exchange_strong(before, until)) return std::nullopt;
  // Workers may eject different servers at once, each counting on the other one. As all write
  // before they look again, at least one sees that it is too many and takes its own back; when all
  // do, the next failure decides.
  if (!may_be_out(servers, outlier.server, now)) {
    std::int64_t own = until;
    state.ejected_until_ns.compare_exchange_strong(own, before);
    return std::nullopt;
  }
  state.ejections.fetch_add(1);
  state.total_ejections.fetch_add(1, std::memory_order_relaxed);
  state.ejection_reason.store(reason, std::memory_order_relaxed);
  state.consecutive_errors.store(0, std::memory_order_relaxed);
  // Set ahead, so that nobody has to wake when the time has come.
  mark_returned(state, now);
  return EjectionEvent{EjectionEvent::Kind::ejected,
                       reason,
                       outlier.server,
                       now + time,
                       outlier.observed,
                       outlier.allowed};
}

bool OutlierDetector::may_be_out(Servers servers, std::size_t server, base::Steady now) const {
  std::size_t out = 1;
  bool is_another_well = false;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (i == server) continue;
    if (is_out(*servers[i], now)) {
      ++out;
    } else if (servers[i]->is_healthy.load(std::memory_order_relaxed)) {
      is_another_well = true;
    }
  }
  // Rounded down, but 29% of 100 are 29.
  const double most = options_.max_share * static_cast<double>(servers.size()) + 1e-9;
  return is_another_well && static_cast<double>(out) <= most;
}

} // namespace selvedge::upstream
