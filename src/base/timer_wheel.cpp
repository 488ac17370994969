#include <selvedge/base/timer_wheel.hpp>

namespace selvedge::base {

void TimerWheel::arm(Timer& timer, Steady now, Millis delay) {
  timer.unlink();
  const std::uint64_t due = tick_of(now + delay) + 1;
  timer.due_tick_ = due > now_tick_ ? due : now_tick_ + 1;
  slots_[timer.due_tick_ % kSlots].push_back(timer);
}

void TimerWheel::advance(Steady now) {
  const std::uint64_t target = tick_of(now);
  // After a long pause (a stopped process, a clock moved by a test) each slot is visited once.
  std::uint64_t from = now_tick_ + 1;
  if (target > now_tick_ + kSlots) from = target - kSlots + 1;
  now_tick_ = target;
  for (std::uint64_t tick = from; tick <= target; ++tick) {
    Slot due;
    Slot& slot = slots_[tick % kSlots];
    for (auto it = slot.begin(); it != slot.end();) {
      Timer& timer = *it;
      ++it;
      if (timer.due_tick_ > target) continue;
      timer.unlink();
      due.push_back(timer);
    }
    while (!due.empty()) {
      Timer& timer = due.front();
      due.pop_front();
      timer.on_timeout();
    }
  }
}

} // namespace selvedge::base
