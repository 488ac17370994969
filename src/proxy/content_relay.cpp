#include "content_relay.hpp"

namespace selvedge::proxy {

void ContentRelay::detach() {
  if (from_ == nullptr) return;
  from_->set_sink(nullptr);
  from_ = nullptr;
  if (sink_ != nullptr) sink_->on_body_ready();
}

http::BodySource::Peek ContentRelay::peek(std::span<std::string_view> views) {
  if (from_ == nullptr) return {http::BodyState::failed, 0, false};
  return from_->peek(views);
}

void ContentRelay::consume(std::size_t bytes) {
  if (from_ != nullptr) from_->consume(bytes);
}

void ContentRelay::set_sink(http::BodySink* sink) {
  sink_ = sink;
  if (from_ != nullptr) from_->set_sink(sink);
}

} // namespace selvedge::proxy
