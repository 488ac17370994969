// Clients that are slow, each in its way: a head that does not end, content that does not come, an
// answer that is not taken, nothing at all. There is one timer. Input moves points in time, not the
// timer: when it fires, it is looked at what has taken too long, and when to look again.
#include "h2_connection.hpp"

#include <algorithm>
#include <array>

namespace selvedge::downstream {

using base::Steady;
using codec::h2::ResetCode;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kGoodbye{500}; // between the two GOAWAYs: more than a round trip
// What a client takes of an answer in limits.write_timeout, at least, when there is more of it.
constexpr std::int64_t kLeastProgress = 1024; // bytes
// PING keeps a connection without requests for so many times limits.idle_timeout.
constexpr int kIdleTimes = 10;

milliseconds left_of(Steady since, milliseconds time, Steady now) {
  return std::chrono::ceil<milliseconds>(since + time - now);
}

} // namespace

void H2Connection::begin_goodbye() {
  is_draining_ = true;
  session_.announce_shutdown();
  armed_until_ = {};
  arm_at_most(kGoodbye);
}

void H2Connection::arm_at_most(milliseconds delay) {
  const Steady now = worker().now().steady;
  const Steady at = now + delay;
  if (armed_until_ != Steady() && armed_until_ <= at) return; // also when it is about to fire
  armed_until_ = at;
  arm(delay);
}

// Behind receive(): whether a frame has ended, and another begun.
void H2Connection::note_input() {
  input_at_ = worker().now().steady;
  const std::uint64_t ended = session_.frames_received();
  if (!session_.is_within_frame()) {
    frame_began_.reset();
  } else if (!frame_began_ || ended != frames_received_) {
    frame_began_ = input_at_;
  }
  frames_received_ = ended;
}

void H2Connection::set_timer() {
  if (is_draining_ && !has_said_goodbye_) return; // the second GOAWAY is armed
  milliseconds delay = streams_.empty() ? limits().idle_timeout
                                        : std::min(limits().body_timeout, limits().write_timeout);
  if (is_blocked()) delay = std::min(delay, limits().write_timeout);
  if (frame_began_) delay = std::min(delay, limits().header_timeout);
  arm_at_most(delay);
}

void H2Connection::on_timeout() {
  armed_until_ = {};
  if (is_draining_ && !has_said_goodbye_) {
    has_said_goodbye_ = true;
    session_.finish_shutdown();
    flush();
    if (!is_closed()) set_timer();
    return;
  }
  const milliseconds next = look_at_clock();
  if (is_closed() || next <= milliseconds(0)) return;
  flush();
  if (!is_closed()) arm_at_most(next);
}

void H2Connection::end_politely(ResetCode code) {
  counters().timed_out.add();
  session_.terminate(code);
  flush();
  if (!is_closed()) close_after_output();
}

// When to look again; 0: the connection has ended.
milliseconds H2Connection::look_at_clock() {
  constexpr milliseconds kEnded{0};
  const Steady now = worker().now().steady;
  if (is_blocked()) { // nothing is read, and so nothing else is to be waited for
    const milliseconds left = left_of(blocked_at_, limits().write_timeout, now);
    if (left <= kEnded) {
      counters().timed_out.add();
      close();
    }
    return left;
  }
  milliseconds next = limits().idle_timeout;
  if (frame_began_) {
    next = left_of(*frame_began_, limits().header_timeout, now);
    if (next <= kEnded) {
      end_politely(ResetCode::enhance_your_calm);
      return kEnded;
    }
  }
  if (!streams_.empty()) return std::min(next, look_at_streams());
  const milliseconds silent = left_of(std::max(input_at_, stream_at_), limits().idle_timeout, now);
  const milliseconds useless = left_of(stream_at_, limits().idle_timeout * kIdleTimes, now);
  if (std::min(silent, useless) > kEnded) return std::min({next, silent, useless});
  end_politely(ResetCode::no_error);
  return kEnded;
}

// Each stream that has waited for its client for too long ends. When to look again.
milliseconds H2Connection::look_at_streams() {
  const Steady now = worker().now().steady;
  std::uint64_t buffered = 0;
  std::vector<H2Stream*> all;
  for (H2Stream& stream : streams_) {
    all.push_back(&stream);
    buffered += stream.content_.buffered();
  }
  // Where all of them together are held back, no single one is late.
  const bool may_send = buffered < limits().body_buffer * 4;
  milliseconds next = std::min(limits().body_timeout, limits().write_timeout);
  is_in_session_ = true;
  for (H2Stream* const stream : all) {
    if (stream->awaits_content() && may_send) {
      const milliseconds left = left_of(stream->content_at_, limits().body_timeout, now);
      if (left <= milliseconds(0)) {
        end_slow_content(*stream);
        continue;
      }
      next = std::min(next, left);
    }
    if (!stream->has_ready_content()) {
      stream->progress_at_ = now;
      continue;
    }
    const std::uint64_t sent = session_.content_sent(stream->id_);
    if (sent - stream->seen_sent_ >= kLeastProgress ||
        session_.room(stream->id_) >= kLeastProgress) {
      stream->seen_sent_ = sent;
      stream->progress_at_ = now;
      continue;
    }
    const milliseconds left = left_of(stream->progress_at_, limits().write_timeout, now);
    if (left <= milliseconds(0)) {
      counters().timed_out.add();
      session_.refuse(stream->id_, ResetCode::cancel);
    } else {
      next = std::min(next, left);
    }
  }
  is_in_session_ = false;
  return next;
}

// 408, where an answer can still be given.
void H2Connection::end_slow_content(H2Stream& stream) {
  counters().timed_out.add();
  stream.refusal_ = base::ErrorCode::timeout;
  stream.content_.fail();
  if (stream.has_responded_) {
    session_.refuse(stream.id_, ResetCode::cancel);
  } else {
    handler_.on_refused(stream, {stream.refusal_, base::ErrorSource::downstream});
  }
}

bool H2Stream::awaits_content() const {
  const bool is_wanted = refusal_ == base::ErrorCode::none && !is_answer_sent_;
  return is_wanted && !is_request_complete_ &&
         content_.buffered() < connection_->limits().body_buffer / 2;
}

bool H2Stream::has_ready_content() const {
  if (!has_responded_ || is_answer_sent_ || answer_content_ == nullptr) return false;
  std::array<std::string_view, 1> view;
  return answer_content_->peek(view).state == http::BodyState::ready;
}

} // namespace selvedge::downstream
