// DATA of a client (RFC 9113, 6.1): passed on as it arrives, in whatever pieces, without copies.
// Thread: one.
#pragma once

#include "h2_session_state.hpp"

#include <string_view>

namespace selvedge::codec::h2 {

class DataReceiver {
public:
  explicit DataReceiver(SessionState& state) : state_(state) {}

  // Anything but no_error is an error of the connection.
  ResetCode begin(const FrameHead& head);
  // Takes what belongs to the frame off the front of `in`. Requires: is_in_frame().
  ResetCode read(std::string_view& in);
  bool is_in_frame() const { return left_ > 0; }

private:
  // The stream that the bytes are for, or null: nobody wants them (any more).
  ResetCode charge_unwanted(const FrameHead& head);
  Stream* wanted() const;
  ResetCode find_stream(const FrameHead& head);
  ResetCode take_into_windows(std::uint32_t bytes);
  ResetCode read_padding_length(std::string_view& in);
  ResetCode begin_content();
  void pass_on(std::string_view bytes);
  ResetCode finish();

  SessionState& state_;
  StreamId id_ = 0;
  bool is_wanted_ = false;
  bool ends_request_ = false;
  bool has_padding_length_ = false; // and it has not come yet
  std::uint32_t left_ = 0;          // of the payload
  std::uint32_t padding_ = 0;       // the last of them
};

} // namespace selvedge::codec::h2
