// Flow control both ways (RFC 9113, 5.2 and 6.9), and what belongs to the end of a stream.
#include <tests/support/catch.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_server.hpp>

#include <numeric>

using namespace selvedge;
using namespace selvedge::test::h2;
using codec::h2::ResetCode;
using codec::h2::ServerSession;
using http::BodyState;
using Request = test::H2Request;
using Server = test::H2Server;

namespace {

std::vector<Frame> said_by(Server& server) {
  return frames_of(output_of(server.session));
}

void hear(Server& server, const std::string& bytes) {
  REQUIRE(server.session.receive(bytes).has_value());
}

// A server that answers every request with `content`, and a connection to it.
void open(Server& server, const std::string& content, const std::string& client_settings) {
  server.on_head = [&server, content](Request& request) { server.answer(request, content); };
  hear(server, preface() + client_settings);
  said_by(server);
}

std::size_t content_bytes(const std::vector<Frame>& frames, std::uint32_t stream) {
  return std::accumulate(frames.begin(), frames.end(), std::size_t{0},
                         [&](std::size_t sum, const Frame& frame) {
                           const bool counts = frame.type == 0 && frame.stream == stream;
                           return sum + (counts ? frame.payload.size() : 0);
                         });
}

bool ends_stream(const std::vector<Frame>& frames, std::uint32_t stream) {
  return std::any_of(frames.begin(), frames.end(), [&](const Frame& frame) {
    return frame.type <= 1 && frame.stream == stream && (frame.flags & kEndStream) != 0;
  });
}

std::uint32_t returned(const std::vector<Frame>& frames, std::uint32_t stream) {
  std::uint32_t sum = 0;
  for (const Frame& frame : frames) {
    if (frame.type == 8 && frame.stream == stream) sum += frame.number_at(0);
  }
  return sum;
}

} // namespace

TEST_CASE("RFC 9113, 3.4: the server's SETTINGS come first, whatever the client says",
          "[codec][h2][flow]") {
  Server server({.max_streams = 7, .stream_window = 1 << 17, .connection_window = 1 << 20});
  const auto frames = said_by(server);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].type == 4);
  CHECK(frames[0].flags == 0);
  CHECK(frames[0].payload == settings({{3, 7}, {4, 1 << 17}, {6, 32768}, {9, 1}}).substr(9));
  CHECK(returned(frames, 0) == (1 << 20) - 65535);
}

TEST_CASE("RFC 9113, 6.9.1: content stops at the window of its stream", "[codec][h2][flow]") {
  Server server;
  open(server, std::string(1000, 'x'), settings({{4, 300}}));
  hear(server, get(1));
  auto frames = said_by(server);
  CHECK(content_bytes(frames, 1) == 300);
  CHECK_FALSE(server.session.has_pending_output());
  hear(server, window_update(1, 1));
  CHECK(content_bytes(said_by(server), 1) == 1);
  hear(server, window_update(0, 1'000'000)); // of no use to it
  CHECK(said_by(server).empty());
  hear(server, window_update(1, 699));
  frames = said_by(server);
  CHECK(content_bytes(frames, 1) == 699);
  CHECK(ends_stream(frames, 1));
  CHECK(server.requests.at(0)->is_closed);
}

TEST_CASE("RFC 9113, 6.9.1: content stops at the window of the connection", "[codec][h2][flow]") {
  Server server;
  open(server, std::string(40000, 'x'), settings());
  hear(server, get(1) + get(3) + get(5));
  auto frames = said_by(server);
  CHECK(content_bytes(frames, 1) == 40000);
  CHECK(content_bytes(frames, 3) == 65535 - 40000);
  CHECK(content_bytes(frames, 5) == 0);
  CHECK_FALSE(server.session.has_pending_output());
  hear(server, window_update(0, 60000));
  CHECK(server.session.has_pending_output());
  frames = said_by(server);
  CHECK(content_bytes(frames, 3) == 80000 - 65535);
  CHECK(ends_stream(frames, 3));
  CHECK(content_bytes(frames, 5) == 40000);
  CHECK(ends_stream(frames, 5));
}

TEST_CASE("RFC 9113, 6.9.2: SETTINGS change the windows of open streams, below zero too",
          "[codec][h2][flow]") {
  Server server;
  open(server, std::string(1000, 'x'), settings({{4, 500}}));
  hear(server, get(1));
  CHECK(content_bytes(said_by(server), 1) == 500);
  hear(server, settings({{4, 100}})); // 400 below zero
  CHECK(content_bytes(said_by(server), 1) == 0);
  hear(server, window_update(1, 400));
  CHECK(content_bytes(said_by(server), 1) == 0);
  hear(server, window_update(1, 10));
  CHECK(content_bytes(said_by(server), 1) == 10);
  hear(server, settings({{4, 200}}));
  CHECK(content_bytes(said_by(server), 1) == 100);
  hear(server, get(3)); // a new one begins with the last setting
  CHECK(content_bytes(said_by(server), 3) == 200);
}

TEST_CASE("RFC 9113, 6.9.1: an empty frame needs no window", "[codec][h2][flow]") {
  Server server;
  Request* request = nullptr;
  server.on_head = [&](Request& made) {
    request = &made;
    server.answer(made, std::string(300, 'x'), BodyState::pending);
  };
  hear(server, preface() + settings({{4, 300}}) + get(1));
  auto frames = said_by(server);
  CHECK(content_bytes(frames, 1) == 300);
  CHECK_FALSE(ends_stream(frames, 1));
  request->answer.state = BodyState::end;
  server.session.resume(1);
  frames = said_by(server);
  CHECK(content_bytes(frames, 1) == 0);
  CHECK(ends_stream(frames, 1));
}

TEST_CASE("RFC 9113, 6.9.1: more than the window is an error", "[codec][h2][flow]") {
  const std::string full(16383, 'u');
  SECTION("of the stream") {
    Server server({.stream_window = 65535, .connection_window = 1 << 20});
    server.consumes = false;
    hear(server, preface() + settings() + settings_ack() + post(1) + get(3));
    for (int i = 0; i < 4; ++i) hear(server, data(1, full));
    CHECK(server.requests.at(0)->content.size() == 4 * 16383);
    said_by(server);
    hear(server, data(1, "1234"));
    const auto frames = said_by(server);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].type == 3);
    CHECK(frames[0].error_code() == 3);
    CHECK(server.requests.at(0)->content.size() == 4 * 16383);
    CHECK(server.requests.at(0)->is_closed);
    CHECK_FALSE(server.requests.at(1)->is_closed);
  }
  SECTION("of the connection") {
    Server server({.stream_window = 65535, .connection_window = 65535});
    server.consumes = false;
    hear(server, preface() + settings() + settings_ack() + post(1) + post(3));
    for (int i = 0; i < 4; ++i) hear(server, data(i % 2 == 0 ? 1 : 3, full));
    CHECK(server.session.receive(data(3, "1234")).has_error());
    CHECK(said_by(server).back().error_code() == 3);
  }
}

TEST_CASE("RFC 9113, 6.9.2: until SETTINGS are acknowledged, the first window counts",
          "[codec][h2][flow]") {
  Server server({.stream_window = 16384});
  server.consumes = false;
  hear(server, preface() + settings() + post(1) + data(1, std::string(16384, 'a')) +
                   data(1, std::string(16384, 'b')));
  CHECK(server.requests.at(0)->content.size() == 32768);
  said_by(server);
  hear(server, settings_ack() + data(1, "c"));
  const auto frames = said_by(server);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].type == 3);
  CHECK(frames[0].error_code() == 3);
}

TEST_CASE("RFC 9113, 6.1: padding is returned by itself", "[codec][h2][flow]") {
  Server server({.stream_window = 65535, .connection_window = 65535});
  hear(server, preface() + settings() + settings_ack() + post(1));
  said_by(server);
  // Nothing but padding, many times the windows.
  std::uint32_t stream = 0;
  std::uint32_t connection = 0;
  for (int i = 0; i < 1000; ++i) {
    hear(server, data(1, number(1, 255) + std::string(255, '\0'), kPadded));
    const auto frames = said_by(server);
    stream += returned(frames, 1);
    connection += returned(frames, 0);
  }
  CHECK(server.requests.at(0)->content.empty());
  CHECK(stream > 256'000 - 65535);
  CHECK(connection > 256'000 - 65535);
}

TEST_CASE("RFC 9113, 5.1: content of a stream that was reset still returns its window",
          "[codec][h2][flow]") {
  Server server({.stream_window = 1 << 20, .connection_window = 65535});
  server.on_head = [&](Request& request) { server.session.reset(request.id, ResetCode::cancel); };
  hear(server, preface() + settings());
  std::uint32_t connection = 0;
  for (std::uint32_t id = 1; id < 20; id += 2) {
    hear(server, post(id) + data(id, std::string(10000, 'u')));
    connection += returned(said_by(server), 0);
    hear(server, data(id, std::string(10000, 'u'), kEndStream));
    connection += returned(said_by(server), 0);
  }
  CHECK(connection > 200'000 - 65535);
  for (const auto& request : server.requests) CHECK(request->content.empty());
}

TEST_CASE("the window of content that came in half when its stream was reset",
          "[codec][h2][flow]") {
  Server server({.stream_window = 1 << 20, .connection_window = 65535});
  hear(server, preface() + settings());
  std::uint32_t connection = 0;
  const std::string content(10000, 'u');
  for (std::uint32_t id = 1; id < 40; id += 2) {
    const std::string bytes = post(id) + data(id, content);
    hear(server, bytes.substr(0, bytes.size() - 4000));
    server.session.reset(static_cast<codec::h2::StreamId>(id), ResetCode::cancel);
    connection += returned(said_by(server), 0);
    CHECK(server.requests.back()->is_closed);
    hear(server, bytes.substr(bytes.size() - 4000));
    connection += returned(said_by(server), 0);
    CHECK(server.requests.back()->content.size() == 6000);
  }
  CHECK(connection > 200'000 - 65535);
}

TEST_CASE("events of a stream keep their order, and end with its end", "[codec][h2]") {
  Server server;
  hear(server, preface() + settings() + post(1));
  Request& request = *server.requests.at(0);
  CHECK(request.has_head);
  CHECK(request.has_content);
  server.session.reset(1, ResetCode::cancel);
  CHECK_FALSE(request.is_closed); // not inside of what its owner does
  CHECK(server.session.has_pending_output());
  hear(server, data(1, "late", kEndStream));
  CHECK(request.content.empty());
  CHECK_FALSE(request.has_ended);
  server.session.respond(1, {}); // too late
  const auto frames = said_by(server);
  CHECK(frames.back().type == 3);
  CHECK(request.is_closed);
  CHECK(request.error_code == 8);
  CHECK_FALSE(request.answer_sent);
}

TEST_CASE("trailers of a response come behind its content", "[codec][h2]") {
  const std::string content = GENERATE(std::string(), std::string("hello"));
  Server server;
  server.on_head = [&](Request& request) {
    request.answer.trailer_fields = {{http::FieldName::unknown, "x-sum", "7"}};
    server.answer(request, content);
  };
  hear(server, preface() + settings() + get(1));
  const auto frames = said_by(server);
  CHECK(content_bytes(frames, 1) == content.size());
  CHECK(frames.back().type == 1);
  CHECK(frames.back().flags == (kEndStream | kEndHeaders));
  CHECK(server.requests.at(0)->answer_sent);
  CHECK(server.requests.at(0)->is_closed);
}

TEST_CASE("RFC 9113, 6.8: behind the last GOAWAY new requests are not looked at", "[codec][h2]") {
  Server server;
  hear(server, preface() + settings() + get(1));
  server.session.announce_shutdown();
  hear(server, get(3)); // crossed it
  CHECK(server.requests.size() == 2);
  server.session.finish_shutdown();
  const auto frames = said_by(server);
  CHECK(frames.back().type == 7);
  CHECK(frames.back().number_at(0) == 3);
  // HPACK and flow control go on all the same.
  hear(server, post(5) + data(5, "x") + headers(5, block({{"x-sum", "1"}})) + get(7));
  CHECK(server.requests.size() == 2);
  CHECK(said_by(server).empty());
  server.session.respond(1, {});
  server.session.respond(3, {});
  CHECK_FALSE(server.session.is_over());
  CHECK(ends_stream(said_by(server), 3));
  CHECK(server.session.is_over());
}

TEST_CASE("RFC 9113, 6.8: a client that leaves is let go once it has its answers", "[codec][h2]") {
  Server server;
  hear(server, preface() + settings() + get(1) + goaway());
  said_by(server);
  CHECK_FALSE(server.session.is_over());
  server.session.respond(1, {});
  said_by(server);
  CHECK(server.session.is_over());
}

TEST_CASE("behind terminate() nothing is said but GOAWAY", "[codec][h2]") {
  Server server;
  open(server, std::string(1000, 'x'), settings());
  hear(server, get(1));
  server.session.terminate(ResetCode::no_error);
  const auto frames = said_by(server);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].type == 7);
  CHECK(frames[0].error_code() == 0);
  CHECK(server.session.is_over());
  CHECK(server.session.receive(ping()).has_error());
  CHECK(said_by(server).empty());
}
