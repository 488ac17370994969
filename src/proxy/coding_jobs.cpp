#include <selvedge/proxy/coding_jobs.hpp>

#include "recoder.hpp"

#include <algorithm>

namespace selvedge::proxy {

CodingJobs::CodingJobs(boost::asio::any_io_executor threads, Jobs::Priority priority)
    : jobs_(std::move(threads), priority) {}

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

} // namespace selvedge::proxy
