// The generator of the overload benchmark: several flows of requests whose rates change with time,
// open loop. Requests are due at times that do not depend on the answers, and all times count from
// when a request was due. At a hundred times too much most requests find no connection with room:
// they are counted, dropped after a while, and cost nothing. It never sleeps: give it a core of its
// own.
//
//   selvedge_spike SCENARIO.json      (spike_scenario.hpp; the result is JSON, spike_tally.hpp)
//
// Flows marked `first` are served before the others, which then have a short turn: their work does
// not disturb what is measured of the first ones by more than that.
#include "program.hpp"
#include "spike_flow.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <string>

namespace selvedge::bench {

namespace {

constexpr Us kTurn = std::chrono::microseconds{50}; // of the flows that are not first
// Of those that are: all that is due. (A step of a TLS handshake takes longer than a turn.)
constexpr Us kFirstTurn = std::chrono::milliseconds{5};
constexpr std::chrono::seconds kPatience{10}; // to connect

Us cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

// The flows that are served together.
class Group {
public:
  Epoll& epoll() { return epoll_; }
  void add(SpikeFlow& flow) { flows_.push_back(&flow); }

  void open() {
    for (SpikeFlow* flow : flows_) flow->connect_all();
  }

  bool is_open() const {
    return std::ranges::all_of(flows_, [](const SpikeFlow* flow) { return flow->is_open(); });
  }

  // Sends and reads, in turns the one and the other first, so that none of them keeps the other
  // from its share. Ends when the clock is past `until`, or when nothing is to be done.
  void serve(const std::vector<std::unique_ptr<SpikeFlow>>& all, Clock::time_point start,
             Us until) {
    is_reading_first_ = !is_reading_first_;
    if (is_reading_first_) read(all, start, until);
    for (SpikeFlow* flow : flows_) {
      const Us now = Clock::now() - start;
      flow->issue(now, until);
      flow->tend(now);
    }
    if (!is_reading_first_) read(all, start, until);
  }

  void read(const std::vector<std::unique_ptr<SpikeFlow>>& all, Clock::time_point start, Us until) {
    if (next_ == events_.size()) {
      events_ = epoll_.wait(0);
      next_ = 0;
    }
    while (next_ < events_.size()) {
      const std::uint64_t of = events_[next_++].data.u64;
      all[of >> 32]->on_event(of & 0xffffffff);
      if (Clock::now() - start > until) return;
    }
  }

private:
  Epoll epoll_;
  std::vector<SpikeFlow*> flows_;
  std::span<epoll_event> events_; // reported and from next_ on not yet dealt with
  std::size_t next_ = 0;
  bool is_reading_first_ = false;
};

class Spike {
public:
  explicit Spike(Scenario scenario) : scenario_(std::move(scenario)), scratch_(kScratch) {
    for (const FlowOptions& options : scenario_.flows) {
      Group& group = options.is_first ? first_ : rest_;
      const SpikeFlow::Place place{.scenario = scenario_,
                                   .epoll = group.epoll(),
                                   .scratch = scratch_,
                                   .index = flows_.size()};
      flows_.push_back(std::make_unique<SpikeFlow>(place, options));
      group.add(*flows_.back());
    }
  }

  void run() {
    open();
    const auto start = Clock::now();
    const Us used = cpu_time();
    for (const auto& flow : flows_) flow->start(start);
    Us patience{};
    for (const auto& flow : flows_) patience = std::max(patience, flow->timeout());
    for (Us now{}; now < scenario_.length + patience; now = Clock::now() - start) {
      if (now > scenario_.length && !has_asked()) break;
      first_.serve(flows_, start, now + kFirstTurn);
      rest_.serve(flows_, start, Us(Clock::now() - start) + kTurn);
    }
    core_share_ = (cpu_time() - used) / Us(Clock::now() - start);
    for (const auto& flow : flows_) flow->finish();
  }

  nlohmann::json report() {
    nlohmann::json flows = nlohmann::json::object();
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      flows[scenario_.flows[i].name] = flows_[i]->report();
    }
    return {{"flows", flows}, {"core_share", core_share_}};
  }

private:
  static constexpr std::size_t kScratch = 256 * 1024;

  void open() {
    const auto start = Clock::now();
    for (const auto& flow : flows_) flow->start(start);
    first_.open();
    rest_.open();
    const Us patience = kPatience;
    while (!first_.is_open() || !rest_.is_open()) {
      first_.read(flows_, start, patience);
      rest_.read(flows_, start, patience);
      if (Clock::now() - start > kPatience) {
        throw std::runtime_error("connections do not open in time");
      }
    }
  }

  bool has_asked() const {
    return std::ranges::any_of(flows_, [](const auto& flow) { return flow->has_asked(); });
  }

  // It never sleeps: what it did not use of its core, other programs did.
  double core_share_ = 0;
  Scenario scenario_;
  std::vector<char> scratch_;
  Group first_;
  Group rest_;
  std::vector<std::unique_ptr<SpikeFlow>> flows_;
};

int run(int argc, char** argv) {
  if (argc != 2) throw std::runtime_error("usage: selvedge_spike SCENARIO.json");
  Scenario scenario = read_scenario(argv[1]);
  std::size_t connections = 64;
  for (const FlowOptions& flow : scenario.flows) connections += flow.connections;
  allow_descriptors(connections);
  Spike spike(std::move(scenario));
  spike.run();
  std::printf("%s\n", spike.report().dump().c_str());
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_spike", selvedge::bench::run, argc, argv);
}
