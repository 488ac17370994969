#include "h2_control_receiver.hpp"

namespace selvedge::codec::h2 {

ResetCode ControlReceiver::receive(const FrameHead& head, std::string_view payload) {
  switch (head.type) {
  case FrameType::priority:
    return on_priority(head, payload);
  case FrameType::rst_stream:
    return on_rst_stream(head, payload);
  case FrameType::settings:
    return on_settings(head, payload);
  case FrameType::ping:
    return on_ping(head, payload);
  case FrameType::goaway:
    return on_goaway(head, payload);
  case FrameType::window_update:
    return on_window_update(head, payload);
  case FrameType::priority_update:
    return on_priority_update(head, payload);
  default: // PUSH_PROMISE: a client has nothing to promise (RFC 9113, 8.4)
    return ResetCode::protocol_error;
  }
}

// The old scheme of priorities is not followed, but its frames must be sound (RFC 9113, 6.3); that
// a stream does not depend on itself is of RFC 7540, 5.3.1.
ResetCode ControlReceiver::on_priority(const FrameHead& head, std::string_view payload) {
  if (head.stream == 0) return ResetCode::protocol_error;
  Stream* const stream = state_.streams.find(head.stream);
  ResetCode fault = ResetCode::no_error;
  if (payload.size() != 5) {
    fault = ResetCode::frame_size_error;
  } else if (static_cast<StreamId>(read_u31(payload.data())) == head.stream) {
    fault = ResetCode::protocol_error;
  }
  if (fault == ResetCode::no_error) return state_.charge();
  // An error of the stream; where there is none that could be reset, of the connection.
  return stream != nullptr ? state_.refuse(*stream, fault) : fault;
}

ResetCode ControlReceiver::on_rst_stream(const FrameHead& head, std::string_view payload) {
  if (payload.size() != 4) return ResetCode::frame_size_error;
  if (head.stream == 0 || state_.is_idle(head.stream)) return ResetCode::protocol_error;
  Stream* const stream = state_.streams.find(head.stream);
  if (stream == nullptr) return state_.charge();
  if (stream->is_reset) return state_.charge(); // ours is on its way, and closes it
  stream->has_ended_request = true;             // nothing may follow
  state_.close(*stream, static_cast<ResetCode>(read_u32(payload.data())));
  return state_.charge_reset();
}

ResetCode ControlReceiver::on_settings(const FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return ResetCode::protocol_error;
  if (head.has(flag::ack)) {
    if (!payload.empty()) return ResetCode::frame_size_error;
    state_.is_acknowledged = true;
    return state_.charge();
  }
  const std::int64_t window_before = state_.peer.initial_window;
  const ResetCode fault = apply_settings(payload, state_.peer);
  if (fault != ResetCode::no_error) return fault;
  state_.encoder.set_peer_limit(state_.peer.header_table_bytes);
  const ResetCode overflow = change_initial_window(state_.peer.initial_window - window_before);
  if (overflow != ResetCode::no_error) return overflow;
  write_settings_ack(state_.control.extend(kSettingsAckBytes));
  return state_.charge(kCostOfSettings);
}

// RFC 9113, 6.9.2: the windows of all streams move by the difference, below zero if need be.
ResetCode ControlReceiver::change_initial_window(std::int64_t by) {
  if (by == 0) return ResetCode::no_error;
  ResetCode result = ResetCode::no_error;
  state_.streams.for_each([&](Stream& stream) {
    stream.window += by;
    if (stream.window > kMaxWindow) result = ResetCode::flow_control_error;
    if (stream.window > 0 && stream.sending == Sending::window) {
      state_.schedule.add(stream);
    }
  });
  return result;
}

ResetCode ControlReceiver::on_ping(const FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return ResetCode::protocol_error;
  if (payload.size() != 8) return ResetCode::frame_size_error;
  if (!head.has(flag::ack)) write_ping_ack(state_.control.extend(kPingBytes), payload);
  return state_.charge();
}

ResetCode ControlReceiver::on_goaway(const FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return ResetCode::protocol_error;
  if (payload.size() < 8) return ResetCode::frame_size_error;
  state_.has_heard_goaway = true; // it is about pushes; that the client will leave is what counts
  return state_.charge();
}

ResetCode ControlReceiver::on_window_update(const FrameHead& head, std::string_view payload) {
  if (payload.size() != 4) return ResetCode::frame_size_error;
  const std::uint32_t by = read_u31(payload.data());
  if (head.stream == 0) return enlarge_connection_window(by);
  if (state_.is_idle(head.stream)) return ResetCode::protocol_error;
  Stream* const stream = state_.streams.find(head.stream);
  if (stream == nullptr || stream->is_reset) return state_.charge(); // RFC 9113, 5.1: may cross
  if (by == 0) return state_.refuse(*stream, ResetCode::protocol_error);
  if (stream->window + by > kMaxWindow) {
    return state_.refuse(*stream, ResetCode::flow_control_error);
  }
  stream->window += by;
  if (stream->window > 0 && stream->sending == Sending::window) {
    state_.schedule.add(*stream);
  }
  return state_.charge();
}

ResetCode ControlReceiver::enlarge_connection_window(std::uint32_t by) {
  if (by == 0) return ResetCode::protocol_error;
  if (state_.window + by > kMaxWindow) return ResetCode::flow_control_error;
  state_.window += by;
  return state_.charge();
}

ResetCode ControlReceiver::on_priority_update(const FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return ResetCode::protocol_error;
  if (payload.size() < 4) return ResetCode::frame_size_error;
  const auto id = static_cast<StreamId>(read_u31(payload.data()));
  if (id % 2 == 0) return ResetCode::protocol_error; // 0, or a push that was not promised
  const auto priority = parse_priority(payload.substr(4));
  if (!priority) return state_.charge();
  if (Stream* const stream = state_.streams.find(id)) {
    set_priority(*stream, *priority);
  } else if (id > state_.last_seen) {
    std::erase_if(early_, [&](const EarlyPriority& one) { return one.id == id; });
    if (early_.size() == kMaxEarlyPriorities) early_.erase(early_.begin());
    early_.push_back({id, *priority});
  }
  return state_.charge();
}

void ControlReceiver::set_priority(Stream& stream, Priority priority) {
  const bool is_scheduled = stream.sending == Sending::content;
  if (is_scheduled) stream.unlink();
  stream.priority = priority;
  if (is_scheduled) state_.schedule.add(stream);
}

std::optional<Priority> ControlReceiver::take_early_priority(StreamId id) {
  for (auto one = early_.begin(); one != early_.end(); ++one) {
    if (one->id != id) continue;
    const Priority priority = one->priority;
    early_.erase(one);
    return priority;
  }
  return std::nullopt;
}

} // namespace selvedge::codec::h2
