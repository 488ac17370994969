// The generator of the overload benchmark: several flows of requests whose rates change with time,
// open loop. Requests are due at times that do not depend on the answers, and all times count from
// when a request was due. At a hundred times too much most requests find no connection with room:
// they are counted, dropped after a while, and cost nothing.
//
//   selvedge_spike SCENARIO.json      (spike_scenario.hpp; the result is JSON, spike_tally.hpp)
//
// Flows marked `first` have a thread of their own that goes before the other one (SCHED_FIFO where
// the system allows it, or else by their nice values), so that what is measured of them does not
// wait for the work of the others: a step of a client's TLS handshake takes as long as the
// server's. The other thread never sleeps: give the program a core of its own.
#include "program.hpp"
#include "spike_flow.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <ctime>
#include <future>
#include <pthread.h>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <thread>

namespace selvedge::bench {

namespace {

constexpr std::chrono::seconds kPatience{10}; // to connect
constexpr std::chrono::microseconds kNap{40};

Us cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

// The flows that one thread serves.
class Group {
public:
  explicit Group(const Scenario& scenario) : scenario_(scenario), scratch_(kScratch) {}

  void add(const FlowOptions& options, std::size_t seed) {
    const SpikeFlow::Place place{.scenario = scenario_,
                                 .epoll = epoll_,
                                 .scratch = scratch_,
                                 .index = flows_.size(),
                                 .seed = seed};
    flows_.push_back(std::make_unique<SpikeFlow>(place, options));
  }

  const std::vector<std::unique_ptr<SpikeFlow>>& flows() const { return flows_; }

  void open(Clock::time_point start) {
    start_at(start);
    for (const auto& flow : flows_) flow->connect_all();
    while (!std::ranges::all_of(flows_, [](const auto& flow) { return flow->is_open(); })) {
      read();
      if (Clock::now() - start > kPatience) {
        throw std::runtime_error("connections do not open in time");
      }
    }
  }

  // Sends and reads, the one and the other first by turns, so that none of them keeps the other
  // from its share. Returns when the scenario is over and nothing is waited for.
  void run(Clock::time_point start, bool may_sleep) {
    start_at(start);
    Us patience{};
    for (const auto& flow : flows_) patience = std::max(patience, flow->timeout());
    bool is_reading_first = false;
    for (Us now{}; now < scenario_.length + patience; now = Clock::now() - start) {
      if (now > scenario_.length && !has_asked()) break;
      is_reading_first = !is_reading_first;
      if (is_reading_first) read();
      issue();
      if (!is_reading_first) read();
      // Nobody waits for events: a server on this machine would pay for waking its client up.
      if (may_sleep) std::this_thread::sleep_for(kNap);
    }
    for (const auto& flow : flows_) flow->finish();
  }

private:
  static constexpr std::size_t kScratch = 256 * 1024;

  void start_at(Clock::time_point start) {
    start_ = start;
    for (const auto& flow : flows_) flow->start(start);
  }

  void issue() {
    constexpr Us kTurn = std::chrono::microseconds{50};
    for (const auto& flow : flows_) {
      const Us now = Clock::now() - start_;
      flow->issue(now, now + kTurn);
      flow->tend(now);
    }
  }

  void read() {
    for (const epoll_event& event : epoll_.wait({})) {
      flows_[event.data.u64 >> 32]->on_event(event.data.u64 & 0xffffffff);
      // Answers are many when something was slow; what is due meanwhile does not wait for them.
      issue();
    }
  }

  bool has_asked() const {
    return std::ranges::any_of(flows_, [](const auto& flow) { return flow->has_asked(); });
  }

  const Scenario& scenario_;
  std::vector<char> scratch_;
  Epoll epoll_;
  std::vector<std::unique_ptr<SpikeFlow>> flows_;
  Clock::time_point start_;
};

// The calling thread goes before the program's first one, and wakes up when it asked to.
void go_first() {
  constexpr int kGivesWay = 19;
  const sched_param priority{.sched_priority = 1};
  ::prctl(PR_SET_TIMERSLACK, 1); // nanoseconds
  if (::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &priority) == 0) return;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::getpid()), kGivesWay);
}

class Spike {
public:
  explicit Spike(const Scenario& scenario)
      : scenario_(scenario), first_(scenario), rest_(scenario) {
    for (std::size_t i = 0; i < scenario.flows.size(); ++i) {
      (scenario.flows[i].is_first ? first_ : rest_).add(scenario.flows[i], i + 1);
    }
  }

  void run() {
    first_.open(Clock::now());
    rest_.open(Clock::now());
    const auto start = Clock::now();
    const Us used = cpu_time();
    std::future<void> first = std::async(std::launch::async, [this, start] {
      go_first();
      first_.run(start, true);
    });
    rest_.run(start, false);
    first.get();
    core_share_ = (cpu_time() - used) / Us(Clock::now() - start);
  }

  nlohmann::json report() {
    nlohmann::json flows = nlohmann::json::object();
    for (const Group* group : {&first_, &rest_}) {
      for (const auto& flow : group->flows()) flows[flow->name()] = flow->report();
    }
    return {{"flows", flows}, {"core_share", core_share_}};
  }

private:
  const Scenario& scenario_;
  Group first_;
  Group rest_;
  // One thread never sleeps: what both did not use of their core, other programs did.
  double core_share_ = 0;
};

int run(int argc, char** argv) {
  if (argc != 2) throw std::runtime_error("usage: selvedge_spike SCENARIO.json");
  const Scenario scenario = read_scenario(argv[1]);
  std::size_t connections = 64;
  for (const FlowOptions& flow : scenario.flows) connections += flow.connections;
  allow_descriptors(connections);
  Spike spike(scenario);
  spike.run();
  std::printf("%s\n", spike.report().dump().c_str());
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_spike", selvedge::bench::run, argc, argv);
}
