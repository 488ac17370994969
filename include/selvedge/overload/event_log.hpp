// What the node did about its load, and why: the last few events, for people.
#pragma once

#include <selvedge/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace selvedge::overload {

struct Event {
  std::uint64_t number = 0; // counted from 1
  std::chrono::sys_seconds time{};
  unsigned worker = 0;
  std::string knob; // "load-level", "admitted-level", "unknown-clients", "accepting", ...
  std::string from;
  std::string to;
  std::string why; // "busy 97%, free waits 63 ms"
};

// Thread: any.
class EventLog {
public:
  static constexpr std::size_t kKept = 512;

  void add(Event event);
  // The newest last; those after number `after`.
  std::vector<Event> since(std::uint64_t after = 0) const;

private:
  mutable std::mutex mutex_; // guards what follows
  std::deque<Event> events_;
  std::uint64_t last_ = 0;
};

} // namespace selvedge::overload
