#include "h2_sender.hpp"

#include "h2_head_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace selvedge::codec::h2 {

namespace {

constexpr std::size_t kViews = 8;         // of a source at a time
constexpr std::size_t kLeastBlock = 2048; // smaller ones are cut from one of this size
// Less than this at the end of a block is left: a small frame costs as much as a large one.
constexpr std::size_t kLeastRoom = 1024;

} // namespace

std::size_t Sender::send(std::span<char> out) {
  Block block(out);
  block.advance(staged_.take(block.rest()));
  if (!staged_.is_empty()) return block.size();
  if (out.size() >= kLeastBlock) {
    fill(block);
    return block.size();
  }
  if (!block.is_empty()) return block.size();
  Block stage({staged_.extend(kLeastBlock), kLeastBlock});
  fill(stage);
  staged_.trim(stage.at());
  block.advance(staged_.take(block.rest()));
  return block.size();
}

bool Sender::has_pending_output() const {
  if (!staged_.is_empty() || !long_head_.is_empty() || !state_.control.is_empty()) return true;
  if (state_.is_terminated) return false;
  if (!state_.resets.empty() || !state_.heads.empty()) return true;
  return state_.window > 0 && !state_.schedule.is_empty();
}

void Sender::fill(Block& block) {
  for (;;) {
    if (!long_head_.is_empty()) block.advance(long_head_.take(block.rest()));
    if (!long_head_.is_empty()) return;
    if (!state_.control.is_empty()) block.advance(state_.control.take(block.rest()));
    if (!state_.control.is_empty() || state_.is_terminated) return;
    if (close_reset_streams()) continue; // which may have made room for the client
    if (!send_next(block)) return;
  }
}

bool Sender::close_reset_streams() {
  if (state_.resets.empty()) return false;
  while (!state_.resets.empty()) {
    Stream& stream = state_.resets.front();
    state_.close(stream, stream.reset_code);
  }
  return true;
}

bool Sender::send_next(Block& block) {
  if (!state_.heads.empty()) return send_head(state_.heads.front(), block);
  if (state_.window <= 0) return false;
  Stream* const stream = state_.schedule.next();
  return stream != nullptr && send_content(*stream, block);
}

// --- heads

bool Sender::send_head(Stream& stream, Block& block) {
  const bool is_trailers = stream.sending == Sending::trailers;
  std::span<const http::Field> trailers;
  if (is_trailers) trailers = state_.events.content_of(stream.user).trailers();
  const std::size_t bound = is_trailers ? bound_of_trailers(trailers) : bound_of_head(stream);
  const auto write = [&](char* to) {
    return is_trailers ? write_trailers(to, state_.encoder, stream.id, trailers)
                       : write_head(to, state_.encoder, stream);
  };
  if (bound <= block.room()) {
    block.advance_to(write(block.at()));
  } else if (bound > block.capacity() / 2) { // might never find room: it goes out in pieces
    long_head_.trim(write(long_head_.extend(bound)));
  } else {
    return false;
  }
  stream.unlink();
  if (is_trailers || !stream.response.has_content) {
    end_response(stream);
  } else {
    state_.schedule.add(stream);
  }
  return true;
}

// END_STREAM is written.
void Sender::end_response(Stream& stream) {
  stream.sending = Sending::nothing;
  stream.has_ended_response = true;
  state_.resets_left.refund(kResetRefundOfAnswer);
  state_.events.on_response_sent(stream.user);
  state_.close_if_ended(stream);
}

// --- content

bool Sender::send_content(Stream& stream, Block& block) {
  if (block.room() < kLeastRoom) return false;
  if (stream.window < 0) { // some clients then take even an empty frame for too much
    wait(stream, Sending::window);
    return true;
  }
  const auto window = static_cast<std::size_t>(std::min(stream.window, state_.window));
  const std::size_t most = std::min({kMaxPayload, block.room() - kFrameHeadBytes, window});
  const Content content = read_content(stream, block.at() + kFrameHeadBytes, most);
  if (content.has_ended && !stream.is_reset) {
    end_content(stream, block, content.size);
    return true;
  }
  if (content.size > 0) write_data(stream, block, content.size, 0);
  if (stream.is_reset) return true; // by whoever was asked for content
  if (content.has_failed) {
    state_.reset(stream, ResetCode::internal_error);
  } else if (content.is_pending) {
    if (!stream.is_resumed) wait(stream, Sending::source); // else it came in the meantime
  } else if (most == 0) {
    wait(stream, Sending::window);
  } else {
    state_.schedule.rotate(stream);
  }
  return true;
}

// The last frame of the content, unless trailers end the response.
void Sender::end_content(Stream& stream, Block& block, std::size_t size) {
  const bool has_trailers = !state_.events.content_of(stream.user).trailers().empty();
  const std::uint8_t flags = has_trailers ? std::uint8_t{0} : flag::end_stream;
  if (size > 0 || !has_trailers) write_data(stream, block, size, flags);
  stream.unlink();
  if (!has_trailers) return end_response(stream);
  stream.sending = Sending::trailers;
  state_.heads.push_back(stream);
}

void Sender::wait(Stream& stream, Sending what_for) {
  stream.unlink();
  stream.sending = what_for;
}

// Up to `most` bytes; none at all may be enough to learn that there are no more.
Sender::Content Sender::read_content(Stream& stream, char* to, std::size_t most) {
  Content content;
  http::BodySource& source = state_.events.content_of(stream.user);
  stream.is_resumed = false;
  do {
    std::array<std::string_view, kViews> views;
    const auto found = source.peek(views);
    content.has_ended = found.state == http::BodyState::end;
    content.has_failed = found.state == http::BodyState::failed;
    content.is_pending = found.state == http::BodyState::pending;
    if (found.state != http::BodyState::ready) return content;

    std::size_t used = 0;
    bool is_all = true;
    for (std::size_t i = 0; i < found.count; ++i) {
      const std::size_t n = std::min(views[i].size(), most - content.size);
      if (n > 0) std::memcpy(to + content.size, views[i].data(), n);
      content.size += n;
      used += n;
      is_all = is_all && n == views[i].size();
    }
    if (used > 0) source.consume(used);
    content.has_ended = found.is_last && is_all;
    if (content.has_ended) return content;
    content.is_pending = used == 0 && is_all; // a source that is ready with nothing
    if (content.is_pending) return content;
  } while (content.size < most && !stream.is_reset);
  return content;
}

void Sender::write_data(Stream& stream, Block& block, std::size_t size, std::uint8_t flags) {
  write_frame_head(block.at(),
                   {static_cast<std::uint32_t>(size), FrameType::data, flags, stream.id});
  block.advance(kFrameHeadBytes + size);
  stream.window -= static_cast<std::int64_t>(size);
  state_.window -= static_cast<std::int64_t>(size);
  stream.content_sent += size;
  state_.content_sent += size;
  state_.frames_left.refund(kRefundOfContent + size / kContentBytesOfRefund);
  state_.resets_left.refund(size / kMaxPayload);
}

} // namespace selvedge::codec::h2
