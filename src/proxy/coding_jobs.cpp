#include <selvedge/proxy/coding_jobs.hpp>

#include "recoder.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace selvedge::proxy {

CodingJobs::CodingJobs(boost::asio::any_io_executor threads, int nice)
    : threads_(std::move(threads)), nice_(nice) {}

CodingJobs::~CodingJobs() = default;

void CodingJobs::keep(std::shared_ptr<Recoder> recoder) {
  size_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  recoders_.push_back(std::move(recoder));
}

void CodingJobs::let_go(const Recoder& recoder) {
  std::shared_ptr<Recoder> gone; // after the lock
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::find(recoders_, &recoder, &std::shared_ptr<Recoder>::get);
  if (at == recoders_.end()) return;
  gone = std::move(*at);
  recoders_.erase(at);
  size_.fetch_sub(1, std::memory_order_relaxed);
}

// Linux has a nice value for each thread; 0 is the calling one.
void CodingJobs::stand_back() const {
  thread_local bool is_done = false;
  if (nice_ != 0 && !is_done) setpriority(PRIO_PROCESS, 0, nice_);
  is_done = true;
}

} // namespace selvedge::proxy
