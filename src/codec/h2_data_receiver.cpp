#include "h2_data_receiver.hpp"

#include <algorithm>
#include <utility>

namespace selvedge::codec::h2 {

ResetCode DataReceiver::begin(const FrameHead& head) {
  if (head.stream == 0 || state_.is_idle(head.stream)) return ResetCode::protocol_error;
  id_ = head.stream;
  left_ = head.length;
  padding_ = 0;
  ends_request_ = head.has(flag::end_stream);
  has_padding_length_ = head.has(flag::padded);
  if (has_padding_length_ && left_ == 0) return ResetCode::frame_size_error;

  ResetCode fault = take_into_windows(head.length);
  if (fault == ResetCode::no_error) fault = find_stream(head);
  if (fault != ResetCode::no_error) return fault;
  if (!is_wanted_) state_.consume_connection(head.length);
  if (!has_padding_length_) fault = begin_content();
  if (fault == ResetCode::no_error && left_ == 0) fault = finish();
  return fault;
}

// RFC 9113, 6.9.1: the whole payload counts, padding too. That of the stream is seen to later.
ResetCode DataReceiver::take_into_windows(std::uint32_t bytes) {
  if (bytes > 0 && std::uint64_t{state_.unreturned} + bytes > state_.connection_window()) {
    return ResetCode::flow_control_error;
  }
  state_.unreturned += bytes;
  return ResetCode::no_error;
}

// By the state of the stream (RFC 9113, 5.1): whether anybody wants the bytes.
ResetCode DataReceiver::find_stream(const FrameHead& head) {
  Stream* const stream = state_.streams.find(id_);
  is_wanted_ = false;
  const bool is_empty = head.length == 0 && !ends_request_;
  if (stream == nullptr) {
    if (!state_.is_ignored(id_) && !state_.closed.may_be_reset(id_)) {
      return ResetCode::stream_closed;
    }
    return charge_unwanted(head);
  }
  if (stream->is_reset) return charge_unwanted(head); // it does not know it yet
  if (stream->has_ended_request) return state_.refuse(*stream, ResetCode::stream_closed);
  if (head.length > 0 && stream->unreturned + std::uint64_t{head.length} > state_.stream_window()) {
    return state_.refuse(*stream, ResetCode::flow_control_error);
  }
  stream->unreturned += head.length;
  is_wanted_ = true;
  return is_empty ? state_.charge() : ResetCode::no_error;
}

// What is on its way when a stream is reset is a window full at most; in frames as small as that it
// is work for its own sake.
ResetCode DataReceiver::charge_unwanted(const FrameHead& head) {
  return head.length < kContentBytesOfRefund ? state_.charge() : ResetCode::no_error;
}

Stream* DataReceiver::wanted() const {
  if (!is_wanted_) return nullptr;
  Stream* const stream = state_.streams.find(id_);
  return stream != nullptr && !stream->is_reset ? stream : nullptr;
}

ResetCode DataReceiver::read(std::string_view& in) {
  if (has_padding_length_) {
    const ResetCode fault = read_padding_length(in);
    if (fault != ResetCode::no_error) return fault;
  }
  const std::size_t content = std::min<std::size_t>(in.size(), left_ - padding_);
  if (content > 0) {
    pass_on(in.substr(0, content));
    in.remove_prefix(content);
    left_ -= static_cast<std::uint32_t>(content);
  }
  const std::size_t padding = left_ == padding_ ? std::min<std::size_t>(in.size(), padding_) : 0;
  in.remove_prefix(padding);
  left_ -= static_cast<std::uint32_t>(padding);
  padding_ -= static_cast<std::uint32_t>(padding);
  return left_ == 0 ? finish() : ResetCode::no_error;
}

ResetCode DataReceiver::read_padding_length(std::string_view& in) {
  padding_ = octet(in.data());
  in.remove_prefix(1);
  --left_;
  has_padding_length_ = false;
  if (padding_ > left_) return ResetCode::protocol_error;
  const std::size_t used = padding_ + 1;
  if (is_wanted_) state_.consume_connection(used);
  if (Stream* const stream = wanted()) state_.consume_stream(*stream, used);
  // Padding alone is work without content.
  if (padding_ == left_ && !ends_request_) return state_.charge();
  return begin_content();
}

// RFC 9113, 8.1.1: more than the head has said is known before any of it is passed on.
ResetCode DataReceiver::begin_content() {
  Stream* const stream = wanted();
  if (stream == nullptr) return ResetCode::no_error;
  const std::uint32_t content = left_ - padding_;
  stream->content_received += content;
  if (content > 0) state_.frames_left.refund(1 + content / kContentBytesOfRefund);
  if (stream->content_received <= stream->content_length) return ResetCode::no_error;
  return state_.refuse(*stream, ResetCode::protocol_error);
}

void DataReceiver::pass_on(std::string_view bytes) {
  if (Stream* const stream = wanted()) {
    state_.events.on_content(stream->user, bytes);
  } else if (is_wanted_) { // it was when the frame began, and nobody else returns them
    state_.consume_connection(bytes.size());
  }
}

ResetCode DataReceiver::finish() {
  Stream* const stream = wanted();
  if (!ends_request_ || stream == nullptr) return ResetCode::no_error;
  if (stream->content_length != Stream::kAnyLength &&
      stream->content_length != stream->content_received) {
    return state_.refuse(*stream, ResetCode::protocol_error);
  }
  stream->has_ended_request = true;
  state_.events.on_request_end(stream->user);
  state_.close_if_ended(*stream);
  return ResetCode::no_error;
}

} // namespace selvedge::codec::h2
