// A server over a ServerSession that notes what it is told, for tests of the session. Thread: one.
#pragma once

#include <selvedge/codec/h2_session.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvedge::test {

// Content of an answer that may come later, in pieces of whatever size.
class H2Content final : public http::BodySource {
public:
  Peek peek(std::span<std::string_view> views) override {
    if (at_ == text.size()) return {state, 0, false};
    std::size_t count = 0;
    std::size_t at = at_;
    for (; count < views.size() && at < text.size(); ++count, at += views[count - 1].size()) {
      views[count] = std::string_view(text).substr(at, piece);
    }
    return {http::BodyState::ready, count, state == http::BodyState::end && at == text.size()};
  }
  void consume(std::size_t bytes) override { at_ += bytes; }
  std::span<const http::Field> trailers() const override { return trailer_fields; }

  std::string text;
  std::vector<http::Field> trailer_fields;
  std::size_t piece = 5000;
  http::BodyState state = http::BodyState::end; // behind the text

private:
  std::size_t at_ = 0;
};

struct H2Request {
  codec::h2::StreamId id = 0;
  std::string fields;
  std::string content;
  bool has_content = false;
  bool has_head = false;
  bool has_ended = false;
  bool answer_sent = false;
  bool is_closed = false;
  std::uint32_t error_code = 0;
  H2Content answer;
};

// A server that notes what it is told; on_head says what it does about it.
class H2Server final : public codec::h2::ServerEvents {
public:
  explicit H2Server(const codec::h2::ServerSession::Options& options = {})
      : session(*this, options) {}

  void* on_stream_begin(codec::h2::StreamId id) override {
    if (refuses) return nullptr;
    requests.push_back(std::make_unique<H2Request>());
    requests.back()->id = id;
    return requests.back().get();
  }
  void on_field(void* stream, const http::Field& field) override {
    of(stream).fields.append(field.name).append(": ").append(field.value).append("\n");
  }
  void on_head_end(void* stream, bool has_content) override {
    of(stream).has_head = true;
    of(stream).has_content = has_content;
    if (on_head) on_head(of(stream));
  }
  void on_content(void* stream, std::string_view bytes) override {
    of(stream).content.append(bytes);
    if (consumes) session.consume(of(stream).id, bytes.size());
  }
  void on_request_end(void* stream) override { of(stream).has_ended = true; }
  void on_response_sent(void* stream) override {
    of(stream).answer_sent = true;
    if (!of(stream).has_ended) session.reset(of(stream).id, codec::h2::ResetCode::no_error);
  }
  void on_stream_closed(void* stream, std::uint32_t error_code) override {
    CHECK_FALSE(of(stream).is_closed);
    of(stream).is_closed = true;
    of(stream).error_code = error_code;
  }
  http::BodySource& content_of(void* stream) override { return of(stream).answer; }

  void answer(H2Request& request, std::string text, http::BodyState then = http::BodyState::end) {
    request.answer.text = std::move(text);
    request.answer.state = then;
    session.respond(request.id,
                    {.status = 200, .fields = {}, .content_length = {}, .has_content = true});
  }

  codec::h2::ServerSession session;
  std::vector<std::unique_ptr<H2Request>> requests;
  std::function<void(H2Request&)> on_head;
  bool refuses = false;
  bool consumes = true;

private:
  static H2Request& of(void* stream) { return *static_cast<H2Request*>(stream); }
};

} // namespace selvedge::test
