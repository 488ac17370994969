// A worker is one thread with one event loop. A connection lives on one worker for life, so nothing
// on it needs a lock. The worker owns what its connections share: the clock reading of this turn,
// the timer wheel, the poller of their sockets, the lists in which they wait for their turns, what
// is known of its load, and large buffers that hold bytes only within one turn. Asio's loop runs
// everything else, and waits for the poller among others.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/counter.hpp>
#include <selvedge/base/timer_wheel.hpp>
#include <selvedge/net/poller.hpp>
#include <selvedge/overload/event_log.hpp>
#include <selvedge/overload/load_controller.hpp>
#include <selvedge/overload/ready_lists.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <future>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace selvedge::net {

// What a worker says of its load. Written by it, read by anyone.
struct WorkerLoad {
  base::Counter level;          // an overload::LoadLevel
  base::Counter admitted;       // up to which level requests are served
  base::Counter busy_permille;  // of a core
  base::Counter busy_us;        // of a core, since the start
  base::Counter refused_us;     // of it, for answers that only say no
  base::Counter strangers_wait; // 1: clients who are not known are kept waiting like the last
};

struct WorkerLoadOptions {
  overload::LoadOptions load;
  overload::ReadyLists::Shares shares = overload::ReadyLists::kDefaultShares;
  std::uint64_t memory = 0; // resident bytes that the program may have; 0: any
};

class Worker {
public:
  static constexpr std::size_t kInputBytes = 65536;
  static constexpr std::size_t kOutputBytes = 163840; // a burst of answers in one system call
  static constexpr std::size_t kSealedBytes = 172032; // a full output buffer as TLS records

  // `clock` outlives the worker.
  Worker(unsigned index, const base::Clock& clock);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  unsigned index() const { return index_; }
  boost::asio::io_context& io() { return io_; }
  const base::Clock& clock() const { return clock_; }

  // --- Thread: the worker's own.
  // The time of this turn: read when a batch of input arrives, not at each use.
  const base::Instant& now() const { return now_; }
  const base::Instant& refresh_now() { return now_ = clock_.now(); }
  void arm(base::Timer& timer, base::Millis delay) { wheel_.arm(timer, now_.steady, delay); }
  // Fires due timers. The loop calls it; a test with a manual clock may.
  void tick();
  // Free for any function that does not return to the loop while it uses it.
  std::span<char> input_buffer() { return input_; }
  std::span<char> output_buffer() { return output_; }
  std::span<char> sealed_buffer() { return sealed_; } // TLS records on their way out
  Poller& poller() { return poller_; }

  // The item has its turn when those before it have had theirs. Requires: it does not wait.
  void make_ready(overload::ReadyItem& item, overload::Lane lane, std::uint64_t tenant);
  // Gives everything that is ready its turn, for a while. Returns how many there were. The loop
  // calls it; a test without a running loop may.
  std::size_t run_ready();
  // Whether the turn under way has lasted so long that others should have theirs: what is left to
  // do then needs another turn. Reads the clock.
  bool is_turn_over();
  const overload::ReadyLists& lists() const { return lists_; }
  overload::LoadController& load() { return load_; }
  // What the turn under way has done.
  overload::TurnWork& turn_work() { return work_; }
  void set_load_options(const WorkerLoadOptions& options);
  // Where changes of load are told; null: nowhere. It outlives the worker.
  void set_event_log(overload::EventLog* events) { events_ = events; }

  // Runs until stop(). The worker ticks by itself.
  void run();

  // --- Thread: any.
  template <typename Function> void post(Function function) {
    boost::asio::post(io_, std::move(function));
  }
  void stop() { io_.stop(); }
  const WorkerLoad& load_seen() const { return load_seen_; }
  const overload::LaneCounters& lane_counters(overload::Lane lane) const {
    return lists_.counters(lane);
  }

private:
  void schedule_tick();
  void await_sockets();
  void schedule_ready();
  void end_turn();
  void look_at_load();
  void tell_load(overload::LoadLevel before, bool strangers_waited);

  const unsigned index_;
  const base::Clock& clock_;
  base::Instant now_;
  base::TimerWheel wheel_;
  std::vector<char> input_;
  std::vector<char> output_;
  std::vector<char> sealed_;
  overload::ReadyLists lists_;
  overload::LoadController load_;
  overload::TurnWork work_;
  overload::EventLog* events_ = nullptr;
  std::uint64_t memory_limit_ = 0;
  base::Steady turn_began_;
  base::Steady polled_at_;
  base::Steady looked_at_;  // at the load
  base::Steady weighed_at_; // the memory
  bool is_over_memory_ = false;
  std::chrono::nanoseconds used_{0}; // of the thread, when it was looked at last
  struct LaneSeen {
    std::uint64_t turns = 0, spent_ns = 0, delay_ns = 0;
  };
  std::array<LaneSeen, overload::kLanes> seen_{};
  WorkerLoad load_seen_;
  bool runs_ready_ = false;
  bool ready_is_scheduled_ = false;
  Poller poller_;
  boost::asio::io_context io_;
  boost::asio::steady_timer ticker_;
  boost::asio::posix::stream_descriptor sockets_; // the poller's
};

// The workers and their threads. Thread: the one that made it.
class WorkerPool {
public:
  WorkerPool(unsigned count, const base::Clock& clock);
  ~WorkerPool();

  std::size_t size() const { return workers_.size(); }
  Worker& operator[](std::size_t index) { return *workers_[index]; }
  const Worker& operator[](std::size_t index) const { return *workers_[index]; }
  void start();
  void stop_and_join();
  // Runs `function(worker)` on every worker and returns when all have done so.
  template <typename Function> void run_on_all(Function function);

private:
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

// --- templates

template <typename Function> void WorkerPool::run_on_all(Function function) {
  std::vector<std::future<void>> done;
  for (auto& worker : workers_) {
    auto finished = std::make_shared<std::promise<void>>();
    done.push_back(finished->get_future());
    worker->post([&worker = *worker, function, finished] {
      function(worker);
      finished->set_value();
    });
  }
  for (auto& one : done) one.wait();
}

} // namespace selvedge::net
