#include "h2_headers_receiver.hpp"

namespace selvedge::codec::h2 {

namespace {
constexpr std::size_t kPriorityBytes = 5;
}

ResetCode HeadersReceiver::on_headers(const FrameHead& head, std::string_view payload) {
  if (head.stream % 2 == 0) return ResetCode::protocol_error; // RFC 9113, 5.1.1
  std::size_t padding = 0;
  if (head.has(flag::padded)) {
    if (payload.empty()) return ResetCode::frame_size_error;
    padding = octet(payload.data());
    payload.remove_prefix(1);
  }
  bool depends_on_itself = false;
  if (head.has(flag::priority)) {
    if (payload.size() < kPriorityBytes) return ResetCode::frame_size_error;
    depends_on_itself = static_cast<StreamId>(read_u31(payload.data())) == head.stream;
    payload.remove_prefix(kPriorityBytes);
  }
  if (padding > payload.size()) return ResetCode::protocol_error; // RFC 9113, 6.2
  payload.remove_suffix(padding);
  const ResetCode fault = begin(head, depends_on_itself);
  if (fault != ResetCode::no_error) return fault;
  reader_.begin(kind_);
  return read(head, payload);
}

ResetCode HeadersReceiver::on_continuation(const FrameHead& head, std::string_view payload) {
  return read(head, payload);
}

// What kind of block it is, by the state of its stream (RFC 9113, 5.1).
ResetCode HeadersReceiver::begin(const FrameHead& head, bool depends_on_itself) {
  id_ = head.stream;
  ends_request_ = head.has(flag::end_stream);
  kind_ = BlockKind::unwanted;
  if (id_ > state_.last_seen) return open(head, depends_on_itself);
  if (Stream* const stream = state_.streams.find(id_)) {
    if (stream->is_reset) return state_.charge(); // it does not know it yet
    if (depends_on_itself) return state_.refuse(*stream, ResetCode::protocol_error);
    return begin_trailers(*stream, head);
  }
  if (state_.is_ignored(id_) || state_.closed.may_be_reset(id_)) return state_.charge();
  return state_.closed.was_passed_over(id_) ? ResetCode::protocol_error : ResetCode::stream_closed;
}

ResetCode HeadersReceiver::begin_trailers(Stream& stream, const FrameHead& head) {
  if (stream.has_ended_request) return state_.refuse(stream, ResetCode::stream_closed);
  // RFC 9113, 8.1: a second head of a request does not exist.
  if (!head.has(flag::end_stream)) return state_.refuse(stream, ResetCode::protocol_error);
  kind_ = BlockKind::trailers;
  return ResetCode::no_error;
}

void HeadersReceiver::note_id(StreamId id) {
  const StreamId next = state_.last_seen == 0 ? 1 : state_.last_seen + 2;
  if (id > next) state_.closed.note_passed_over(next, id - 2);
  state_.last_seen = id;
}

ResetCode HeadersReceiver::open(const FrameHead& head, bool depends_on_itself) {
  note_id(id_);
  const auto early = control_.take_early_priority(id_);
  if (state_.has_said_goaway) return state_.charge();
  if (depends_on_itself) return state_.refuse(id_, ResetCode::protocol_error, ends_request_);
  const std::size_t most = std::size_t{state_.options.max_streams} + kMaxClosing;
  if (state_.open_streams >= state_.options.max_streams || state_.streams.size() >= most) {
    return state_.refuse(id_, ResetCode::refused_stream, ends_request_);
  }
  void* const user = state_.events.on_stream_begin(head.stream);
  // The client may try again (RFC 9113, 8.7). It has done nothing that was not allowed.
  if (user == nullptr) return state_.turn_away(id_, ends_request_);
  Stream& stream = state_.streams.open(id_);
  stream.user = user;
  stream.window = state_.peer.initial_window;
  stream.has_early_priority = early.has_value();
  stream.priority = early.value_or(Priority());
  ++state_.open_streams;
  state_.last_begun = id_;
  kind_ = BlockKind::request;
  return ResetCode::no_error;
}

ResetCode HeadersReceiver::read(const FrameHead& head, std::string_view fragment) {
  const bool is_last = head.has(flag::end_headers);
  is_in_block_ = !is_last;
  Stream* const stream = kind_ == BlockKind::unwanted ? nullptr : state_.streams.find(id_);
  const ResetCode fault = reader_.read(fragment, is_last, stream);
  if (fault != ResetCode::no_error) return fault;
  if (stream == nullptr || stream->is_reset) return ResetCode::no_error;
  if (reader_.is_malformed()) return state_.refuse(*stream, ResetCode::protocol_error);
  return is_last ? finish(*stream) : ResetCode::no_error;
}

ResetCode HeadersReceiver::finish(Stream& stream) {
  if (kind_ == BlockKind::request) return finish_request(stream);
  // RFC 9113, 8.1.1.
  if (stream.content_length != Stream::kAnyLength &&
      stream.content_length != stream.content_received) {
    return state_.refuse(stream, ResetCode::protocol_error);
  }
  stream.has_ended_request = true;
  state_.events.on_request_end(stream.user);
  state_.close_if_ended(stream);
  return ResetCode::no_error;
}

ResetCode HeadersReceiver::finish_request(Stream& stream) {
  stream.content_length = reader_.rules().content_length();
  if (!stream.has_early_priority) stream.priority = reader_.rules().priority();
  if (ends_request_ && stream.content_length != Stream::kAnyLength && stream.content_length != 0) {
    return state_.refuse(stream, ResetCode::protocol_error);
  }
  state_.frames_left.refund(kRefundOfRequest);
  stream.has_ended_request = ends_request_;
  state_.events.on_head_end(stream.user, !ends_request_);
  if (ends_request_ && !stream.is_reset) state_.events.on_request_end(stream.user);
  return ResetCode::no_error;
}

} // namespace selvedge::codec::h2
