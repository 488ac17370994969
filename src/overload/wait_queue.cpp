#include <selvedge/overload/wait_queue.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>

namespace selvedge::overload {

namespace {

template <class List> bool has_some(const List& list) {
  return !list.empty();
}

} // namespace

void Waiter::leave() {
  if (queue_ != nullptr) queue_->remove(*this);
}

WaitQueue::~WaitQueue() {
  while (take() != nullptr) continue;
}

bool WaitQueue::add(Waiter& waiter, Importance importance) {
  SELVEDGE_ASSERT(!waiter.is_waiting());
  Waiter* given_up = nullptr;
  if (size_ >= capacity_) {
    if (size_ == 0) return false;
    given_up = &least_important().back();
    if (index_of(given_up->importance_) <= index_of(importance)) return false;
    remove(*given_up);
  }
  waiter.queue_ = this;
  waiter.importance_ = importance;
  lists_[index_of(importance)].push_back(waiter);
  ++size_;
  if (given_up != nullptr) given_up->on_refused();
  return true;
}

Waiter* WaitQueue::take() {
  Waiter* waiter = front();
  if (waiter != nullptr) remove(*waiter);
  return waiter;
}

WaitQueue::List& WaitQueue::most_important() {
  return *std::find_if(lists_.begin(), lists_.end(), has_some<List>);
}

WaitQueue::List& WaitQueue::least_important() {
  return *std::find_if(lists_.rbegin(), lists_.rend(), has_some<List>);
}

void WaitQueue::remove(Waiter& waiter) {
  List& list = lists_[index_of(waiter.importance_)];
  list.erase(list.iterator_to(waiter));
  waiter.queue_ = nullptr;
  --size_;
}

} // namespace selvedge::overload
