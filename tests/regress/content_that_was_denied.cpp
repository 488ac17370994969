// An HTTP/2 request that said content-length: 0 went to the origin before it was known that content
// followed: what is malformed (RFC 9113, 8.1.1) was already done by then.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"
#include "tests/support/h2_frames.hpp"

#include <algorithm>

using namespace selvedge;
using namespace selvedge::test::h2;
using test::Client;
using test::Flow;

namespace {

std::string begin(std::uint32_t stream) { // its end follows
  return headers(stream, request_block("POST", {{"content-length", "0"}}), kEndHeaders);
}

bool is_answered(const std::vector<Frame>& frames, std::uint32_t stream) {
  return std::ranges::any_of(
      frames, [stream](const Frame& one) { return one.type == 1 && one.stream == stream; });
}

} // namespace

TEST_CASE("a request without content is not served before it has ended", "[regress][h2]") {
  const std::string end =
      GENERATE(data(1, "", kEndStream), headers(1, block({{"x-trailer", "v"}})));
  Flow flow;
  Client client = flow.connect();
  client.send(preface() + settings() + begin(1) + data(1, ""));
  CHECK(flow.origin().fetches() == 0);
  client.send(end);
  REQUIRE(flow.origin().fetches() == 1);
  flow.origin().answer(200, {}, "done");
  flow.settle();
  CHECK(is_answered(frames_of(client.wire().from_node), 1));
}

TEST_CASE("content behind a length of 0 is malformed, and nothing is done", "[regress][h2]") {
  const unsigned flags = GENERATE(0u, unsigned{kEndStream});
  Flow flow;
  Client client = flow.connect();
  client.send(preface() + settings() + begin(1) + data(1, "x", flags));
  const auto frames = frames_of(client.wire().from_node);
  const auto reset = std::ranges::find_if(frames, [](const Frame& one) { return one.type == 3; });
  REQUIRE(reset != frames.end());
  CHECK(reset->stream == 1);
  CHECK(reset->error_code() == 1); // PROTOCOL_ERROR
  CHECK_FALSE(is_answered(frames, 1));
  CHECK(flow.origin().fetches() == 0);
  client.send(get(3)); // only the stream has ended
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("an end that does not come is not waited for, nor served later", "[regress][h2]") {
  Flow flow;
  Client client = flow.connect();
  client.send(preface() + settings() + begin(1));
  flow.advance(downstream::Limits().body_timeout + std::chrono::seconds(1));
  CHECK(is_answered(frames_of(client.wire().from_node), 1)); // 408
  client.send(data(1, "", kEndStream));
  CHECK(flow.origin().fetches() == 0);
}
