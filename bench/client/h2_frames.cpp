#include "h2_frames.hpp"

#include "h2_wire.hpp"

#include <algorithm>

namespace selvedge::bench {

namespace {

// RFC 7541, 5.1 and 5.2: a string of octets, its length with a prefix of 7 bits.
std::string hpack_string(std::string_view text) {
  std::string bytes;
  std::size_t length = text.size();
  if (length < 127) {
    bytes += static_cast<char>(length);
  } else {
    bytes += '\x7f';
    for (length -= 127; length >= 128; length >>= 7) {
      bytes += static_cast<char>(0x80 | (length & 0x7f));
    }
    bytes += static_cast<char>(length);
  }
  bytes += text;
  return bytes;
}

// Whether a field block begins with the static table's ":status 200", which every encoder uses,
// after changes of the table's size (RFC 7541, 6.1).
bool is_ok(std::string_view block) {
  block = after_table_sizes(block);
  return !block.empty() && static_cast<unsigned char>(block[0]) == 0x88;
}

} // namespace

std::string h2_opening() {
  constexpr std::uint32_t kInitialWindow = 4;
  constexpr std::uint32_t kFirstWindow = 65535;
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
         frame(settings, 0, 0, octets(kInitialWindow, 2) + octets(kLargestWindow, 4)) +
         frame(window_update, 0, 0, octets(kLargestWindow - kFirstWindow, 4));
}

std::string h2_request(std::uint32_t stream, std::string_view scheme, std::string_view authority,
                       std::string_view path) {
  std::string fields = "\x82"; // :method GET
  fields += scheme == "https" ? '\x87' : '\x86';
  fields += '\x01' + hpack_string(authority);
  fields += '\x04' + hpack_string(path);
  return frame(headers, kEndStream | kEndHeaders, stream, fields);
}

void H2Answers::receive(std::string_view bytes) {
  while (!bytes.empty()) {
    if (skip_ > 0) {
      const std::size_t n = std::min<std::uint64_t>(skip_, bytes.size());
      bytes.remove_prefix(n);
      skip_ -= n;
      if (skip_ == 0 && ends_with_ != 0) ended.push_back(ends_with_);
      continue;
    }
    if (held_.size() < kFrameHead) {
      const std::size_t n = std::min(kFrameHead - held_.size(), bytes.size());
      held_ += bytes.substr(0, n);
      bytes.remove_prefix(n);
      if (held_.size() < kFrameHead) return;
    }
    const FrameHead head(held_);
    if (head.type == data) {
      on_data(head.length);
      skip_ = head.length;
      ends_with_ = (head.flags & kEndStream) != 0 ? head.stream : 0;
      if (skip_ == 0 && ends_with_ != 0) ended.push_back(ends_with_);
      held_.clear();
      continue;
    }
    const std::size_t n = std::min(kFrameHead + head.length - held_.size(), bytes.size());
    held_ += bytes.substr(0, n);
    bytes.remove_prefix(n);
    if (held_.size() < kFrameHead + head.length) return;
    on_frame(head, std::string_view(held_).substr(kFrameHead));
    held_.clear();
  }
}

void H2Answers::on_data(std::uint32_t bytes) {
  unreturned_ += bytes;
  if (unreturned_ < kReturnAfter) return;
  reply += frame(window_update, 0, 0, octets(static_cast<std::uint32_t>(unreturned_), 4));
  unreturned_ = 0;
}

void H2Answers::on_settings(const FrameHead& frame_head, std::string_view payload) {
  constexpr std::uint32_t kMostStreams = 3;
  if ((frame_head.flags & kAck) != 0) {
    is_acknowledged = true;
    return;
  }
  for (; payload.size() >= 6; payload.remove_prefix(6)) {
    if (number(payload.substr(0, 2)) == kMostStreams) most_streams = number(payload.substr(2, 4));
  }
  has_settings = true;
  reply += frame(settings, kAck, 0, {});
}

void H2Answers::on_frame(const FrameHead& head, std::string_view payload) {
  switch (head.type) {
  case settings:
    on_settings(head, payload);
    break;
  case ping:
    if ((head.flags & kAck) == 0) reply += frame(ping, kAck, 0, payload);
    break;
  case headers:
    if ((head.flags & kPadded) != 0) payload.remove_prefix(1);
    if ((head.flags & kPriority) != 0) payload.remove_prefix(5);
    if (!is_ok(payload)) ++failures;
    if ((head.flags & kEndStream) != 0) ended.push_back(head.stream);
    break;
  case reset:
    ++failures;
    ended.push_back(head.stream);
    break;
  case goaway:
    ++failures;
    break;
  default:
    break; // WINDOW_UPDATE: requests have no content to send
  }
}

} // namespace selvedge::bench
