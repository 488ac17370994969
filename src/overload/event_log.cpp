#include <selvedge/overload/event_log.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace selvedge::overload {

void EventLog::add(Event event) {
  const std::lock_guard lock(mutex_);
  event.number = ++last_;
  events_.push_back(std::move(event));
  if (events_.size() > kKept) events_.pop_front();
}

std::vector<Event> EventLog::since(std::uint64_t after) const {
  const std::lock_guard lock(mutex_);
  std::vector<Event> found;
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
               [after](const Event& event) { return event.number > after; });
  return found;
}

} // namespace selvedge::overload
