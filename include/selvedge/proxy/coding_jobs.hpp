// Where content is coded, beside the workers and behind them: so that nobody waits who does not ask
// for it. Thread: any.
#pragma once

#include <selvedge/coding/content_coding.hpp>
#include <selvedge/proxy/jobs.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace selvedge::proxy {

// Of one coding.
struct CodingCounters {
  std::atomic<std::uint64_t> variants{0}; // made, whole
  std::atomic<std::uint64_t> failed{0};   // given up on the way
  std::atomic<std::uint64_t> content_bytes{0};
  std::atomic<std::uint64_t> coded_bytes{0};
  std::atomic<std::uint64_t> thread_ns{0}; // of cores
};

class Recoder;

class CodingJobs {
public:
  explicit CodingJobs(boost::asio::any_io_executor threads,
                      Jobs::Priority priority = Jobs::Priority::like_workers);
  // Requires: the threads have ended.
  ~CodingJobs();
  CodingJobs(const CodingJobs&) = delete;
  CodingJobs& operator=(const CodingJobs&) = delete;

  // `job` does not throw.
  template <typename Job> void post(Job job) { jobs_.post(std::move(job)); }
  // What is under way is kept until it has ended.
  void keep(std::shared_ptr<Recoder> recoder);
  void let_go(const Recoder& recoder);
  // More at a time would take too much memory: up to some MiB each.
  bool is_full() const { return size_.load(std::memory_order_relaxed) >= kMost; }
  CodingCounters& counters(coding::ContentCoding coding) {
    return counters_[static_cast<std::size_t>(coding)];
  }

  const CodingCounters& counters(coding::ContentCoding coding) const {
    return counters_[static_cast<std::size_t>(coding)];
  }

private:
  static constexpr std::size_t kMost = 64;

  Jobs jobs_;
  std::atomic<std::size_t> size_{0};
  std::mutex mutex_; // guards what follows
  std::vector<std::shared_ptr<Recoder>> recoders_;
  std::array<CodingCounters, coding::kContentCodings> counters_;
};

} // namespace selvedge::proxy
