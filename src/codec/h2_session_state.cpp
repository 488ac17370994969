#include "h2_session_state.hpp"

#include <utility>

namespace selvedge::codec::h2 {

SessionState::SessionState(ServerEvents& its_events, const ServerSession::Options& its_options)
    : events(its_events), options(its_options) {
  write_settings(control.extend(kOurSettingsBytes), options);
  if (connection_window() > kFirstWindow) {
    write_window_update(control.extend(kWindowUpdateBytes), 0, connection_window() - kFirstWindow);
  }
}

// --- streams

void SessionState::reset(Stream& stream, ResetCode code) {
  if (is_terminated || stream.is_reset || (stream.has_ended_request && stream.has_ended_response))
    return;
  write_rst_stream(control.extend(kRstStreamBytes), stream.id, code);
  stream.is_reset = true;
  stream.reset_code = code;
  stream.sending = Sending::nothing;
  stream.unlink();
  resets.push_back(stream);
  --open_streams;
}

ResetCode SessionState::refuse(Stream& stream, ResetCode code) {
  reset(stream, code);
  return charge_reset();
}

ResetCode SessionState::refuse(StreamId id, ResetCode code, bool has_ended) {
  write_rst_stream(control.extend(kRstStreamBytes), id, code);
  if (!has_ended) closed.note_reset(id);
  return charge_reset();
}

ResetCode SessionState::turn_away(StreamId id, bool has_ended) {
  write_rst_stream(control.extend(kRstStreamBytes), id, ResetCode::refused_stream);
  if (!has_ended) closed.note_reset(id);
  return charge();
}

void SessionState::close(Stream& stream, ResetCode code) {
  stream.unlink();
  if (!stream.is_reset) {
    --open_streams;
  } else if (!stream.has_ended_request) {
    closed.note_reset(stream.id);
  }
  void* const user = stream.user;
  streams.close(stream);
  events.on_stream_closed(user, static_cast<std::uint32_t>(code));
}

void SessionState::close_if_ended(Stream& stream) {
  if (stream.is_reset || !stream.has_ended_request || !stream.has_ended_response) return;
  close(stream, ResetCode::no_error);
}

// --- flow control of what is received

// Until the client has applied our SETTINGS it goes by the window that every connection begins
// with (RFC 9113, 6.9.2).
std::uint32_t SessionState::stream_window() const {
  return is_acknowledged ? options.stream_window : std::max(options.stream_window, kFirstWindow);
}

void SessionState::consume_connection(std::size_t bytes) {
  consumed += static_cast<std::uint32_t>(std::min<std::size_t>(bytes, unreturned - consumed));
  if (consumed < connection_window() / 2 || is_terminated) return;
  write_window_update(control.extend(kWindowUpdateBytes), 0, consumed);
  unreturned -= std::exchange(consumed, 0u);
}

void SessionState::consume_stream(Stream& stream, std::size_t bytes) {
  stream.consumed +=
      static_cast<std::uint32_t>(std::min<std::size_t>(bytes, stream.unreturned - stream.consumed));
  if (stream.has_ended_request || stream.is_reset || is_terminated) return; // it sends no more
  if (stream.consumed == 0 || stream.consumed < options.stream_window / 2) return;
  write_window_update(control.extend(kWindowUpdateBytes), stream.id, stream.consumed);
  stream.unreturned -= std::exchange(stream.consumed, 0u);
}

// --- the connection

ResetCode SessionState::charge(std::uint32_t cost) {
  if (!frames_left.spend(cost) || control.size() > kMaxControlBytes) {
    return ResetCode::enhance_your_calm;
  }
  return ResetCode::no_error;
}

ResetCode SessionState::charge_reset() {
  if (!resets_left.spend(1) || control.size() > kMaxControlBytes) {
    return ResetCode::enhance_your_calm;
  }
  return ResetCode::no_error;
}

void SessionState::finish(ResetCode code) {
  if (is_terminated) return;
  write_goaway(control.extend(kGoawayBytes), last_begun, code);
  has_said_goaway = true;
}

void SessionState::terminate(ResetCode code) {
  finish(code);
  is_terminated = true;
}

} // namespace selvedge::codec::h2
