// Writes the access log: one thread empties the rings of the workers and formats what it finds, so
// that no worker ever waits for a disk.
// Thread: its maker's, but for reopen().
#pragma once

#include <selvedge/config/config.hpp>
#include <selvedge/proxy/access_record.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace selvedge::server {

// One line, with its end. "combined" is nginx's, byte for byte.
std::string format_json(const proxy::AccessRecord& record);
std::string format_combined(const proxy::AccessRecord& record);

class AccessLog {
public:
  // Opens the file; throws std::runtime_error. One ring for each worker.
  AccessLog(const config::LogOptions& options, std::size_t workers);
  ~AccessLog(); // writes what is left

  // Null when there is no access log.
  proxy::AccessRing* ring(std::size_t worker);
  std::uint64_t dropped() const;
  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  // Lines that the disk did not take.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // Closes the file and opens its name again. Thread: any.
  void reopen();

private:
  void run();
  void write_all();
  void note_written(std::uint64_t lines, bool is_good);
  void open();

  const config::LogOptions options_;
  std::vector<std::unique_ptr<proxy::AccessRing>> rings_;
  std::FILE* file_ = nullptr;
  std::atomic<std::uint64_t> lost_{0};
  bool is_failing_ = false; // of the writing thread
  std::atomic<std::uint64_t> written_{0};
  std::atomic<bool> wants_reopen_{false};
  std::mutex mutex_; // guards is_stopping_
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

} // namespace selvedge::server
