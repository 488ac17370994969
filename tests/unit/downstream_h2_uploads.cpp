// Content of HTTP/2 requests that nobody reads (RFC 9113, 5.2 and 6.9): it must not use up the
// window that all requests of the connection share.
#include <tests/support/catch.hpp>
#include <tests/support/h2_client.hpp>
#include <tests/support/handler_node.hpp>

using namespace selvedge;
using downstream::Stream;
using test::H2Client;
using test::HandlerNode;

namespace {

void answer(Stream& stream, http::Status status) {
  downstream::Response response;
  response.status = status;
  stream.respond(response);
}

// Until both are silent.
void talk(H2Client& client, HandlerNode& node, const std::shared_ptr<test::Wire>& wire) {
  for (bool goes_on = true; goes_on;) {
    const std::string said = client.output();
    node.send(wire, said);
    const std::string heard = std::exchange(wire->from_node, {});
    REQUIRE(client.input(heard));
    goes_on = !said.empty() || !heard.empty();
  }
}

} // namespace

TEST_CASE("uploads answered without being read do not stall later ones", "[downstream][h2]") {
  const bool at_once = GENERATE(true, false); // before their content, or behind it
  const std::size_t size = GENERATE(std::size_t{60'000}, 400'000);
  CAPTURE(at_once, size);
  HandlerNode node;
  if (at_once) {
    node.handle = [](Stream& stream) { answer(stream, 404); };
  }
  const auto wire = node.connect();
  H2Client client;
  const std::string content(size, 'u');
  for (std::size_t i = 0; i < 100; ++i) {
    CAPTURE(i);
    const auto id = client.request(H2Client::with_method("POST"), content);
    talk(client, node, wire);
    REQUIRE(node.requests.size() == i + 1);
    if (!at_once) answer(*node.requests[i], 404);
    talk(client, node, wire);
    REQUIRE(client.answer(id).status == "404");
    REQUIRE(client.answer(id).is_closed);
    REQUIRE(client.answer(id).error_code == 0);
  }
  // Together they were many times the window of the connection; it is open as on the first day.
  client.request(H2Client::with_method("POST"), "read");
  talk(client, node, wire);
  const std::int32_t window = nghttp2_session_get_remote_window_size(client.session());
  CHECK(window > static_cast<std::int32_t>(downstream::Limits().body_buffer * 4));
}

TEST_CASE("many uploads at a time, answered before their content was read", "[downstream][h2]") {
  HandlerNode node;
  node.handle = [](Stream& stream) { answer(stream, 404); };
  const auto wire = node.connect();
  H2Client client;
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back(client.request(H2Client::with_method("POST"), std::string(60'000, 'u')));
  }
  talk(client, node, wire);
  for (const std::int32_t id : ids) {
    CAPTURE(id);
    CHECK(client.answer(id).status == "404");
    CHECK(client.answer(id).is_closed);
  }
}
