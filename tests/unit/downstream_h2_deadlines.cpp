// HTTP/2 clients that are slow: whatever they say meanwhile, what they owe has a limit.
#include <tests/support/catch.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/handler_node.hpp>

#include <algorithm>
#include <list>

using namespace selvedge;
using namespace selvedge::test::h2;
using downstream::Stream;
using test::HandlerNode;
using namespace std::chrono_literals;

namespace {

downstream::Limits limits() {
  downstream::Limits limits;
  limits.header_timeout = 2s;
  limits.body_timeout = 3s;
  limits.write_timeout = 4s;
  limits.idle_timeout = 5s;
  return limits;
}

// Content that is there at once.
class Text final : public http::BodySource {
public:
  explicit Text(std::size_t size) : text_(size, 'x') {}
  Peek peek(std::span<std::string_view> views) override {
    if (at_ == text_.size()) return {http::BodyState::end, 0, true};
    views[0] = std::string_view(text_).substr(at_);
    return {http::BodyState::ready, 1, true};
  }
  void consume(std::size_t bytes) override { at_ += bytes; }

private:
  std::string text_;
  std::size_t at_ = 0;
};

struct Scene {
  explicit Scene(const downstream::Limits& its = limits()) : node(its), wire(node.connect()) {}
  void say(const std::string& bytes) { node.send(wire, bytes); }
  // Time passes while the client says something every half second.
  void pass(std::chrono::milliseconds time, const std::string& meanwhile = {}) {
    for (auto left = time; left > 0ms; left -= 500ms) {
      if (!meanwhile.empty() && !wire->node_closed) say(meanwhile);
      node.clock().advance(500ms);
      node.worker().tick();
      node.settle();
    }
  }
  // To each request.
  void answer_with_content_of(std::size_t bytes) {
    node.handle = [this, bytes](Stream& stream) {
      downstream::Response response;
      response.status = 200;
      response.content = &contents.emplace_back(bytes);
      stream.respond(response);
    };
  }
  bool is_over() const { return wire->node_closed; }

  std::list<Text> contents; // what the streams of the node send
  HandlerNode node;
  std::shared_ptr<test::Wire> wire;
};

std::string window(std::uint32_t stream, std::uint32_t more) {
  return frame(8, 0, stream, number(4, more));
}

} // namespace

TEST_CASE("a head that comes byte by byte is as late as none", "[downstream][h2]") {
  Scene scene;
  scene.say(preface() + settings() + frame(1, kEndStream, 1, request_block("GET")));
  scene.pass(1900ms, frame(9, 0, 1,
                           "\x10\x01"
                           "a\x01"
                           "b"));
  CHECK_FALSE(scene.is_over());
  scene.pass(1s, frame(9, 0, 1,
                       "\x10\x01"
                       "a\x01"
                       "b"));
  CHECK(scene.is_over());
}

TEST_CASE("so is a frame, and a preface", "[downstream][h2]") {
  const bool has_preface = GENERATE(true, false);
  Scene scene;
  if (has_preface) {
    scene.say(preface() + settings() + number(3, 100) + number(1, 99) + number(1, 0) +
              number(4, 0)); // of an unknown type
  } else {
    scene.say(preface().substr(0, 18));
  }
  scene.pass(3s, has_preface ? "x" : "");
  CHECK(scene.is_over());
}

TEST_CASE("frames that follow each other are not one slow frame", "[downstream][h2]") {
  Scene scene;
  scene.node.handle = [](Stream& stream) {
    downstream::Response response;
    response.status = 204;
    stream.respond(response);
  };
  scene.say(preface() + settings());
  std::string left;
  for (std::uint32_t id = 1; id < 40; id += 2) { // each time the next one has begun
    const std::string all = left + get(id);
    scene.say(all.substr(0, all.size() - 5));
    left = all.substr(all.size() - 5);
    scene.pass(500ms);
  }
  CHECK_FALSE(scene.is_over());
}

TEST_CASE("content that does not come is not waited for, whatever comes beside it",
          "[downstream][h2]") {
  const std::string meanwhile = GENERATE(std::string(), ping(), window(0, 1), data(1, ""));
  Scene scene;
  scene.say(preface() + settings() + post(1) + data(1, "begun"));
  REQUIRE(scene.node.requests.size() == 1);
  scene.pass(2500ms, meanwhile);
  CHECK(scene.node.counters().timed_out.value() == 0);
  scene.pass(3s, meanwhile);
  CHECK(scene.node.counters().timed_out.value() > 0);
  const auto frames = frames_of(std::exchange(scene.wire->from_node, {}));
  const bool is_answered = std::ranges::any_of(
      frames, [](const Frame& one) { return one.type == 1 && one.stream == 1; });
  CHECK(is_answered); // the handler of refusals has its say
}

TEST_CASE("content that is held back by us is not late", "[downstream][h2]") {
  Scene scene;
  scene.say(preface() + settings() + post(1));
  for (int i = 0; i < 5; ++i) scene.say(data(1, std::string(16000, 'x')));
  scene.pass(10s, ping());
  CHECK(scene.node.counters().timed_out.value() == 0);
  CHECK_FALSE(scene.is_over());
}

TEST_CASE("an answer that a client does not take is given up", "[downstream][h2]") {
  const std::string meanwhile =
      GENERATE(ping(), window(0, 1), window(1, 1), priority(1, 0), settings());
  Scene scene;
  scene.answer_with_content_of(100'000);
  scene.say(preface() + settings({{4, 10}}) + get(1)); // a window of ten bytes
  scene.pass(15s, meanwhile);                          // it may pause for four times the limit
  const auto is_reset = [&scene] {
    const auto frames = frames_of(scene.wire->from_node);
    return std::ranges::any_of(frames,
                               [](const Frame& one) { return one.type == 3 && one.stream == 1; });
  };
  CHECK_FALSE(is_reset());
  scene.pass(5s, meanwhile);
  CHECK((is_reset() || scene.is_over()));
}

TEST_CASE("an answer that a client takes slowly is not", "[downstream][h2]") {
  Scene scene;
  scene.answer_with_content_of(100'000);
  scene.say(preface() + settings({{4, 10}}) + get(1));
  scene.pass(20s, window(1, 500));
  CHECK_FALSE(scene.is_over());
  const auto frames = frames_of(scene.wire->from_node);
  CHECK(std::ranges::none_of(frames, [](const Frame& one) { return one.type == 3; }));
}

TEST_CASE("an answer that waits for another one is not", "[downstream][h2]") {
  Scene scene;
  scene.answer_with_content_of(1'000'000);
  scene.say(preface() + settings({{4, 1'000'000}}) + get(1) + get(3));
  scene.pass(30s, window(0, 2000)); // of the connection: the first has all of it
  CHECK_FALSE(scene.is_over());
  const auto frames = frames_of(scene.wire->from_node);
  CHECK(std::ranges::none_of(frames, [](const Frame& one) { return one.type == 3; }));
}

TEST_CASE("a connection that lets nothing through is ended", "[downstream][h2]") {
  Scene scene;
  scene.answer_with_content_of(1'000'000);
  scene.say(preface() + settings({{4, 1'000'000}}) + get(1));
  scene.pass(10s, window(0, 1));
  CHECK(scene.is_over());
}

TEST_CASE("a client that has its answer and says no more does not keep its connection",
          "[downstream][h2]") {
  Scene scene;
  scene.node.handle = [](Stream& stream) {
    downstream::Response response;
    response.status = 404;
    stream.respond(response);
  };
  scene.say(preface() + settings() + post(1) + post(3));
  scene.pass(20s);
  CHECK(scene.is_over());
}

TEST_CASE("a client that has too many requests ended by the clock loses its connection",
          "[downstream][h2]") {
  constexpr std::size_t kRequests = 1100; // more than may be reset, in one look at the clock
  downstream::Limits many = limits();
  many.streams = 2 * kRequests;
  Scene scene(many);
  scene.node.handle = [](Stream& stream) {
    downstream::Response response;
    response.status = 404;
    stream.respond(response);
  };
  std::string all = preface() + settings();
  std::uint32_t id = 1;
  for (std::size_t i = 0; i < kRequests; ++i, id += 2) all += post(id); // and never an end
  scene.say(all);
  REQUIRE(scene.node.requests.size() == kRequests);
  scene.pass(4s);
  CHECK(scene.is_over());
  const auto frames = frames_of(scene.wire->from_node);
  CHECK(frames.back().type == 7);
  CHECK(frames.back().error_code() == 11); // ENHANCE_YOUR_CALM
  scene.say(get(id));                      // nothing is heard any more
  scene.pass(10s);
  CHECK(scene.node.requests.size() == kRequests);
  CHECK(frames_of(scene.wire->from_node).size() == frames.size());
  CHECK(scene.wire->reader == nullptr); // it is closed, not only on its way to be
}

TEST_CASE("PING keeps a connection that nobody uses for a while, not for ever",
          "[downstream][h2]") {
  Scene scene;
  scene.say(preface() + settings());
  scene.pass(20s, ping());
  CHECK_FALSE(scene.is_over());
  scene.pass(40s, ping());
  CHECK(scene.is_over());
}

TEST_CASE("a silent connection is closed", "[downstream][h2]") {
  Scene scene;
  scene.say(preface() + settings());
  scene.pass(4500ms);
  CHECK_FALSE(scene.is_over());
  scene.pass(1s);
  CHECK(scene.is_over());
}

TEST_CASE("streams of a client that has broken the rules end before it has heard of it",
          "[downstream][h2]") {
  struct User final : downstream::StreamUser {
    explicit User(int& count) : ends(count) {}
    void on_stream_end(const downstream::StreamEnd&) override { ++ends; }
    int& ends;
  };
  int ends = 0;
  Scene scene;
  scene.node.handle = [&ends](Stream& stream) {
    stream.set_user(*stream.arena().make<User>(ends)); // which never answers
  };
  scene.say(preface() + settings() + get(1) + get(3) + post(5));
  CHECK(ends == 0);
  SECTION("at once") {
    scene.say(data(0, "x"));
  }
  SECTION("by the clock") {
    scene.say(std::string(2, 0)); // the beginning of a frame
    scene.pass(3s);
  }
  CHECK(ends == 3);
  CHECK(frames_of(scene.wire->from_node).back().type == 7); // GOAWAY
  scene.pass(10s, ping());
  CHECK(scene.wire->reader == nullptr);
}
