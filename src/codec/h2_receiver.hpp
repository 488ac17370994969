// The bytes of a client as frames (RFC 9113, 3.4 and 4): the preface, then frame after frame, split
// wherever the network likes. A frame that lies whole in the input is used there; of others the
// parts are collected, except for DATA, which is passed on as it comes. Thread: one.
#pragma once

#include "h2_control_receiver.hpp"
#include "h2_data_receiver.hpp"
#include "h2_headers_receiver.hpp"

#include <vector>

namespace selvedge::codec::h2 {

class Receiver {
public:
  explicit Receiver(SessionState& state)
      : state_(state), control_(state), headers_(state, control_), data_(state) {}

  // Anything but no_error is an error of the connection: no more may be received.
  ResetCode receive(std::string_view bytes);
  ResetCode receive_rest(std::string_view bytes); // of the same read
  std::uint64_t frames_received() const { return frames_received_; }
  bool is_within_frame() const {
    return (at_ != At::frame && at_ != At::data) || !collected_.empty() || !has_settings_ ||
           headers_.is_in_block();
  }

private:
  enum class At : std::uint8_t { preface, frame, payload, data, skipped };

  ResetCode read_preface(std::string_view& in);
  ResetCode read_head(std::string_view& in);
  ResetCode begin_frame(const FrameHead& head);
  ResetCode check_order(const FrameHead& head) const;
  ResetCode read_payload(std::string_view& in);
  ResetCode read_data(std::string_view& in);
  ResetCode skip(std::string_view& in);
  ResetCode dispatch(std::string_view payload);
  std::string_view collect(std::string_view& in, std::size_t size);
  void forget_collected();

  SessionState& state_;
  ControlReceiver control_;
  HeadersReceiver headers_;
  DataReceiver data_;
  At at_ = At::preface;
  std::uint64_t frames_received_ = 0;
  bool has_settings_ = false; // the first frame has come
  FrameHead head_;            // of the frame that is being read
  std::size_t skipped_ = 0;   // of the preface, or of a payload that nobody reads
  std::vector<char> collected_;
};

} // namespace selvedge::codec::h2
