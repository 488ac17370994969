// Frames of HTTP/2 on the wire: heads, types, flags, and those that are written from a few numbers
// (RFC 9113, 4.1 and 6; PRIORITY_UPDATE of RFC 9218, 7.1).
#pragma once

#include <selvedge/codec/h2_session.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace selvedge::codec::h2 {

enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  priority_update = 16,
};

namespace flag {
constexpr std::uint8_t end_stream = 0x01;
constexpr std::uint8_t ack = 0x01;
constexpr std::uint8_t end_headers = 0x04;
constexpr std::uint8_t padded = 0x08;
constexpr std::uint8_t priority = 0x20;
} // namespace flag

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kFrameHeadBytes = 9;
// The payload of a frame in either direction: the least that SETTINGS_MAX_FRAME_SIZE can say, which
// is also enough to keep the cost of a frame small beside that of its bytes.
constexpr std::size_t kMaxPayload = 16384;
constexpr std::uint32_t kMaxWindow = 0x7fffffff;
constexpr std::uint32_t kFirstWindow = 65535; // of a connection, and of streams before SETTINGS
constexpr StreamId kLastStreamId = 0x7fffffff;

struct FrameHead {
  std::uint32_t length = 0;
  FrameType type = FrameType::data;
  std::uint8_t flags = 0;
  StreamId stream = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

inline std::uint8_t octet(const char* at) {
  return static_cast<std::uint8_t>(*at);
}
inline std::uint32_t read_u16(const char* at) {
  return std::uint32_t{octet(at)} << 8 | octet(at + 1);
}
inline std::uint32_t read_u32(const char* at) {
  return read_u16(at) << 16 | read_u16(at + 2);
}
// Without the reserved bit.
inline std::uint32_t read_u31(const char* at) {
  return read_u32(at) & 0x7fffffff;
}
inline char* write_u32(char* to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *to++ = static_cast<char>(value >> shift);
  return to;
}

// Requires: kFrameHeadBytes at `at`.
inline FrameHead read_frame_head(const char* at) {
  return {std::uint32_t{octet(at)} << 16 | read_u16(at + 1), static_cast<FrameType>(octet(at + 3)),
          octet(at + 4), static_cast<StreamId>(read_u31(at + 5))};
}
inline char* write_frame_head(char* to, const FrameHead& head) {
  *to++ = static_cast<char>(head.length >> 16);
  *to++ = static_cast<char>(head.length >> 8);
  *to++ = static_cast<char>(head.length);
  *to++ = static_cast<char>(head.type);
  *to++ = static_cast<char>(head.flags);
  return write_u32(to, static_cast<std::uint32_t>(head.stream));
}

// Whole frames, each of the size beside it; they return the end of what they wrote.
constexpr std::size_t kRstStreamBytes = kFrameHeadBytes + 4;
char* write_rst_stream(char* to, StreamId id, ResetCode code);
constexpr std::size_t kWindowUpdateBytes = kFrameHeadBytes + 4;
char* write_window_update(char* to, StreamId id, std::uint32_t increment);
constexpr std::size_t kGoawayBytes = kFrameHeadBytes + 8;
char* write_goaway(char* to, StreamId last, ResetCode code);
constexpr std::size_t kPingBytes = kFrameHeadBytes + 8;
char* write_ping_ack(char* to, std::string_view payload); // Requires: eight bytes of payload
constexpr std::size_t kSettingsAckBytes = kFrameHeadBytes;
char* write_settings_ack(char* to);

} // namespace selvedge::codec::h2
