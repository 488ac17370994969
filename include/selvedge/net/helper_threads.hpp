// Threads beside the workers, for what would hold a worker longer than its other clients may wait:
// large documents to parse, large structures to free, content to code. Jobs begin in their order.
// Thread: any.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <utility>

namespace selvedge::net {

class HelperThreads {
public:
  explicit HelperThreads(unsigned count = 1) : pool_(count) {}
  // Jobs that have not begun are dropped.
  ~HelperThreads() { stop(); }
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;

  // `job` does not throw.
  template <typename Job> void post(Job job) { boost::asio::post(pool_, std::move(job)); }
  auto executor() { return pool_.get_executor(); }
  void stop() {
    pool_.stop();
    pool_.join();
  }

private:
  boost::asio::thread_pool pool_;
};

} // namespace selvedge::net
