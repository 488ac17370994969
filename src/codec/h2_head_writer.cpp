#include "h2_head_writer.hpp"

#include "h2_frame.hpp"

#include <algorithm>
#include <cstring>

namespace selvedge::codec::h2 {

namespace {

using hpack::Encoder;

std::size_t with_frame_heads(std::size_t block) {
  return block + kFrameHeadBytes * (1 + block / kMaxPayload);
}

// Puts the frame heads to a block that lies behind room for the first of them.
char* finish_frames(char* first, char* end, StreamId id, std::uint8_t flags) {
  const auto size = static_cast<std::size_t>(end - first) - kFrameHeadBytes;
  if (size <= kMaxPayload) {
    flags |= flag::end_headers;
    write_frame_head(first, {static_cast<std::uint32_t>(size), FrameType::headers, flags, id});
    return end;
  }
  write_frame_head(first, {kMaxPayload, FrameType::headers, flags, id});
  char* at = first + kFrameHeadBytes + kMaxPayload;
  std::size_t left = size - kMaxPayload;
  while (left > 0) {
    std::memmove(at + kFrameHeadBytes, at, left); // seldom: heads are short
    const std::size_t n = std::min(left, kMaxPayload);
    left -= n;
    const std::uint8_t is_last = left == 0 ? flag::end_headers : std::uint8_t{0};
    write_frame_head(at, {static_cast<std::uint32_t>(n), FrameType::continuation, is_last, id});
    at += kFrameHeadBytes + n;
  }
  return at;
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// RFC 9113, 8.2: names are sent in lower case; those of a HeadBlock are so already.
char* write_lower(char* to, Encoder& encoder, const http::Field& field) {
  if (std::none_of(field.name.begin(), field.name.end(), is_upper)) {
    return encoder.field(to, field);
  }
  boost::container::small_vector<char, 64> name(field.name.begin(), field.name.end());
  for (char& c : name) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return encoder.field(to, {field.id, {name.data(), name.size()}, field.value});
}

} // namespace

std::size_t bound_of_head(const Stream& stream) {
  std::size_t size = Encoder::kStartBound + Encoder::kStatusBound + Encoder::kContentLengthBound +
                     Encoder::bound(std::span(stream.fields.data(), stream.fields.size()));
  if (const http::HeadBlock* block = stream.response.block) {
    // Its lines have every name and value.
    size += block->wire().size() + block->fields().size() * Encoder::bound(http::Field());
  }
  return with_frame_heads(size);
}

char* write_head(char* to, Encoder& encoder, const Stream& stream) {
  const ServerSession::Response& response = stream.response;
  char* at = encoder.start(to + kFrameHeadBytes);
  at = encoder.status(at, response.status);
  if (response.block != nullptr) {
    for (const http::Field& field : response.block->fields()) at = encoder.field(at, field);
  }
  for (const http::Field& field : stream.fields) at = encoder.field(at, field);
  if (response.content_length) at = encoder.content_length(at, *response.content_length);
  const std::uint8_t flags = response.has_content ? std::uint8_t{0} : flag::end_stream;
  return finish_frames(to, at, stream.id, flags);
}

std::size_t bound_of_interim_head(std::span<const http::Field> fields) {
  return with_frame_heads(Encoder::bound(fields, {}));
}

char* write_interim_head(char* to, Encoder& encoder, StreamId id, http::Status status,
                         std::span<const http::Field> fields) {
  char* at = encoder.start(to + kFrameHeadBytes);
  at = encoder.status(at, status);
  for (const http::Field& field : fields) at = write_lower(at, encoder, field);
  return finish_frames(to, at, id, 0);
}

std::size_t bound_of_trailers(std::span<const http::Field> fields) {
  return with_frame_heads(Encoder::bound(fields, {}));
}

char* write_trailers(char* to, Encoder& encoder, StreamId id, std::span<const http::Field> fields) {
  char* at = encoder.start(to + kFrameHeadBytes);
  for (const http::Field& field : fields) at = write_lower(at, encoder, field);
  return finish_frames(to, at, id, flag::end_stream);
}

} // namespace selvedge::codec::h2
