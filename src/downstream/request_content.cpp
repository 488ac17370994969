#include <selvedge/downstream/request_content.hpp>

#include <algorithm>

namespace selvedge::downstream {

namespace {
constexpr std::size_t kPieceBytes = 4000; // at least, in one piece of memory
}

http::BodySource::Peek RequestContent::peek(std::span<std::string_view> views) {
  Peek result;
  std::size_t offset = offset_;
  for (const std::string& piece : pieces_) {
    if (result.count == views.size()) break;
    views[result.count++] = std::string_view(piece).substr(offset);
    offset = 0;
  }
  if (result.count > 0) {
    result.state = http::BodyState::ready;
    result.is_last = state_ == State::complete && result.count == pieces_.size();
  } else if (state_ == State::growing) {
    result.state = http::BodyState::pending;
  } else {
    result.state = state_ == State::failed ? http::BodyState::failed : http::BodyState::end;
  }
  return result;
}

void RequestContent::consume(std::size_t bytes) {
  buffered_ -= bytes;
  offset_ += bytes;
  while (!pieces_.empty() && offset_ >= pieces_.front().size()) {
    offset_ -= pieces_.front().size();
    pieces_.pop_front();
  }
  if (supplier_ != nullptr) supplier_->on_content_used(bytes);
}

void RequestContent::append(std::string_view bytes) {
  if (bytes.empty()) return;
  received_ += bytes.size();
  buffered_ += bytes.size();
  // What comes byte by byte must not cost a hundred times as much. Behind what is there already, so
  // that nothing of it moves: somebody may be looking at it.
  if (!pieces_.empty() && pieces_.back().capacity() - pieces_.back().size() >= bytes.size()) {
    pieces_.back().append(bytes);
  } else {
    pieces_.emplace_back().reserve(std::max(bytes.size(), kPieceBytes));
    pieces_.back().append(bytes);
  }
  tell();
}

void RequestContent::finish() {
  if (state_ != State::growing) return;
  state_ = State::complete;
  tell();
}

void RequestContent::fail() {
  if (state_ != State::growing) return;
  state_ = State::failed;
  tell();
}

void RequestContent::clear() {
  pieces_.clear();
  offset_ = buffered_ = 0;
  received_ = 0;
  supplier_ = nullptr;
  sink_ = nullptr;
  state_ = State::complete;
}

void RequestContent::tell() {
  if (sink_ != nullptr) sink_->on_body_ready();
}

} // namespace selvedge::downstream
