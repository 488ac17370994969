// Deadlines of connections and fetches on one coarse ring of slots. Arming and disarming are list
// operations; nothing is allocated and no clock is read. A timer fires up to one tick late.
// Thread: one (each worker owns a wheel).
#pragma once

#include <selvedge/base/clock.hpp>

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstdint>

namespace selvedge::base {

class TimerWheel;

// Derive, and say what happens at the deadline. Destroying an armed timer disarms it.
class Timer : public boost::intrusive::list_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  virtual ~Timer() = default;
  void disarm() { unlink(); }
  bool is_armed() const { return is_linked(); }
  virtual void on_timeout() = 0;

private:
  friend class TimerWheel;
  std::uint64_t due_tick_ = 0;
};

class TimerWheel {
public:
  static constexpr std::size_t kSlots = 512;

  explicit TimerWheel(Steady start, Millis tick = Millis{50}) : start_(start), tick_(tick) {}

  // Arms, or moves an armed timer, to fire at the first tick at or after now + delay.
  void arm(Timer& timer, Steady now, Millis delay);
  // Fires what is due. A timer's on_timeout() may arm or disarm any timer, itself included.
  void advance(Steady now);
  Millis tick() const { return tick_; }

private:
  using Slot = boost::intrusive::list<Timer, boost::intrusive::constant_time_size<false>>;
  std::uint64_t tick_of(Steady at) const {
    return at <= start_ ? 0 : static_cast<std::uint64_t>((at - start_) / tick_);
  }

  Steady start_;
  Millis tick_;
  std::uint64_t now_tick_ = 0;
  std::array<Slot, kSlots> slots_;
};

} // namespace selvedge::base
