// A worker is one thread with one event loop. A connection lives on one worker for life, so nothing
// on it needs a lock. The worker owns what its connections share: the clock reading of this turn,
// the timer wheel, the poller of their sockets, and large buffers that hold bytes only within one
// turn. Asio's loop runs everything else, and waits for the poller among others.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/timer_wheel.hpp>
#include <selvedge/net/poller.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <future>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace selvedge::net {

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
  // Runs until stop(). The worker ticks by itself.
  void run();

  // --- Thread: any.
  template <typename Function> void post(Function function) {
    boost::asio::post(io_, std::move(function));
  }
  void stop() { io_.stop(); }

private:
  void schedule_tick();
  void await_sockets();

  const unsigned index_;
  const base::Clock& clock_;
  base::Instant now_;
  base::TimerWheel wheel_;
  std::vector<char> input_;
  std::vector<char> output_;
  std::vector<char> sealed_;
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
