#include "h2_settings.hpp"

namespace selvedge::codec::h2 {

namespace {

constexpr std::size_t kEntryBytes = 6;
constexpr std::uint32_t kLargestMaxFrameSize = (1u << 24) - 1;

enum class Setting : std::uint16_t {
  header_table_size = 1,
  enable_push = 2,
  max_concurrent_streams = 3,
  initial_window_size = 4,
  max_frame_size = 5,
  max_header_list_size = 6,
  no_rfc7540_priorities = 9,
};

ResetCode apply(Setting setting, std::uint32_t value, PeerSettings& settings) {
  switch (setting) {
  case Setting::header_table_size:
    settings.header_table_bytes = value;
    return ResetCode::no_error;
  case Setting::enable_push:
    return value <= 1 ? ResetCode::no_error : ResetCode::protocol_error;
  case Setting::initial_window_size:
    if (value > kMaxWindow) return ResetCode::flow_control_error;
    settings.initial_window = value;
    return ResetCode::no_error;
  case Setting::max_frame_size: // frames to the client never exceed the least it can allow
    return value >= kMaxPayload && value <= kLargestMaxFrameSize ? ResetCode::no_error
                                                                 : ResetCode::protocol_error;
  case Setting::no_rfc7540_priorities:
    if (value > 1) return ResetCode::protocol_error;
    if (settings.ignores_old_priorities.value_or(value == 1) != (value == 1)) {
      return ResetCode::protocol_error;
    }
    settings.ignores_old_priorities = value == 1;
    return ResetCode::no_error;
  case Setting::max_concurrent_streams: // of pushes, and nothing is pushed
  case Setting::max_header_list_size:   // advice; a stored head is what it is
    break;
  }
  return ResetCode::no_error; // one that is not known is ignored
}

char* write_entry(char* to, Setting setting, std::uint32_t value) {
  *to++ = static_cast<char>(static_cast<std::uint16_t>(setting) >> 8);
  *to++ = static_cast<char>(setting);
  return write_u32(to, value);
}

} // namespace

ResetCode apply_settings(std::string_view payload, PeerSettings& settings) {
  if (payload.size() % kEntryBytes != 0) return ResetCode::frame_size_error;
  for (; !payload.empty(); payload.remove_prefix(kEntryBytes)) {
    const auto setting = static_cast<Setting>(read_u16(payload.data()));
    const ResetCode code = apply(setting, read_u32(payload.data() + 2), settings);
    if (code != ResetCode::no_error) return code;
  }
  // Not said in the first frame means 0, and must stay so.
  if (!settings.ignores_old_priorities) settings.ignores_old_priorities = false;
  return ResetCode::no_error;
}

char* write_settings(char* to, const ServerSession::Options& options) {
  to = write_frame_head(to, {kOurSettingsBytes - kFrameHeadBytes, FrameType::settings, 0, 0});
  to = write_entry(to, Setting::max_concurrent_streams, options.max_streams);
  to = write_entry(to, Setting::initial_window_size, options.stream_window);
  to = write_entry(to, Setting::max_header_list_size, options.max_head_bytes);
  return write_entry(to, Setting::no_rfc7540_priorities, 1);
}

} // namespace selvedge::codec::h2
