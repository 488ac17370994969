// RFC 9218: whose content is sent first.
#include <tests/support/catch.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_server.hpp>

using namespace selvedge;
using namespace selvedge::test::h2;
using Request = test::H2Request;
using Server = test::H2Server;

namespace {

constexpr std::size_t kAnswer = 3 * 16384; // frames of the largest size

// Enough windows that only the priority decides.
std::string opening() {
  return preface() + settings({{4, 1 << 20}}) + window_update(0, 1 << 24);
}

std::string request(std::uint32_t stream, const std::string& priority) {
  return headers(stream, request_block("GET", {{"priority", priority}}));
}

// The streams of DATA frames in their order, a digit each.
std::string order_of(const std::string& output) {
  std::string order;
  for (const Frame& frame : frames_of(output)) {
    if (frame.type == 0) order += std::to_string(frame.stream);
  }
  return order;
}
std::string order_of(Server& server) { // in blocks that no frame is cut short by
  return order_of(output_of(server.session, 1 << 20));
}

std::string order_for(const std::string& requests) {
  Server server;
  server.on_head = [&](Request& made) {
    made.answer.piece = 16384;
    server.answer(made, std::string(kAnswer, 'x'));
  };
  REQUIRE(server.session.receive(opening() + requests).has_value());
  return order_of(server);
}

} // namespace

TEST_CASE("RFC 9218, 10: by urgency, then by stream, shared where it is incremental",
          "[codec][h2][priority]") {
  CHECK(order_for(get(1) + get(3)) == "111333");
  CHECK(order_for(request(1, "u=5") + request(3, "u=1")) == "333111");
  CHECK(order_for(request(1, "u=4") + get(3)) == "333111");
  CHECK(order_for(request(1, "u=7") + request(3, "u=0") + request(5, "u=7")) == "333111555");
  CHECK(order_for(request(1, "i") + request(3, "i")) == "131313");
  CHECK(order_for(request(1, "i") + request(3, "i, u=2") + request(5, "u=2,i")) == "353535111");
  // Of both kinds: neither starves.
  CHECK(order_for(request(1, "i") + request(3, "u=3")) == "313131");
}

TEST_CASE("RFC 9218, 4 and 5: what the field says", "[codec][h2][priority]") {
  // Stream 3 has the default.
  const auto [field, order] = GENERATE(values<std::pair<const char*, const char*>>({
      {"u=2", "111333"},
      {"u=4", "333111"},
      {"u=4;x", "333111"},
      {"a=b, u=4", "333111"},
      {"u=8", "111333"},
      {"u=-1", "111333"},
      {"u=4.0", "111333"},
      {"u=\"4\"", "111333"},
      {"u=4, u=2", "111333"},
      {"u=4, i=?0", "333111"},
      {"u=4, i=1", "333111"},
      {"u=(4)", "111333"},
      {"U=4", "111333"},
      {"u=4,", "111333"},
      {"", "111333"},
  }));
  CAPTURE(field);
  CHECK(order_for(request(1, field) + get(3)) == order);
}

TEST_CASE("RFC 9218, 7.1: PRIORITY_UPDATE counts more than the field", "[codec][h2][priority]") {
  SECTION("before its stream") {
    CHECK(order_for(get(1) + priority_update(3, "u=1") + get(3)) == "333111");
    CHECK(order_for(get(1) + priority_update(3, "u=1") + request(3, "u=6")) == "333111");
    CHECK(order_for(get(1) + priority_update(3, "u=1") + priority_update(3, "u=6") + get(3)) ==
          "111333");
  }
  SECTION("behind it") {
    CHECK(order_for(get(1) + request(3, "u=6") + priority_update(3, "u=1")) == "333111");
    CHECK(order_for(get(1) + get(3) + priority_update(1, "u=6")) == "333111");
    CHECK(order_for(get(1) + get(3) + priority_update(1, "not a dictionary!")) == "111333");
  }
  SECTION("in the middle of the content") {
    Server server;
    server.on_head = [&](Request& made) { server.answer(made, std::string(kAnswer, 'x')); };
    REQUIRE(server.session.receive(opening() + get(1) + get(3)).has_value());
    std::string first(16384 + 500, '\0'); // heads and one frame
    first.resize(server.session.send(first));
    REQUIRE(server.session.receive(priority_update(1, "u=6")).has_value());
    CHECK(order_of(first) + order_of(server) == "133311");
  }
}

TEST_CASE("a stream without content at hand does not hold others up", "[codec][h2][priority]") {
  Server server;
  server.on_head = [&](Request& made) {
    const bool is_first = made.id == 1;
    server.answer(made, is_first ? "" : std::string(kAnswer, 'x'),
                  is_first ? http::BodyState::pending : http::BodyState::end);
  };
  REQUIRE(server.session.receive(opening() + request(1, "u=0") + get(3)).has_value());
  CHECK(order_of(server) == "333");
  Request& late = *server.requests.at(0);
  late.answer.text = "late";
  late.answer.state = http::BodyState::end;
  server.session.resume(1);
  CHECK(order_of(server) == "1");
}
