// Content that clients send slowly, or more of than there is memory for. HTTP/1 and HTTP/2 alike.
#include <tests/support/catch.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/handler_node.hpp>

#include <algorithm>
#include <array>

using namespace selvedge;
using base::ErrorCode;
using downstream::Stream;
using test::HandlerNode;
using namespace std::chrono_literals;
namespace h2 = test::h2;

namespace {

constexpr std::size_t kMiB = 1 << 20;

downstream::Limits limits() {
  downstream::Limits limits;
  limits.body_timeout = 3s;
  limits.bodies_buffer = kMiB;
  limits.all_streams = 16;
  return limits;
}

// A client that sends one request with content, in either protocol.
struct Uploader {
  Uploader(HandlerNode& its, bool is_h2) : node(its), wire(its.connect()), speaks_h2(is_h2) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n";
    node.send(wire, is_h2 ? h2::preface() + h2::settings() + h2::post(1) : head);
  }
  void send(std::size_t bytes) {
    for (; speaks_h2 && bytes > 16'000; bytes -= 16'000) say(16'000);
    say(bytes);
  }
  void say(std::size_t bytes) {
    const std::string content(bytes, 'u');
    node.send(wire, speaks_h2 ? h2::data(1, content) : content);
  }

  HandlerNode& node;
  std::shared_ptr<test::Wire> wire;
  bool speaks_h2;
};

void pass(HandlerNode& node, std::chrono::milliseconds time) {
  for (; time > 0ms; time -= 500ms) {
    node.clock().advance(500ms);
    node.worker().tick();
    node.settle();
  }
}

// The origin takes all that is there.
void take(Stream& stream) {
  std::array<std::string_view, 1> view;
  while (stream.content().peek(view).count > 0) stream.content().consume(view[0].size());
}

// Content of an answer that comes now and then.
class Events final : public http::BodySource {
public:
  Peek peek(std::span<std::string_view> views) override {
    views[0] = text_;
    return text_.empty() ? Peek{http::BodyState::pending, 0, false}
                         : Peek{http::BodyState::ready, 1, false};
  }
  void consume(std::size_t bytes) override { text_.erase(0, bytes); }
  void say(std::string_view text, Stream& to) {
    text_ = text;
    to.on_body_ready();
  }

private:
  std::string text_;
};

struct TakeAll final : http::BodySink {
  explicit TakeAll(Stream& its) : stream(its) { stream.content().set_sink(this); }
  ~TakeAll() { stream.content().set_sink(nullptr); }
  void on_body_ready() override { take(stream); }
  Stream& stream;
};

} // namespace

TEST_CASE("content that drips is no progress, however fast it is taken", "[downstream][uploads]") {
  const bool speaks_h2 = GENERATE(false, true);
  const std::size_t step = GENERATE(std::size_t{1}, 1024); // each half second
  CAPTURE(speaks_h2, step);
  HandlerNode node(limits());
  Uploader client(node, speaks_h2);
  REQUIRE(node.requests.size() == 1);
  TakeAll origin(*node.requests[0]);
  for (int i = 0; i < 20 && node.refusals.empty(); ++i) {
    client.send(step);
    pass(node, 500ms);
  }
  CHECK(node.refusals.empty() == (step == 1024));
  if (!node.refusals.empty()) CHECK(node.refusals[0] == ErrorCode::timeout);
  CHECK(node.counters().timed_out.value() == node.refusals.size());
}

TEST_CASE("what is late does not become less so byte by byte", "[downstream][uploads]") {
  const bool has_head = GENERATE(false, true);
  CAPTURE(has_head);
  downstream::Limits its = limits();
  its.header_timeout = 3s;
  HandlerNode node(its);
  const auto wire = node.connect();
  node.send(wire, has_head ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"
                           : "GET / HTTP/1.1\r\nHost: ");
  for (int i = 0; i < 100 && node.refusals.empty(); ++i) {
    node.clock().advance(40ms); // less than a tick of the wheel
    node.worker().refresh_now();
    node.send(wire, "x");
    node.worker().tick();
    node.settle();
  }
  CHECK(node.refusals == std::vector{ErrorCode::timeout});
}

TEST_CASE("content that ends in time may be as small as it likes", "[downstream][uploads]") {
  HandlerNode node(limits());
  const auto wire = node.connect();
  node.send(wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
  for (int i = 0; i < 3; ++i) {
    pass(node, 500ms);
    node.send(wire, "x");
  }
  pass(node, 10s);
  CHECK(node.refusals.empty()); // it is for the origin now
}

TEST_CASE("a client has its time again when there is room again, and no more than that",
          "[downstream][uploads]") {
  const bool speaks_h2 = GENERATE(false, true);
  CAPTURE(speaks_h2);
  HandlerNode node(limits());
  Uploader client(node, speaks_h2);
  client.send(128'000); // nearly all of body_buffer for HTTP/2, whose window is that
  if (!speaks_h2) client.send(4'000);
  pass(node, 10s);
  REQUIRE(node.refusals.empty()); // it is we who do not read
  take(*node.requests[0]);
  node.settle();
  pass(node, 2s);
  CHECK(node.refusals.empty());
  pass(node, 5s); // it says nothing
  REQUIRE(node.refusals.size() == 1);
  CHECK(node.refusals[0] == ErrorCode::timeout);
}

TEST_CASE("an answer that goes out is progress, too", "[downstream][uploads]") {
  Events events;
  HandlerNode node(limits());
  node.handle = [&events](Stream& stream) {
    downstream::Response response;
    response.status = 200;
    response.content = &events;
    stream.respond(response);
  };
  const Uploader client(node, false);
  for (int i = 0; i < 20; ++i) {
    events.say("event", *node.requests[0]);
    pass(node, 500ms);
  }
  CHECK_FALSE(client.wire->node_closed);
  pass(node, 4s); // neither says anything
  CHECK(client.wire->node_closed);
}

TEST_CASE("contents of many requests that nobody takes end at a limit", "[downstream][uploads]") {
  const bool speaks_h2 = GENERATE(false, true);
  CAPTURE(speaks_h2);
  HandlerNode node(limits());
  std::vector<Uploader> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(node, speaks_h2); // each may have 128 KiB
  CHECK(node.requests.size() == 20);
  for (Uploader& one : clients) one.send(60'000); // more than a mebibyte
  REQUIRE_FALSE(node.refusals.empty());
  CHECK(node.refusals[0] == ErrorCode::overloaded);
  CHECK(node.counters().crowded_bodies.value() == node.refusals.size());
  // What those had who were refused makes room for others.
  CHECK(node.refusals.size() < 12);
  for (int i = 0; i < 20; ++i) node.send(node.connect(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(node.requests.size() == 40); // others are not concerned

  for (Uploader& one : clients) one.send(60'000);
  const std::size_t refused = node.refusals.size();
  SECTION("what origins take makes room") {
    for (Stream* const one : node.requests) take(*one);
    node.settle();
  }
  SECTION("so do clients that leave") {
    for (Uploader& one : clients) {
      one.wire->client_closed = true;
      node.wake(one.wire);
    }
  }
  Uploader later(node, speaks_h2);
  later.send(100'000);
  CHECK(node.requests.size() == 41);
  CHECK(node.refusals.size() == refused);
  CHECK(node.requests[40]->content().received() == 100'000);
}

TEST_CASE("content of a request that was answered is not held", "[downstream][uploads]") {
  const bool speaks_h2 = GENERATE(false, true);
  CAPTURE(speaks_h2);
  downstream::Limits its = limits();
  its.all_streams = 100;
  HandlerNode node(its);
  for (int i = 0; i < 40; ++i) { // together they would be more than there is room for
    Uploader client(node, speaks_h2);
    REQUIRE(node.requests.size() == static_cast<std::size_t>(i + 1));
    client.send(60'000);
    downstream::Response response;
    response.status = 405;
    node.requests.back()->respond(response); // the client says no more, and stays
    node.settle();
  }
  CHECK(node.refusals.empty());
}

TEST_CASE("the last of the memory is for premium customers", "[downstream][uploads]") {
  const bool speaks_h2 = GENERATE(false, true);
  CAPTURE(speaks_h2);
  HandlerNode node(limits());
  auto importance = overload::Importance::standard;
  node.who = [&importance](Stream& stream) {
    downstream::Standing standing = stream.standing();
    standing.importance = importance;
    return standing;
  };
  for (std::size_t i = 0; i < 20 && node.refusals.empty(); ++i)
    Uploader(node, speaks_h2).send(60'000);
  REQUIRE(node.refusals.size() == 1);
  Uploader(node, speaks_h2).send(60'000);
  REQUIRE(node.refusals.size() == 2);
  importance = overload::Importance::premium;
  Uploader(node, speaks_h2).send(60'000);
  CHECK(node.refusals.size() == 2);
}

TEST_CASE("connections that have many streams get no more while all have too many",
          "[downstream][uploads]") {
  HandlerNode node(limits());
  const auto refused = [](const std::shared_ptr<test::Wire>& wire) {
    return std::ranges::count_if(h2::frames_of(wire->from_node), [](const h2::Frame& one) {
      return one.type == 3 && one.error_code() == 7;
    });
  };
  const auto ask = [&node](const std::shared_ptr<test::Wire>& wire, std::uint32_t first,
                           int times) {
    for (std::uint32_t id = first; times-- > 0; id += 2) node.send(wire, h2::get(id));
  };
  const auto greedy = node.connect();
  node.send(greedy, h2::preface() + h2::settings());
  ask(greedy, 1, 20);
  CHECK(node.requests.size() == 16); // all that there are
  CHECK(refused(greedy) == 4);
  CHECK(node.counters().crowded_streams.value() == 4);

  const auto modest = node.connect();
  node.send(modest, h2::preface() + h2::settings());
  ask(modest, 1, 9);
  CHECK(node.requests.size() == 24); // eight are everybody's
  CHECK(refused(modest) == 1);

  const auto third = node.connect();
  node.send(third, h2::preface() + h2::settings());
  ask(third, 1, 8);
  CHECK(node.requests.size() == 32);
  const auto fourth = node.connect();
  node.send(fourth, h2::preface() + h2::settings());
  ask(fourth, 1, 1); // twice as many as there should be, and no more
  CHECK(node.requests.size() == 32);
  CHECK(refused(fourth) == 1);

  greedy->client_closed = true;
  node.wake(greedy);
  ask(fourth, 3, 4);
  CHECK(node.requests.size() == 36);
}
