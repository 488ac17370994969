#include "h2_frame.hpp"

#include <algorithm>

namespace selvedge::codec::h2 {

char* write_rst_stream(char* to, StreamId id, ResetCode code) {
  to = write_frame_head(to, {4, FrameType::rst_stream, 0, id});
  return write_u32(to, static_cast<std::uint32_t>(code));
}

char* write_window_update(char* to, StreamId id, std::uint32_t increment) {
  to = write_frame_head(to, {4, FrameType::window_update, 0, id});
  return write_u32(to, increment);
}

char* write_goaway(char* to, StreamId last, ResetCode code) {
  to = write_frame_head(to, {8, FrameType::goaway, 0, 0});
  to = write_u32(to, static_cast<std::uint32_t>(last));
  return write_u32(to, static_cast<std::uint32_t>(code));
}

char* write_ping_ack(char* to, std::string_view payload) {
  to = write_frame_head(to, {8, FrameType::ping, flag::ack, 0});
  return std::copy(payload.begin(), payload.end(), to);
}

char* write_settings_ack(char* to) {
  return write_frame_head(to, {0, FrameType::settings, flag::ack, 0});
}

} // namespace selvedge::codec::h2
