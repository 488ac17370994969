// Interim responses (RFC 9110, 15.2) on client connections of either protocol.
#include <tests/support/catch.hpp>
#include <tests/support/h2_client.hpp>
#include <tests/support/handler_node.hpp>

#include <string>

using namespace selvedge;
using downstream::Stream;
using http::BodyState;
using test::H2Client;
using test::HandlerNode;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const std::string kHints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
const std::string kAnswer = "HTTP/1.1 204 No Content\r\n\r\n";

void hint(Stream& stream, const std::string& link = "</a.css>; rel=preload") {
  const http::Field field{http::FieldName::link, "Link", link};
  stream.inform(103, {&field, 1});
}

void answer(Stream& stream) {
  downstream::Response response;
  response.status = 204;
  stream.respond(response);
}

// Content that never comes.
struct Silence final : http::BodySource {
  Peek peek(std::span<std::string_view>) override { return {BodyState::pending, 0, false}; }
  void consume(std::size_t) override {}
};

// Counts the end of its stream.
struct User final : downstream::StreamUser {
  explicit User(int& count) : ends(count) {}
  void on_stream_end(const downstream::StreamEnd&) override { ++ends; }
  int& ends;
};

} // namespace

TEST_CASE("an HTTP/1.1 client gets an interim response while the final one is awaited",
          "[downstream][h1][interim]") {
  HandlerNode node;
  const auto wire = node.connect();
  node.send(wire, kGet);
  hint(*node.requests.at(0));
  node.settle();
  CHECK(wire->from_node == kHints);
  node.requests.at(0)->inform(102, {});
  node.requests.at(0)->inform(150, {}); // RFC 9110, 15: unknown ones are as good as 100
  node.settle();
  CHECK(wire->from_node == kHints + "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 150 \r\n\r\n");
  wire->from_node.clear();
  answer(*node.requests.at(0));
  node.settle();
  CHECK(wire->from_node == kAnswer);
}

TEST_CASE("RFC 9110, 15.2: an HTTP/1.0 client gets none", "[downstream][h1][interim]") {
  HandlerNode node;
  const auto wire = node.connect();
  node.send(wire, "GET / HTTP/1.0\r\n\r\n");
  hint(*node.requests.at(0));
  node.settle();
  CHECK(wire->from_node.empty());
  answer(*node.requests.at(0));
  node.settle();
  CHECK(wire->from_node.starts_with("HTTP/1.1 204"));
}

TEST_CASE("interim responses of pipelined requests stand before the answer they belong to",
          "[downstream][h1][interim]") {
  HandlerNode node;
  const bool at_once = GENERATE(true, false);
  CAPTURE(at_once);
  if (at_once) {
    node.handle = [](Stream& stream) {
      hint(stream);
      answer(stream);
    };
  }
  const auto wire = node.connect();
  node.send(wire, kGet + kGet);
  for (std::size_t i = 0; !at_once && i < 2; ++i) {
    REQUIRE(node.requests.size() == i + 1); // RFC 9112, 9.3.2: its turn has come
    hint(*node.requests[i]);
    answer(*node.requests[i]);
    node.settle();
  }
  CHECK(wire->from_node == kHints + kAnswer + kHints + kAnswer);
}

TEST_CASE("nothing is between the head of the final response and its content",
          "[downstream][h1][h2][interim]") {
  Silence content;
  HandlerNode node;
  node.handle = [&](Stream& stream) {
    downstream::Response response;
    response.content = &content;
    stream.respond(response);
    hint(stream);
  };
  const auto wire = node.connect();
  node.send(wire, kGet);
  hint(*node.requests.at(0));
  node.settle();
  CHECK(wire->from_node == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");

  const auto other = node.connect();
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  node.send(other, client.output());
  hint(*node.requests.at(1));
  node.settle();
  REQUIRE(client.input(other->from_node));
  CHECK(client.answer(id).status == "200");
  CHECK(client.answer(id).interim.empty());
  CHECK(client.answer(id).fields.empty());
}

TEST_CASE("interim responses do not pile up for a client that reads nothing",
          "[downstream][h1][interim]") {
  HandlerNode node;
  const auto wire = node.connect();
  node.send(wire, kGet);
  wire->room = 10;
  for (int i = 0; i < 1000; ++i) {
    hint(*node.requests.at(0));
    node.settle();
  }
  CHECK(wire->from_node.size() == 10);
  wire->room = std::string::npos;
  node.wake(wire);
  CHECK(wire->from_node == kHints); // the others were dropped
  hint(*node.requests.at(0), std::string(100'000, 'x'));
  hint(*node.requests.at(0));
  node.settle();
  CHECK(wire->from_node == kHints + kHints); // hints are not worth more than a buffer
  answer(*node.requests.at(0));
  node.settle();
  CHECK(wire->from_node == kHints + kHints + kAnswer);
}

TEST_CASE("an upload goes on behind an interim response that had to wait",
          "[downstream][h1][interim]") {
  HandlerNode node;
  const auto wire = node.connect();
  node.send(wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  Stream& stream = *node.requests.at(0);
  wire->room = 10;
  hint(stream);
  node.settle();
  node.send(wire, "hello");
  wire->room = std::string::npos;
  node.wake(wire);
  CHECK(stream.content().received() == 5);
  CHECK(stream.content().is_complete());
  answer(stream);
  node.settle();
  CHECK(wire->from_node == kHints + kAnswer);
}

TEST_CASE("inform() leaves the stream alone when the client has gone",
          "[downstream][h1][h2][interim]") {
  const bool is_h2 = GENERATE(false, true);
  CAPTURE(is_h2);
  int ends = 0;
  HandlerNode node;
  node.handle = [&](Stream& stream) { stream.set_user(*stream.arena().make<User>(ends)); };
  const auto wire = node.connect();
  H2Client client;
  client.request(H2Client::get("/"));
  node.send(wire, is_h2 ? client.output() : kGet);
  wire->client_closed = true; // the node has not noticed
  hint(*node.requests.at(0));
  CHECK(ends == 0); // who informs goes on with the stream
  node.settle();
  CHECK(ends == 1);
}

TEST_CASE("an HTTP/2 client gets interim responses of each stream while answers are awaited",
          "[downstream][h2][interim]") {
  HandlerNode node;
  const auto wire = node.connect();
  H2Client client;
  const auto one = client.request(H2Client::get("/1"));
  const auto two = client.request(H2Client::get("/2"));
  node.send(wire, client.output());
  hint(*node.requests.at(1));
  node.requests.at(1)->inform(102, {});
  node.settle();
  REQUIRE(client.input(std::exchange(wire->from_node, {})));
  CHECK(client.answer(one).status.empty());
  CHECK(client.answer(two).interim == "103 ");
  CHECK(client.answer(two).interim_fields == "link: </a.css>; rel=preload\n");
  CHECK(client.answer(two).status == "102");
  CHECK_FALSE(client.answer(two).has_ended);
  answer(*node.requests.at(1));
  answer(*node.requests.at(0));
  node.settle();
  REQUIRE(client.input(wire->from_node));
  CHECK(client.answer(one).status == "204");
  CHECK(client.answer(two).status == "204");
  CHECK(client.answer(two).fields.empty());
  CHECK(client.answer(two).error_code == 0);
}

TEST_CASE("interim heads do not pile up for an HTTP/2 client that reads nothing",
          "[downstream][h2][interim]") {
  HandlerNode node;
  const auto wire = node.connect();
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  node.send(wire, client.output());
  wire->room = 10;
  for (int i = 0; i < 1000; ++i) {
    hint(*node.requests.at(0));
    node.settle();
  }
  wire->room = std::string::npos;
  answer(*node.requests.at(0));
  node.wake(wire);
  REQUIRE(client.input(wire->from_node));
  CHECK(client.answer(id).interim == "103 ");
  CHECK(client.answer(id).status == "204");
}
