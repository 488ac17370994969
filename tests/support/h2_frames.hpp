// Frames of HTTP/2 written by hand, right or wrong as the test wants them, and those of a session
// taken apart again (RFC 9113, 4.1).
#pragma once

#include <selvedge/codec/h2_session.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvedge::test::h2 {

inline std::string number(std::size_t bytes, std::uint64_t value) { // in network order
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i));
  return text;
}

constexpr std::uint8_t kEndStream = 0x01;
constexpr std::uint8_t kAck = 0x01;
constexpr std::uint8_t kEndHeaders = 0x04;
constexpr std::uint8_t kPadded = 0x08;
constexpr std::uint8_t kPriority = 0x20;

inline std::string frame(unsigned type, unsigned flags, std::uint32_t stream,
                         std::string_view payload = {}) {
  return number(3, payload.size()) + number(1, type) + number(1, flags) + number(4, stream) +
         std::string(payload);
}

inline std::string data(std::uint32_t stream, std::string_view content, unsigned flags = 0) {
  return frame(0, flags, stream, content);
}
inline std::string headers(std::uint32_t stream, std::string_view block,
                           unsigned flags = kEndHeaders | kEndStream) {
  return frame(1, flags, stream, block);
}
inline std::string priority(std::uint32_t stream, std::uint32_t parent) {
  return frame(2, 0, stream, number(4, parent) + number(1, 15));
}
inline std::string rst_stream(std::uint32_t stream, std::uint32_t code = 8) {
  return frame(3, 0, stream, number(4, code));
}
inline std::string settings(const std::vector<std::pair<unsigned, std::uint32_t>>& entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += number(2, id) + number(4, value);
  return frame(4, 0, 0, payload);
}
inline std::string settings_ack() {
  return frame(4, kAck, 0);
}
inline std::string ping(std::string_view payload = "12345678") {
  return frame(6, 0, 0, payload);
}
inline std::string goaway(std::uint32_t code = 0) {
  return frame(7, 0, 0, number(4, 0) + number(4, code));
}
inline std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(8, 0, stream, number(4, increment));
}
inline std::string continuation(std::uint32_t stream, std::string_view block,
                                unsigned flags = kEndHeaders) {
  return frame(9, flags, stream, block);
}
inline std::string priority_update(std::uint32_t prioritized, std::string_view value) {
  return frame(16, 0, 0, number(4, prioritized) + std::string(value));
}
inline std::string preface() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
}

// Fields as literals that are never indexed and not Huffman coded (RFC 7541, 6.2.3). Requires:
// names and values shorter than 127.
inline std::string block(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text += '\x10' + number(1, name.size()) + name + number(1, value.size()) + value;
  }
  return text;
}
inline std::string request_block(const std::string& method,
                                 const std::vector<std::pair<std::string, std::string>>& more = {},
                                 const std::string& path = "/") {
  return block({{":method", method},
                {":scheme", "https"},
                {":authority", "a.example"},
                {":path", path}}) +
         block(more);
}
inline std::string get(std::uint32_t stream) { // the whole request
  return headers(stream, request_block("GET"));
}
inline std::string post(std::uint32_t stream) { // content follows
  return headers(stream, request_block("POST"), kEndHeaders);
}

struct Frame {
  unsigned type = 0;
  unsigned flags = 0;
  std::uint32_t stream = 0;
  std::string payload;

  bool is_ack_of_ping() const { return type == 6 && (flags & kAck) != 0; }
  // Of RST_STREAM, or of GOAWAY; its last stream is the number before.
  std::uint32_t error_code() const { return number_at(type == 7 ? 4 : 0); }
  std::uint32_t number_at(std::size_t at) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4 && i < payload.size(); ++i) {
      value = value << 8 | static_cast<unsigned char>(payload[i]);
    }
    return value;
  }
};

// Requires: whole frames.
inline std::vector<Frame> frames_of(std::string_view bytes) {
  std::vector<Frame> frames;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
  };
  while (bytes.size() >= 9) {
    const std::size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
    const std::uint32_t stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
    frames.push_back({byte(3), byte(4), stream, std::string(bytes.substr(9, size))});
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
  return frames;
}

// Everything that the session has to say now.
inline std::string output_of(codec::h2::ServerSession& session, std::size_t block = 65536) {
  std::string said;
  std::string buffer(block, '\0');
  for (std::size_t n = 0; (n = session.send(buffer)) > 0;) said.append(buffer, 0, n);
  return said;
}

} // namespace selvedge::test::h2
