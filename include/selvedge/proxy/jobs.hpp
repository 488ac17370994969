// Work on threads beside the workers, some way behind them. Thread: any.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace selvedge::proxy {

class Jobs {
public:
  enum class Priority : std::uint8_t {
    like_workers,   // they are on workers
    behind_workers, // clients wait for them: nice 5
    idle,           // nobody does: SCHED_IDLE, which never keeps a worker from its core; where
                    // the system does not let it come back from that, nice 19
  };
  // Requires: all jobs of those threads are posted through one of these.
  explicit Jobs(boost::asio::any_io_executor threads, Priority priority = Priority::like_workers)
      : threads_(std::move(threads)), priority_(priority) {}

  // `job` does not throw. An idle one may be kept from going on for long: it takes no lock that
  // workers take, but for the moments in which it posts another or the allocator has one.
  template <typename Job> void post(Job job) {
    boost::asio::post(threads_, [this, job = std::move(job)]() mutable {
      stand_back();
      job();
    });
  }
  // The job that runs is waited for: an idle one is like any other from now on. Requires: there is
  // one idle thread at most.
  void hurry();

private:
  void stand_back();

  boost::asio::any_io_executor threads_;
  const Priority priority_;
  std::atomic<int> idle_thread_{0}; // as the system knows it; 0: none
};

} // namespace selvedge::proxy
