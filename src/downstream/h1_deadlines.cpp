// Clients that are slow: a head that does not end, content that does not come on, an answer that is
// not taken, nothing at all. There is one timer, for what is awaited now.
#include "h1_connection.hpp"

#include <algorithm>

namespace selvedge::downstream {

using std::chrono::milliseconds;

namespace {

// So long an idle client may begin its last request when the node drains.
constexpr std::chrono::milliseconds kLastRequest{1000};

} // namespace

milliseconds H1Connection::head_time_left() {
  const auto used = std::chrono::duration_cast<milliseconds>(worker().now().steady - started());
  return std::max(limits().header_timeout - used, milliseconds(0));
}

milliseconds H1Connection::content_time_left() {
  const base::Steady now = worker().now().steady;
  const bool comes_on = content_.received() >= content_seen_ + kLeastProgress;
  // An answer that goes out meanwhile is progress, too: both ways may be long.
  if (comes_on || answer_.written != answer_seen_) {
    content_seen_ = content_.received();
    answer_seen_ = answer_.written;
    content_at_ = now;
  }
  const auto left = std::chrono::ceil<milliseconds>(content_at_ - now);
  return std::max(left + limits().body_timeout, milliseconds(0));
}

// What is late stays late: to arm the timer anew would give it another tick with each byte.
void H1Connection::arm_unless_over(milliseconds left) {
  if (left > milliseconds(0) || !is_armed()) arm(left);
}

void H1Connection::set_timer() {
  if (is_closed() || is_refused_) return;
  if (is_blocked()) return arm(limits().write_timeout);
  switch (state_) {
  case Request::none:
    return arm(set_.is_draining() ? std::min(limits().idle_timeout, kLastRequest)
                                  : limits().idle_timeout);
  case Request::head:
    return arm_unless_over(head_time_left());
  case Request::content:
    return is_reading_paused() ? disarm() : arm_unless_over(content_time_left());
  case Request::complete:
    return disarm(); // the origin's timeouts rule
  }
}

void H1Connection::on_timeout() {
  counters().timed_out.add();
  if (is_blocked() || state_ == Request::none || answer_.has_begun) return close();
  refuse({base::ErrorCode::timeout, base::ErrorSource::downstream});
  if (!is_closed()) flush_block();
}

} // namespace selvedge::downstream
