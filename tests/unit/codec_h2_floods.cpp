// Clients that make work without asking for anything: each kind ends in ENHANCE_YOUR_CALM before it
// costs much, and no client that only uses its connection does.
#include <tests/support/catch.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_server.hpp>

#include <functional>

using namespace selvedge;
using namespace selvedge::test::h2;
using codec::h2::ResetCode;
using Request = test::H2Request;
using Server = test::H2Server;

namespace {

constexpr std::uint32_t kCalm = 11;
constexpr std::size_t kRead = 4096; // at a time, so that no flood meets another limit first

struct Flood {
  const char* what;
  std::function<std::string(std::uint32_t id)> bytes; // of the n-th time, with a new stream's id
  bool server_answers = false;
};

// How many times it is said before the connection ends; 0: it does not, within `most`.
std::size_t times_until_calm(const Flood& flood, std::size_t most) {
  Server server;
  server.on_head = [&](Request& request) {
    if (flood.server_answers) server.session.respond(request.id, {});
  };
  REQUIRE(server.session.receive(preface() + settings() + post(1)).has_value());
  output_of(server.session);
  std::size_t times = 0;
  std::uint32_t id = 3;
  while (times < most) {
    std::string bytes;
    for (; bytes.size() < kRead && times < most; ++times, id += 2) bytes += flood.bytes(id);
    if (server.session.receive(bytes).has_value()) {
      output_of(server.session);
      continue;
    }
    const auto frames = frames_of(output_of(server.session));
    REQUIRE(frames.back().type == 7);
    CHECK(frames.back().error_code() == kCalm);
    return times;
  }
  return 0;
}

} // namespace

TEST_CASE("floods of frames end the connection", "[codec][h2][flood]") {
  const std::string fields = request_block("GET");
  const std::vector<Flood> floods = {
      {"rapid reset", [](std::uint32_t id) { return get(id) + rst_stream(id); }},
      {"resets provoked: WINDOW_UPDATE of 0",
       [](std::uint32_t id) { return get(id) + window_update(id, 0); }},
      {"resets provoked: a window too large",
       [](std::uint32_t id) { return get(id) + window_update(id, 0x7fffffff); }},
      {"resets provoked: PRIORITY on itself",
       [](std::uint32_t id) { return get(id) + priority(id, id); }},
      {"resets provoked: PRIORITY of a wrong size",
       [](std::uint32_t id) { return get(id) + frame(2, 0, id, "1234"); }},
      {"resets provoked: content behind the end",
       [](std::uint32_t id) { return get(id) + data(id, "x"); }},
      {"resets provoked: malformed requests",
       [](std::uint32_t id) {
         return headers(id, block({{":method", "GET"}}));
       }},
      {"resets provoked: streams beyond the limit", [](std::uint32_t id) { return get(id); }},
      {"SETTINGS",
       [](std::uint32_t) {
         return settings({{4, 65535}});
       }},
      {"ACKs of SETTINGS", [](std::uint32_t) { return settings_ack(); }},
      {"PING", [](std::uint32_t) { return ping(); }},
      {"PRIORITY", [](std::uint32_t) { return priority(1, 0); }},
      {"PRIORITY_UPDATE", [](std::uint32_t) { return priority_update(1, "u=1"); }},
      {"PRIORITY_UPDATE of idle streams",
       [](std::uint32_t id) { return priority_update(id, "u=1"); }},
      {"WINDOW_UPDATE", [](std::uint32_t) { return window_update(1, 1); }},
      {"empty DATA", [](std::uint32_t) { return data(1, ""); }},
      {"unknown frames", [](std::uint32_t) { return frame(0xbe, 0, 0, "x"); }},
      {"RST_STREAM of a closed stream",
       [](std::uint32_t id) { return id == 3 ? get(3) + rst_stream(3) : rst_stream(3); }},
      {"GOAWAY", [](std::uint32_t) { return goaway(); }},
  };
  for (const Flood& flood : floods) {
    CAPTURE(flood.what);
    const std::size_t times = times_until_calm(flood, 100'000);
    CHECK(times > 0);
    CHECK(times < 10'000);
  }
}

TEST_CASE("floods inside of a head end the connection", "[codec][h2][flood]") {
  const auto [what, piece] = GENERATE(values<std::pair<const char*, std::string>>({
      {"CONTINUATION without a byte", ""},
      {"fields without end", block({{"x-more", std::string(100, 'a')}})},
      {"an indexed field again and again", std::string(1000, '\x82')},
  }));
  CAPTURE(what);
  Server server;
  REQUIRE(server.session.receive(preface() + settings() + headers(1, request_block("GET"), 0))
              .has_value());
  output_of(server.session);
  std::size_t bytes = 0;
  while (server.session.receive(continuation(1, piece, 0)).has_value()) {
    bytes += piece.size() + 9;
    REQUIRE(bytes < 1'000'000);
  }
  const auto frames = frames_of(output_of(server.session));
  CHECK(frames.back().error_code() == kCalm);
  CHECK_FALSE(server.requests.at(0)->has_head);
}

TEST_CASE("answers that a client does not read are bounded", "[codec][h2][flood]") {
  Server server;
  std::string bytes = preface() + settings();
  for (int i = 0; i < 20'000; ++i) bytes += ping();
  CHECK(server.session.receive(bytes).has_error());
  CHECK(output_of(server.session).size() < 40'000);
}

TEST_CASE("streams that are closing are bounded", "[codec][h2][flood]") {
  Server server({.max_streams = 10});
  server.on_head = [&](Request& request) { server.session.reset(request.id, ResetCode::cancel); };
  std::string bytes = preface() + settings();
  for (std::uint32_t id = 1; id < 2000; id += 2) bytes += get(id);
  REQUIRE(server.session.receive(bytes).has_value());
  CHECK(server.requests.size() < 200);
  output_of(server.session);
  REQUIRE(server.session.receive(get(2001)).has_value());
  CHECK(server.requests.back()->id == 2001);
}

TEST_CASE("who uses a connection for long is no flood", "[codec][h2][flood]") {
  Server server;
  server.on_head = [&](Request& request) {
    if (request.id % 4 == 1) server.answer(request, std::string(20'000, 'x'));
  };
  REQUIRE(server.session.receive(preface() + settings()).has_value());
  for (std::uint32_t id = 1; id < 40'000; id += 4) {
    // One request answered and one cancelled, a ping, and a window for every 2 KiB of content.
    std::string bytes = get(id) + get(id + 2) + rst_stream(id + 2) + ping();
    for (int i = 0; i < 10; ++i) bytes += window_update(0, 2'000);
    REQUIRE(server.session.receive(bytes).has_value());
    output_of(server.session);
  }
  // Idle since, but for a ping now and then.
  for (int i = 0; i < 20'000; ++i) {
    REQUIRE(server.session.receive(ping()).has_value());
    output_of(server.session);
  }
}
