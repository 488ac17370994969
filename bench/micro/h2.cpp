// HTTP/2 without a connection: the bytes of requests to those of stored answers. Beside it, the
// same done by nghttp2 alone: what no session that is built on it can be cheaper than.
#include "h2_bare_server.hpp"
#include "h2_replay.hpp"
#include "responses.hpp"

#include <selvedge/codec/h2_session.hpp>

#include <algorithm>
#include <array>

namespace selvedge::bench {

namespace {

constexpr std::size_t kContentBytes = 1024;
// What a hit has besides the stored fields.
constexpr std::array<http::Field, 3> kAdded{{
    {http::FieldName::age, "age", "17"},
    {http::FieldName::via, "via", "1.1 selvedge"},
    {http::FieldName::cache_status, "cache-status", "selvedge; hit; ttl=3583"},
}};

// Answers every request with the same stored response.
class SessionServer final : public H2Server, private codec::h2::ServerEvents {
public:
  explicit SessionServer(const cache::StoredResponse& stored) : stored_(stored) {}

  std::string_view say(std::string_view bytes) override {
    if (!session_.receive(bytes)) return {};
    std::size_t size = 0;
    const std::span<char> room(output_);
    for (std::size_t n = 0; (n = session_.send(room.subspan(size))) > 0;) size += n;
    return {output_.data(), size};
  }

private:
  struct Stream {
    codec::h2::StreamId id = 0;
    std::size_t fields = 0;
    cache::BodyReader content;
    bool is_open = false;
  };

  void* on_stream_begin(codec::h2::StreamId id) override {
    const auto free = std::find_if(streams_.begin(), streams_.end(),
                                   [](const Stream& stream) { return !stream.is_open; });
    if (free == streams_.end()) return nullptr;
    *free = {id, 0, cache::BodyReader(stored_.body()), true};
    return &*free;
  }
  void on_field(void* stream, const http::Field&) override {
    ++static_cast<Stream*>(stream)->fields;
  }
  void on_head_end(void* stream, bool) override {
    codec::h2::ServerSession::Response response;
    response.status = stored_.status();
    response.block = &stored_.head();
    response.fields = kAdded;
    response.content_length = kContentBytes;
    response.has_content = true;
    session_.respond(static_cast<Stream*>(stream)->id, response);
  }
  void on_content(void*, std::string_view) override {}
  void on_request_end(void*) override {}
  void on_response_sent(void*) override {}
  void on_stream_closed(void* stream, std::uint32_t) override {
    static_cast<Stream*>(stream)->is_open = false;
  }
  http::BodySource& content_of(void* stream) override {
    return static_cast<Stream*>(stream)->content;
  }

  const cache::StoredResponse& stored_;
  std::array<Stream, H2Tape::kStreams> streams_;
  std::array<char, 65536> output_;
  codec::h2::ServerSession session_{*this, {}};
};

struct Case {
  http::RequestHead request;
  boost::intrusive_ptr<cache::StoredResponse> stored =
      asset_for(request, kContentBytes, {}, nullptr);

  MakeH2Server bare() const {
    return [this] { return std::make_unique<BareH2Server>(stored->head(), kAdded, kContentBytes); };
  }
  MakeH2Server session() const {
    return [this] { return std::make_unique<SessionServer>(*stored); };
  }
};

void h2_request(benchmark::State& state, const http::RequestHead& request) {
  const Case with{request};
  // The session may not need more than what it stands on.
  const double limit = allocations_of_a_turn(with.bare(), request);
  replay(state, with.session(), {"h2_request", request, kContentBytes, limit});
}
BENCHMARK_CAPTURE(h2_request, plain, plain_request());
BENCHMARK_CAPTURE(h2_request, browser, asset_request());

void h2_request_nghttp2_alone(benchmark::State& state, const http::RequestHead& request) {
  const Case with{request};
  // Five a request with nghttp2 1.52; another version may have others.
  constexpr double kLimit = 8 * H2Tape::kStreams;
  replay(state, with.bare(), {"h2_request_nghttp2_alone", request, kContentBytes, kLimit});
}
BENCHMARK_CAPTURE(h2_request_nghttp2_alone, plain, plain_request());
BENCHMARK_CAPTURE(h2_request_nghttp2_alone, browser, asset_request());

} // namespace

} // namespace selvedge::bench
