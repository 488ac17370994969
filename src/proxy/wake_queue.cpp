#include "wake_queue.hpp"

namespace selvedge::proxy {

void WakeQueue::push(Item& item) {
  const std::lock_guard lock(mutex_);
  if (item.WakeHook::is_linked()) return;
  items_.push_back(item);
  if (is_scheduled_) return;
  is_scheduled_ = true;
  worker_.post([self = shared_from_this()] { self->drain(); });
}

void WakeQueue::remove(Item& item) {
  const std::lock_guard lock(mutex_);
  if (item.WakeHook::is_linked()) items_.erase(items_.iterator_to(item));
}

void WakeQueue::drain() {
  worker_.refresh_now();
  for (int i = 0; i < kTurn; ++i) {
    Item* item = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (items_.empty()) {
        is_scheduled_ = false;
        return;
      }
      item = &items_.front();
      items_.pop_front();
    }
    item->resume();
  }
  worker_.post([self = shared_from_this()] { self->drain(); });
}

} // namespace selvedge::proxy
