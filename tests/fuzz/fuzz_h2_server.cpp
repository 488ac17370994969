// Whatever a client says behind its preface: no crash, every stream is closed once at most, and
// what is written stays in proportion to what was read.
#include <selvedge/codec/h2_session.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace selvedge;
using namespace selvedge::codec::h2;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kAnswer = "an answer of some length";

class Content final : public http::BodySource {
public:
  Peek peek(std::span<std::string_view> views) override {
    if (left_.empty()) return {http::BodyState::end, 0, true};
    views[0] = left_;
    return {http::BodyState::ready, 1, true};
  }
  void consume(std::size_t bytes) override { left_.remove_prefix(bytes); }

private:
  std::string_view left_ = kAnswer;
};

struct Stream {
  StreamId id = 0;
  Content answer;
};

// Answers each request when its head is there.
class Server final : public ServerEvents {
public:
  Server() : session(*this, {}) {}
  void* on_stream_begin(StreamId id) override {
    streams_.push_back(std::make_unique<Stream>());
    streams_.back()->id = id;
    open_.insert(streams_.back().get());
    return streams_.back().get();
  }
  void on_field(void* stream, std::string_view name, std::string_view value) override {
    is_open(stream);
    fuzz::require(name.find('\0') == name.npos && value.find('\n') == value.npos,
                  "fields are clean");
  }
  void on_invalid_field(void* stream) override { is_open(stream); }
  void on_head_end(void* stream, bool) override {
    const StreamId id = is_open(stream).id;
    if (id % 5 == 0) return session.reset(id, ResetCode::cancel);
    session.respond(id, {.status = 200,
                         .block = nullptr,
                         .fields = {},
                         .content_length = kAnswer.size(),
                         .has_content = true});
  }
  void on_content(void* stream, std::string_view bytes) override {
    session.consume(is_open(stream).id, bytes.size());
  }
  void on_request_end(void* stream) override { is_open(stream); }
  void on_response_sent(void* stream) override { is_open(stream); }
  void on_stream_closed(void* stream, std::uint32_t) override {
    fuzz::require(open_.erase(static_cast<Stream*>(stream)) == 1, "a stream is closed once");
  }
  http::BodySource& content_of(void* stream) override { return is_open(stream).answer; }

  ServerSession session;

private:
  Stream& is_open(void* stream) {
    auto* of = static_cast<Stream*>(stream);
    fuzz::require(open_.contains(of), "an event is of an open stream");
    return *of;
  }
  std::vector<std::unique_ptr<Stream>> streams_;
  std::set<Stream*> open_;
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t piece = 1 + input.number() % 512;
  std::string_view left = input.rest();
  auto server = std::make_unique<Server>();
  std::string buffer(17000, '\0');
  std::size_t written = 0;
  bool goes_on = server->session.receive(kPreface).has_value();
  while (goes_on) {
    for (std::size_t n = 0; (n = server->session.send(buffer)) > 0;) written += n;
    // A frame has nine bytes at least, and its answers a few hundred at most.
    fuzz::require(written <= 4096 + 128 * size, "output is in proportion to input");
    if (left.empty()) break;
    goes_on = server->session.receive(left.substr(0, piece)).has_value();
    left.remove_prefix(std::min(piece, left.size()));
  }
  return 0;
}
