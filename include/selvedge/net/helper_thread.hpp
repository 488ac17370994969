// One thread beside the workers, for what would hold a worker longer than its other clients may
// wait: large documents to parse, large structures to free. Jobs run one after another.
// Thread: any.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <utility>

namespace selvedge::net {

class HelperThread {
public:
  HelperThread() : pool_(1) {}
  // Jobs that have not begun are dropped.
  ~HelperThread() { stop(); }
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;

  // `job` does not throw.
  template <typename Job> void post(Job job) { boost::asio::post(pool_, std::move(job)); }
  void stop() {
    pool_.stop();
    pool_.join();
  }

private:
  boost::asio::thread_pool pool_;
};

} // namespace selvedge::net
