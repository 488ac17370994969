#include <selvedge/downstream/request_content.hpp>

#include <algorithm>
#include <utility>

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

void RequestContent::set_sink(http::BodySink* sink) {
  sink_ = sink;
  if (sink == nullptr && is_abandoned_) drop();
}

void RequestContent::consume(std::size_t bytes) {
  buffered_ -= bytes;
  offset_ += bytes;
  while (!pieces_.empty() && offset_ >= pieces_.front().size()) {
    offset_ -= pieces_.front().size();
    if (held_ != nullptr) *held_ -= pieces_.front().capacity();
    pieces_.pop_front();
  }
  if (supplier_ != nullptr) supplier_->on_content_used(bytes);
}

void RequestContent::append(std::string_view bytes) {
  if (bytes.empty() || is_abandoned_) return;
  received_ += bytes.size();
  buffered_ += bytes.size();
  // What comes byte by byte must not cost a hundred times as much. Behind what is there already, so
  // that nothing of it moves: somebody may be looking at it.
  if (!pieces_.empty() && pieces_.back().capacity() - pieces_.back().size() >= bytes.size()) {
    pieces_.back().append(bytes);
  } else {
    pieces_.emplace_back().reserve(std::max(bytes.size(), kPieceBytes));
    pieces_.back().append(bytes);
    if (held_ != nullptr) *held_ += pieces_.back().capacity();
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

void RequestContent::abandon() {
  if (state_ == State::complete && pieces_.empty()) return; // it was read, or there was none
  state_ = State::failed;
  is_abandoned_ = true;
  if (sink_ == nullptr) drop();
}

void RequestContent::drop() {
  const std::size_t bytes = std::exchange(buffered_, 0);
  leave_held();
  pieces_.clear();
  offset_ = 0;
  if (bytes > 0 && supplier_ != nullptr) supplier_->on_content_used(bytes);
}

void RequestContent::leave_held() {
  if (held_ == nullptr) return;
  for (const std::string& piece : pieces_) *held_ -= piece.capacity();
  held_ = nullptr;
}

void RequestContent::clear() {
  leave_held();
  pieces_.clear();
  offset_ = buffered_ = 0;
  received_ = 0;
  supplier_ = nullptr;
  sink_ = nullptr;
  state_ = State::complete;
  is_abandoned_ = false;
}

void RequestContent::tell() {
  if (sink_ != nullptr) sink_->on_body_ready();
}

} // namespace selvedge::downstream
