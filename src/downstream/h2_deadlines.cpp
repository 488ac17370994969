// Clients that are slow, each in its way: a head that does not end, content that does not come, an
// answer that is not taken, nothing at all. There is one timer. Input moves points in time, not the
// timer: when it fires, it is looked at what has taken too long, and when to look again.
#include "h2_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace selvedge::downstream {

using base::Steady;
using codec::h2::ResetCode;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kGoodbye{500}; // between the two GOAWAYs: more than a round trip
// A client may pause one answer, as players of media do, for so many times limits.write_timeout.
constexpr int kPauseTimes = 4;
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

// Nothing was read while the client took nothing: what it owes is not late for that.
void H2Connection::restart_clocks() {
  const Steady now = worker().now().steady;
  if (frame_began_) frame_began_ = now;
  for (H2Stream& stream : streams_) stream.content_at_ = now;
}

void H2Connection::set_timer() {
  if (is_ending()) return;
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
  if (is_closed() || is_ending() || next <= milliseconds(0)) return;
  flush();
  if (!is_closed()) arm_at_most(next);
}

void H2Connection::end_politely(ResetCode code) {
  counters().timed_out.add();
  session_.terminate(code);
  flush();
  if (!is_closed()) end_all(false);
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
  if (!streams_.empty()) {
    next = std::min(next, look_at_streams());
    if (!session_.is_terminated()) return next;
    flush(); // too many had to be reset, or nothing is taken at all
    if (!is_closed()) end_all(false);
    return kEnded;
  }
  const milliseconds silent = left_of(std::max(input_at_, stream_at_), limits().idle_timeout, now);
  const milliseconds useless = left_of(stream_at_, limits().idle_timeout * kIdleTimes, now);
  if (std::min(silent, useless) > kEnded) return std::min({next, silent, useless});
  end_politely(ResetCode::no_error);
  return kEnded;
}

// Each stream that has waited for its client for too long ends. When to look again.
milliseconds H2Connection::look_at_streams() {
  std::uint64_t buffered = 0;
  bool has_ready = false;
  std::vector<H2Stream*> all;
  for (H2Stream& stream : streams_) {
    all.push_back(&stream);
    if (!stream.is_answer_sent_) buffered += stream.content_.buffered();
    has_ready = has_ready || stream.has_ready_content();
  }
  // Where all of them together are held back, no single one is late.
  const bool may_send = buffered < limits().body_buffer * 4;
  milliseconds next = look_at_window(has_ready);
  is_in_session_ = true;
  for (H2Stream* const stream : all) {
    next = std::min({next, look_at_answer(*stream), look_at_request(*stream, may_send)});
  }
  is_in_session_ = false;
  return next;
}

// Of the connection's window: while it lets through too little, and there is something for it.
milliseconds H2Connection::look_at_window(bool has_ready) {
  const Steady now = worker().now().steady;
  const std::uint64_t sent = session_.content_sent();
  const bool moves = sent - seen_sent_ >= kLeastProgress;
  if (moves || !has_ready || session_.window() >= kLeastProgress) {
    seen_sent_ = sent;
    progress_at_ = now;
    return limits().write_timeout;
  }
  const milliseconds left = left_of(progress_at_, limits().write_timeout, now);
  if (left > milliseconds(0)) return left;
  counters().timed_out.add();
  session_.terminate(ResetCode::enhance_your_calm);
  return limits().write_timeout;
}

// Of the stream's own window. Others may have that of the connection.
milliseconds H2Connection::look_at_answer(H2Stream& stream) {
  const Steady now = worker().now().steady;
  const milliseconds most = limits().write_timeout * kPauseTimes;
  const std::uint64_t sent = session_.content_sent(stream.id_);
  if (sent != stream.seen_sent_) stream.content_at_ = now; // it goes on, one way at least
  const bool moves = sent - stream.seen_sent_ >= kLeastProgress;
  if (moves || !stream.has_ready_content() || session_.window(stream.id_) >= kLeastProgress) {
    stream.seen_sent_ = sent;
    stream.progress_at_ = now;
    return most;
  }
  const milliseconds left = left_of(stream.progress_at_, most, now);
  if (left > milliseconds(0)) return left;
  counters().timed_out.add();
  session_.refuse(stream.id_, ResetCode::cancel);
  return most;
}

milliseconds H2Connection::look_at_request(H2Stream& stream, bool may_send) {
  const milliseconds most = limits().body_timeout;
  const Steady now = worker().now().steady;
  const bool is_awaited = stream.is_half_done() || (stream.awaits_content() && may_send);
  // Others may have held it back until a moment ago.
  const bool was_held_back = std::exchange(stream.is_held_back_, !is_awaited);
  if (!is_awaited) return most;
  if (was_held_back) stream.content_at_ = now;
  const milliseconds left = left_of(stream.content_at_, most, now);
  if (left > milliseconds(0)) return left;
  end_slow_content(stream);
  return most;
}

// 408, where an answer can still be given. A client that has its answer need not say more.
void H2Connection::end_slow_content(H2Stream& stream) {
  counters().timed_out.add();
  if (stream.is_answer_sent_) return session_.refuse(stream.id_, ResetCode::no_error);
  stream.refusal_ = base::ErrorCode::timeout;
  stream.content_.fail();
  if (stream.has_responded_) {
    session_.refuse(stream.id_, ResetCode::cancel);
  } else {
    handler_.on_refused(stream, {stream.refusal_, base::ErrorSource::downstream});
  }
  stream.content_.abandon();
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
