// HEADERS and CONTINUATION of a client: new requests, and the trailers of open ones (RFC 9113, 6.2,
// 6.10 and 8.1). Each frame comes whole; its fragment is decoded where it lies. Thread: one.
#pragma once

#include "h2_control_receiver.hpp"
#include "h2_head_reader.hpp"

namespace selvedge::codec::h2 {

class HeadersReceiver {
public:
  HeadersReceiver(SessionState& state, ControlReceiver& control)
      : state_(state), control_(control), reader_(state) {}

  // Anything but no_error is an error of the connection.
  ResetCode on_headers(const FrameHead& head, std::string_view payload);
  // Requires: is_in_block().
  ResetCode on_continuation(const FrameHead& head, std::string_view payload);
  // A block has begun and not ended: its next frame is a CONTINUATION, and no other may come.
  bool is_in_block() const { return is_in_block_; }
  StreamId stream() const { return id_; }

private:
  ResetCode begin(const FrameHead& head, bool depends_on_itself);
  ResetCode open(const FrameHead& head, bool depends_on_itself);
  ResetCode begin_trailers(Stream& stream, const FrameHead& head);
  void note_id(StreamId id);
  ResetCode read(const FrameHead& head, std::string_view fragment);
  ResetCode finish(Stream& stream);
  ResetCode finish_request(Stream& stream);

  SessionState& state_;
  ControlReceiver& control_;
  HeadReader reader_;
  StreamId id_ = 0;
  BlockKind kind_ = BlockKind::unwanted;
  bool is_in_block_ = false;
  bool ends_request_ = false;
};

} // namespace selvedge::codec::h2
