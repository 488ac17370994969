#include "h2_receiver.hpp"

#include <algorithm>

namespace selvedge::codec::h2 {

namespace {

constexpr std::size_t kKeptBytes = 128; // of the buffer for split frames, between two of them

bool is_known(FrameType type) {
  return type <= FrameType::continuation || type == FrameType::priority_update;
}

} // namespace

ResetCode Receiver::receive(std::string_view in) {
  state_.frames_left.refund(kRefundOfRead);
  return receive_rest(in);
}

ResetCode Receiver::receive_rest(std::string_view in) {
  ResetCode fault = ResetCode::no_error;
  while (!in.empty() && fault == ResetCode::no_error) {
    switch (at_) {
    case At::preface:
      fault = read_preface(in);
      break;
    case At::frame:
      fault = read_head(in);
      break;
    case At::payload:
      fault = read_payload(in);
      break;
    case At::data:
      fault = read_data(in);
      break;
    case At::skipped:
      fault = skip(in);
      break;
    }
    if (!is_within_frame()) ++frames_received_;
  }
  return fault;
}

// RFC 9113, 3.4.
ResetCode Receiver::read_preface(std::string_view& in) {
  const std::size_t n = std::min(in.size(), kPreface.size() - skipped_);
  if (in.substr(0, n) != kPreface.substr(skipped_, n)) return ResetCode::protocol_error;
  in.remove_prefix(n);
  skipped_ += n;
  if (skipped_ == kPreface.size()) at_ = At::frame;
  return ResetCode::no_error;
}

// `size` bytes off the front of the input, or of what was collected before and the input; nothing
// while they are not complete.
std::string_view Receiver::collect(std::string_view& in, std::size_t size) {
  if (collected_.empty() && in.size() >= size) {
    const std::string_view whole = in.substr(0, size);
    in.remove_prefix(size);
    return whole;
  }
  const std::size_t n = std::min(in.size(), size - collected_.size());
  if (collected_.empty()) collected_.reserve(size);
  collected_.insert(collected_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(n));
  in.remove_prefix(n);
  if (collected_.size() < size) return {};
  return {collected_.data(), size};
}

void Receiver::forget_collected() {
  collected_.clear();
  if (collected_.capacity() > kKeptBytes) collected_.shrink_to_fit();
}

ResetCode Receiver::read_head(std::string_view& in) {
  const std::string_view bytes = collect(in, kFrameHeadBytes);
  if (bytes.empty()) return ResetCode::no_error;
  head_ = read_frame_head(bytes.data());
  forget_collected();
  return begin_frame(head_);
}

// What must not come at this place, whatever is in it.
ResetCode Receiver::check_order(const FrameHead& head) const {
  // RFC 9113, 3.4: SETTINGS first.
  if (!has_settings_ && (head.type != FrameType::settings || head.has(flag::ack))) {
    return ResetCode::protocol_error;
  }
  if (head.length > kMaxPayload) return ResetCode::frame_size_error; // 4.2
  // RFC 9113, 6.10: a block of fields is in one piece.
  const bool is_continuation = head.type == FrameType::continuation;
  if (is_continuation != headers_.is_in_block()) return ResetCode::protocol_error;
  if (is_continuation && head.stream != headers_.stream()) return ResetCode::protocol_error;
  return ResetCode::no_error;
}

ResetCode Receiver::begin_frame(const FrameHead& head) {
  const ResetCode fault = check_order(head);
  if (fault != ResetCode::no_error) return fault;
  has_settings_ = true;
  if (head.type == FrameType::data) {
    const ResetCode refused = data_.begin(head);
    at_ = data_.is_in_frame() ? At::data : At::frame;
    return refused;
  }
  if (!is_known(head.type)) { // RFC 9113, 5.5: ignored
    skipped_ = head.length;
    at_ = skipped_ > 0 ? At::skipped : At::frame;
    return state_.charge();
  }
  if (head.length == 0) return dispatch({});
  at_ = At::payload;
  return ResetCode::no_error;
}

ResetCode Receiver::read_payload(std::string_view& in) {
  const std::string_view payload = collect(in, head_.length);
  if (payload.empty()) return ResetCode::no_error;
  at_ = At::frame;
  const ResetCode fault = dispatch(payload);
  forget_collected();
  return fault;
}

ResetCode Receiver::dispatch(std::string_view payload) {
  switch (head_.type) {
  case FrameType::headers:
    return headers_.on_headers(head_, payload);
  case FrameType::continuation:
    return headers_.on_continuation(head_, payload);
  default:
    return control_.receive(head_, payload);
  }
}

ResetCode Receiver::read_data(std::string_view& in) {
  const ResetCode fault = data_.read(in);
  if (!data_.is_in_frame()) at_ = At::frame;
  return fault;
}

ResetCode Receiver::skip(std::string_view& in) {
  const std::size_t n = std::min(in.size(), skipped_);
  in.remove_prefix(n);
  skipped_ -= n;
  if (skipped_ == 0) at_ = At::frame;
  return ResetCode::no_error;
}

} // namespace selvedge::codec::h2
