// An answer whose content failed in the turn in which its head was written was thrown away with the
// head: the client saw a connection that closed without a word, which it may take for one that was
// never heard, and not for an answer that is not whole.
#include "tests/support/catch.hpp"
#include "tests/support/handler_node.hpp"

using namespace selvedge;
using test::HandlerNode;

namespace {

class FailingContent final : public http::BodySource {
  Peek peek(std::span<std::string_view>) override { return {http::BodyState::failed, 0, true}; }
  void consume(std::size_t) override {}
};

} // namespace

TEST_CASE("an answer that fails at once is seen to have failed") {
  const bool has_length = GENERATE(true, false);
  FailingContent content;
  HandlerNode node;
  node.handle = [&](downstream::Stream& stream) {
    downstream::Response response;
    response.status = 200;
    if (has_length) response.content_length = 100;
    response.content = &content;
    stream.respond(response);
  };
  const auto wire = node.connect();
  node.send(wire, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  CHECK(wire->node_closed);
  CHECK(wire->from_node.starts_with("HTTP/1.1 200 "));
  CHECK_FALSE(wire->from_node.ends_with("\r\n0\r\n\r\n")); // the end of chunks
}
