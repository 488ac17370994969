// Whatever a client says behind its preface, and however the server answers: no crash, every stream
// is closed once at most, what is written are sound frames, none of a stream behind its
// end, and in proportion to what was read.
#include <selvedge/codec/h2_session.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace selvedge;
using namespace selvedge::codec::h2;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kAnswer = "an answer of some length";
constexpr std::size_t kMaxPayload = 16384;
constexpr http::Field kField{http::FieldName::link, "link", "</a.css>; rel=preload"};

// Some of them: pending at first, with trailers, failing in the end. By the id of the stream.
class Content final : public http::BodySource {
public:
  void begin(StreamId id) {
    has_trailers_ = id % 7 == 0;
    fails_ = id % 11 == 0;
    is_pending = id % 3 == 0;
  }
  Peek peek(std::span<std::string_view> views) override {
    if (is_pending) return {http::BodyState::pending, 0, false};
    if (left_.empty()) return {fails_ ? http::BodyState::failed : http::BodyState::end, 0, true};
    views[0] = left_;
    return {http::BodyState::ready, 1, !fails_};
  }
  void consume(std::size_t bytes) override { left_.remove_prefix(bytes); }
  std::span<const http::Field> trailers() const override {
    return {&kField, has_trailers_ ? std::size_t{1} : std::size_t{0}};
  }

  bool is_pending = false;

private:
  std::string_view left_ = kAnswer;
  bool has_trailers_ = false;
  bool fails_ = false;
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
    streams_.back()->answer.begin(id);
    open_.insert(streams_.back().get());
    return streams_.back().get();
  }
  void on_field(void* stream, const http::Field& field) override {
    is_open(stream);
    fuzz::require(field.name.find('\0') == field.name.npos &&
                      field.value.find('\n') == field.value.npos,
                  "fields are clean");
  }
  void on_head_end(void* stream, bool) override {
    const StreamId id = is_open(stream).id;
    if (id % 5 == 0) return session.reset(id, ResetCode::cancel);
    if (id % 13 == 0) session.respond_interim(id, 103, {&kField, 1});
    if (id % 17 == 0) return;
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

  void resume_all() {
    for (Stream* stream : open_) {
      if (!std::exchange(stream->answer.is_pending, false)) continue;
      session.resume(stream->id);
    }
  }

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

std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// What the server writes, frame by frame.
class Output {
public:
  void append(std::string_view bytes) {
    bytes_ += bytes;
    while (bytes_.size() >= 9 && bytes_.size() >= 9 + size()) {
      check(static_cast<unsigned char>(bytes_[3]), static_cast<unsigned char>(bytes_[4]),
            number(std::string_view(bytes_).substr(5, 4)), size());
      bytes_.erase(0, 9 + size());
    }
  }
  bool is_whole() const { return bytes_.empty(); }

private:
  std::size_t size() const { return number(std::string_view(bytes_).substr(0, 3)); }
  void check(unsigned type, unsigned flags, std::uint32_t stream, std::size_t size) {
    fuzz::require(size <= kMaxPayload, "frames have a size that every client takes");
    fuzz::require(!is_in_head_ || (type == 9 && stream == head_), "a head is in one piece");
    const bool is_message = type == 0 || type == 1 || type == 9;
    if (is_message) fuzz::require(!ended_.contains(stream), "nothing comes behind END_STREAM");
    if (is_message || type == 3) fuzz::require(!reset_.contains(stream), "nor behind RST_STREAM");
    if (type == 3) reset_.insert(stream);
    if (type == 1) {
      ends_ = (flags & 1) != 0;
      head_ = stream;
    }
    if (type == 1 || type == 9) is_in_head_ = (flags & 4) == 0;
    const bool ends_now = type == 0 ? (flags & 1) != 0 : type != 3 && is_message && ends_;
    if (ends_now && !is_in_head_) ended_.insert(stream);
  }

  std::string bytes_;
  std::set<std::uint32_t> ended_;
  std::set<std::uint32_t> reset_;
  std::uint32_t head_ = 0;
  bool is_in_head_ = false;
  bool ends_ = false;
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t choice = input.number();
  const std::size_t piece = 1 + choice % 512;
  std::string buffer(choice % 3 == 0 ? 100 : 17000, '\0');
  std::string_view left = input.rest();
  auto server = std::make_unique<Server>();
  Output output;
  std::size_t written = 0;
  bool goes_on = server->session.receive(kPreface).has_value();
  for (bool is_last = false; !is_last;) {
    is_last = left.empty() || !goes_on;
    for (std::size_t n = 0; (n = server->session.send(buffer)) > 0; written += n) {
      output.append({buffer.data(), n});
    }
    fuzz::require(output.is_whole(), "a silent server has finished its frames");
    fuzz::require(goes_on || server->session.is_over(), "behind an error all is said");
    // A frame has nine bytes at least, and its answers a few hundred at most.
    fuzz::require(written <= 4096 + 128 * size, "output is in proportion to input");
    if (is_last) break;
    goes_on = server->session.receive(left.substr(0, piece)).has_value();
    left.remove_prefix(std::min(piece, left.size()));
    if (choice % 2 == 0) server->resume_all();
  }
  return 0;
}
