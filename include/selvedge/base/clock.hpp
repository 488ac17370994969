// Time, passed in. A worker reads the system's clocks once a turn and keeps the instant; pure code
// receives an Instant and never asks for one.
#pragma once

#include <chrono>

namespace selvedge::base {

using Steady = std::chrono::steady_clock::time_point;
using Seconds = std::chrono::seconds;
using Millis = std::chrono::milliseconds;

// One moment on both clocks. Ages and deadlines use `steady`, which never jumps; `wall` is only for
// comparing with dates that peers wrote.
struct Instant {
  Steady steady{};
  std::chrono::sys_seconds wall{};
};

// Thread: any.
class Clock {
public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  // What the calling thread has used of a core so far.
  virtual std::chrono::nanoseconds thread_time() const = 0;
};

class SystemClock final : public Clock {
public:
  Instant now() const override;
  std::chrono::nanoseconds thread_time() const override;
};

// For tests: stands still until it is told to move. Thread: one.
class ManualClock final : public Clock {
public:
  explicit ManualClock(std::chrono::sys_seconds wall = std::chrono::sys_days{
                           std::chrono::year{2026} / std::chrono::January / 1});
  Instant now() const override { return now_; }
  std::chrono::nanoseconds thread_time() const override { return worked_; }
  void advance(std::chrono::nanoseconds by);
  // Time passes, and the thread was busy all the while.
  void work(std::chrono::nanoseconds by) {
    worked_ += by;
    advance(by);
  }

private:
  Instant now_;
  std::chrono::nanoseconds worked_{0};
  std::chrono::nanoseconds part_of_second_{};
};

} // namespace selvedge::base
