// The octets of HTTP/2 that the benchmarks' clients share: frames and the types and flags that they
// use (RFC 9113, 4.1 and 6).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace selvedge::bench {

enum FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  reset = 3,
  settings = 4,
  ping = 6,
  goaway = 7,
  window_update = 8,
};
constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kPriority = 32;
constexpr std::uint32_t kLargestWindow = 0x7fffffff;
constexpr std::uint64_t kReturnAfter = std::uint64_t{1} << 26; // octets of DATA
constexpr std::size_t kFrameHead = 9;

inline std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

inline std::string octets(std::uint32_t value, int count) {
  std::string bytes;
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 0xff);
  }
  return bytes;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload) {
  std::string bytes = octets(static_cast<std::uint32_t>(payload.size()), 3);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  bytes += octets(stream, 4);
  bytes += payload;
  return bytes;
}

// Requires: at least kFrameHead octets.
struct FrameHead {
  std::uint32_t length;
  std::uint8_t type;
  std::uint8_t flags;
  std::uint32_t stream;

  explicit FrameHead(std::string_view head)
      : length(number(head.substr(0, 3))), type(static_cast<std::uint8_t>(head[3])),
        flags(static_cast<std::uint8_t>(head[4])),
        stream(number(head.substr(5, 4)) & kLargestWindow) {}
};

// What follows changes of the table's size in a field block (RFC 7541, 6.3).
inline std::string_view after_table_sizes(std::string_view block) {
  while (!block.empty() && (static_cast<unsigned char>(block[0]) & 0xe0) == 0x20) {
    const bool is_long = (static_cast<unsigned char>(block[0]) & 0x1f) == 0x1f;
    block.remove_prefix(1);
    for (bool goes_on = is_long; goes_on && !block.empty(); block.remove_prefix(1)) {
      goes_on = (static_cast<unsigned char>(block[0]) & 0x80) != 0;
    }
  }
  return block;
}

} // namespace selvedge::bench
