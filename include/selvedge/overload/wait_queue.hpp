// Those who wait for room, the most important first and each in order of arrival. Nothing is
// allocated: a waiter is its own place in the queue. Deadlines are the waiters' own affair: each
// has a timer, and leaves when it fires. Owner: what the room is at. Thread: one; each worker has
// its own.
#pragma once

#include <selvedge/overload/importance.hpp>

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>

namespace selvedge::overload {

class WaitQueue;

// Derive, and say what happens when somebody more important takes the place. Destroying one that
// waits takes it out of its queue.
class Waiter {
public:
  Waiter() = default;
  virtual ~Waiter() { leave(); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // It is out of the queue already, and may be destroyed by this call.
  virtual void on_refused() = 0;
  // Does nothing when it is not waiting.
  void leave();
  bool is_waiting() const { return queue_ != nullptr; }
  // As of the last add().
  Importance importance() const { return importance_; }

private:
  friend class WaitQueue;
  boost::intrusive::list_member_hook<> hook_;
  WaitQueue* queue_ = nullptr; // that it is linked in
  Importance importance_ = Importance::standard;
};

class WaitQueue {
public:
  explicit WaitQueue(std::size_t capacity) : capacity_(capacity) {}
  // Those who still wait are let go without a word.
  ~WaitQueue();
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  // False: the queue is full of those who matter as much, and the waiter is not in it. In a full
  // queue the youngest of the least important gives way to one that matters more: its on_refused()
  // is the last thing that happens here, and may do anything, add() included.
  // Requires: the waiter is not waiting.
  bool add(Waiter& waiter, Importance importance);
  // Who is next, null when nobody waits. When there is no room for this one, there is none for
  // anybody behind.
  Waiter* front() { return size_ == 0 ? nullptr : &most_important().front(); }
  // As front(), out of the queue.
  Waiter* take();

  std::size_t size() const { return size_; }
  std::size_t size(Importance importance) const { return lists_[index_of(importance)].size(); }
  std::size_t capacity() const { return capacity_; }

private:
  friend class Waiter;
  using List = boost::intrusive::list<
      Waiter,
      boost::intrusive::member_hook<Waiter, boost::intrusive::list_member_hook<>, &Waiter::hook_>>;
  // Requires: size_ > 0.
  List& most_important();
  List& least_important();
  void remove(Waiter& waiter);

  std::size_t capacity_;
  std::size_t size_ = 0;                 // of all lists
  std::array<List, kImportances> lists_; // the oldest in front
};

} // namespace selvedge::overload
