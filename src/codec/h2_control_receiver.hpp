// Frames of a client about the connection and about streams as such: all but DATA, HEADERS and
// CONTINUATION (RFC 9113, 6; RFC 9218, 7.1). Each comes whole. Thread: one.
#pragma once

#include "h2_session_state.hpp"

#include <string_view>
#include <vector>

namespace selvedge::codec::h2 {

class ControlReceiver {
public:
  explicit ControlReceiver(SessionState& state) : state_(state) {}

  // Anything but no_error is an error of the connection.
  ResetCode receive(const FrameHead& head, std::string_view payload);

  // What a PRIORITY_UPDATE said about the stream before it was opened.
  std::optional<Priority> take_early_priority(StreamId id);

private:
  struct EarlyPriority {
    StreamId id;
    Priority priority;
  };

  ResetCode on_priority(const FrameHead& head, std::string_view payload);
  ResetCode on_rst_stream(const FrameHead& head, std::string_view payload);
  ResetCode on_settings(const FrameHead& head, std::string_view payload);
  ResetCode on_ping(const FrameHead& head, std::string_view payload);
  ResetCode on_goaway(const FrameHead& head, std::string_view payload);
  ResetCode on_window_update(const FrameHead& head, std::string_view payload);
  ResetCode on_priority_update(const FrameHead& head, std::string_view payload);

  ResetCode change_initial_window(std::int64_t by);
  ResetCode enlarge_connection_window(std::uint32_t by);
  void set_priority(Stream& stream, Priority priority);

  SessionState& state_;
  std::vector<EarlyPriority> early_;
};

} // namespace selvedge::codec::h2
