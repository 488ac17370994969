#include "h2_frames.hpp"
#include "h2_wire.hpp"
#include "soak_readers.hpp"

#include <stdexcept>

namespace selvedge::bench {

namespace {

constexpr std::uint8_t kContinuation = 9;

std::string literal(std::string_view name, std::string_view value) {
  std::string bytes(1, '\0'); // RFC 7541, 6.2.2; every length here is below 127
  bytes += static_cast<char>(name.size());
  bytes += name;
  bytes += static_cast<char>(value.size());
  bytes += value;
  return bytes;
}

} // namespace

SoakH2::SoakH2() {
  nghttp2_hd_inflater* inflater = nullptr;
  if (nghttp2_hd_inflate_new(&inflater) != 0) throw std::bad_alloc();
  inflater_.reset(inflater);
}

std::string SoakH2::opening() const {
  return h2_opening();
}

std::string SoakH2::request(const SoakRequest& request, std::string_view authority, bool is_https) {
  const std::uint32_t stream = next_stream_;
  next_stream_ += 2;
  streams_.emplace(stream, request);
  std::string fields = literal(":method", "GET") + literal(":scheme", is_https ? "https" : "http") +
                       literal(":authority", authority) + literal(":path", request.object.path());
  if (request.kind == SoakRequest::Kind::range) fields += literal("range", request.range());
  if (request.kind == SoakRequest::Kind::conditional) {
    fields += literal("if-none-match", request.object.etag());
  }
  return frame(headers, kEndStream | kEndHeaders, stream, fields);
}

bool SoakH2::receive(std::string_view bytes, const OnSoakEnd& on_end) {
  held_ += bytes;
  std::string_view left = held_;
  while (left.size() >= kFrameHead) {
    const FrameHead head(left);
    if (left.size() < kFrameHead + head.length) break;
    if (!on_frame(head, left.substr(kFrameHead, head.length), on_end)) return false;
    left.remove_prefix(kFrameHead + head.length);
  }
  held_.erase(0, held_.size() - left.size());
  return true;
}

bool SoakH2::on_frame(const FrameHead& head, std::string_view payload, const OnSoakEnd& on_end) {
  switch (head.type) {
  case settings:
    if ((head.flags & kAck) == 0) reply += frame(settings, kAck, 0, {});
    has_settings_ = true;
    return true;
  case ping:
    if ((head.flags & kAck) == 0) reply += frame(ping, kAck, 0, payload);
    return true;
  case headers:
    return on_headers(head, payload, on_end);
  case data:
    on_data(head, payload, on_end);
    return true;
  case reset: {
    constexpr std::uint32_t kRefusedStream = 7;
    finish(head.stream, false, number(payload.substr(0, 4)) == kRefusedStream, on_end);
    return true;
  }
  case goaway:
    on_goaway(payload, on_end);
    return true;
  default:
    return head.type != kContinuation; // no head of ours is that long
  }
}

bool SoakH2::on_headers(const FrameHead& head, std::string_view payload, const OnSoakEnd& on_end) {
  if ((head.flags & kPadded) != 0 || (head.flags & kPriority) != 0) return false;
  const auto found = streams_.find(head.stream);
  SoakAnswer* const answer = found == streams_.end() ? nullptr : &found->second;
  // A block of a stream that has ended still changes the table; trailers say nothing here.
  const bool is_head = answer != nullptr && !answer->has_head();
  if (!inflate(payload, is_head ? answer : nullptr)) return false;
  if (is_head) answer->end_head();
  if ((head.flags & kEndStream) != 0) finish(head.stream, true, false, on_end);
  return true;
}

bool SoakH2::inflate(std::string_view block, SoakAnswer* answer) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
  std::size_t left = block.size();
  for (;;) {
    nghttp2_nv field{};
    int flags = 0;
    const auto used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at, left, 1);
    if (used < 0) return false;
    at += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 && answer != nullptr) {
      answer->field({reinterpret_cast<const char*>(field.name), field.namelen},
                    {reinterpret_cast<const char*>(field.value), field.valuelen});
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  return nghttp2_hd_inflate_end_headers(inflater_.get()) == 0;
}

void SoakH2::on_data(const FrameHead& head, std::string_view payload, const OnSoakEnd& on_end) {
  unreturned_ += head.length;
  if (unreturned_ >= kReturnAfter) {
    reply += frame(window_update, 0, 0, octets(static_cast<std::uint32_t>(unreturned_), 4));
    unreturned_ = 0;
  }
  if ((head.flags & kPadded) != 0) {
    const auto padding = static_cast<unsigned char>(payload[0]);
    payload = payload.substr(1, payload.size() - 1 - padding);
  }
  const auto found = streams_.find(head.stream);
  if (found == streams_.end()) return;
  found->second.content(payload);
  if ((head.flags & kEndStream) != 0) finish(head.stream, true, false, on_end);
}

// RFC 9113, 6.8: streams above the last one were not begun, and may be asked for again.
void SoakH2::on_goaway(std::string_view payload, const OnSoakEnd& on_end) {
  is_last_ = true;
  const std::uint32_t last = number(payload.substr(0, 4)) & kLargestWindow;
  while (!streams_.empty() && streams_.rbegin()->first > last) {
    finish(streams_.rbegin()->first, false, true, on_end);
  }
}

void SoakH2::finish(std::uint32_t stream, bool is_whole, bool is_told, const OnSoakEnd& on_end) {
  auto found = streams_.extract(stream);
  if (found.empty()) return;
  on_end(found.mapped(), found.mapped().end(is_whole), is_told);
}

void SoakH2::end(const OnSoakEnd& on_end) {
  while (!streams_.empty()) finish(streams_.begin()->first, false, false, on_end);
}

} // namespace selvedge::bench
