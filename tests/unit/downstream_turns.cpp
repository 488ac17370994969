// Whose turn it is towards clients: in which lane a connection waits to be read, and in which order
// what was read is served.
#include <tests/support/catch.hpp>
#include <tests/support/h2_client.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/handler_node.hpp>

#include <string>
#include <vector>

using namespace selvedge;
using downstream::Stream;
using overload::Importance;
using overload::Lane;
using test::H2Client;
using test::HandlerNode;
using namespace std::chrono_literals;

namespace {

// The path of a request says whose it is: "/free/2".
downstream::Standing by_path(Stream& stream) {
  downstream::Standing standing = stream.standing();
  const std::string_view path = stream.request().target;
  standing.identity.source = policy::IdentitySource::header;
  standing.importance = path.starts_with("/premium")    ? Importance::premium
                        : path.starts_with("/standard") ? Importance::standard
                                                        : Importance::free;
  standing.identity.tenant = 7 + index_of(standing.importance);
  return standing;
}

void answer(Stream& stream, http::Status status) {
  downstream::Response response;
  response.status = status;
  response.content_length = 0;
  stream.respond(response);
}

struct Scene {
  Scene() {
    node.who = by_path;
    node.handle = [this](Stream& stream) {
      served.emplace_back(stream.request().target);
      if (refuses) stream.note_refusal();
      answer(stream, refuses ? 503 : 200);
    };
  }
  void get(const std::string& path) {
    node.send(wire, "GET " + path + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
  }

  HandlerNode node;
  std::shared_ptr<test::Wire> wire = node.connect();
  std::vector<std::string> served;
  bool refuses = false;
};

// Somebody else's work, which waits.
struct Other final : overload::ReadyItem {
  explicit Other(std::vector<std::string>& log) : served(log) {}
  void on_turn() override { served.emplace_back("other"); }
  std::vector<std::string>& served;
};

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// Both have come by now, the flood first; and time passes while they are worked through.
void come_together(HandlerNode& node, const std::shared_ptr<test::Wire>& flood,
                   const std::string& bytes) {
  const auto other = node.connect();
  flood->to_node = bytes;
  other->to_node = "GET /other HTTP/1.1\r\nHost: a.example\r\n\r\n";
  node.clock().set_reading_time(50us);
  test::MemoryTransport::poke(node.worker(), flood);
  node.wake(other);
  CHECK(other->from_node.starts_with("HTTP/1.1 204"));
}

} // namespace

TEST_CASE("a connection waits in the lane of who asked last", "[downstream][turns]") {
  Scene scene;
  CHECK(scene.wire->lane == Lane::premium); // a stranger: read at once, to be known
  scene.get("/free/1");
  CHECK(scene.wire->lane == Lane::free);
  CHECK(scene.wire->tenant == 9);
  scene.get("/premium/1"); // up at once
  CHECK(scene.wire->lane == Lane::premium);
  scene.get("/standard/1"); // down after three
  scene.get("/standard/2");
  CHECK(scene.wire->lane == Lane::premium);
  scene.get("/standard/3");
  CHECK(scene.wire->lane == Lane::standard);
}

TEST_CASE("who was just refused waits longer, but not who matters most", "[downstream][turns]") {
  Scene scene;
  scene.refuses = true;
  scene.get("/free/1");
  CHECK(scene.wire->lane == Lane::refused);
  scene.refuses = false;
  scene.get("/free/2");
  CHECK(scene.wire->lane == Lane::free);
  scene.refuses = true;
  scene.get("/premium/1");
  CHECK(scene.wire->lane == Lane::premium);
}

TEST_CASE("a stranger's request is served behind those who matter more", "[downstream][turns]") {
  Scene scene;
  Other other(scene.served);
  SECTION("it turns out to matter less") {
    scene.node.worker().make_ready(other, Lane::standard, 1);
    scene.get("/free/1");
    CHECK(scene.served == std::vector<std::string>{"other", "/free/1"});
  }
  SECTION("it matters more") {
    scene.node.worker().make_ready(other, Lane::standard, 1);
    scene.get("/premium/1");
    CHECK(scene.served == std::vector<std::string>{"/premium/1", "other"});
  }
  CHECK(scene.wire->from_node.starts_with("HTTP/1.1 200"));
}

TEST_CASE("pipelined requests of a stranger are all answered, in order", "[downstream][turns]") {
  Scene scene;
  Other other(scene.served);
  scene.node.worker().make_ready(other, Lane::standard, 1);
  std::string all;
  for (int i = 0; i < 5; ++i) {
    all += "GET /free/" + std::to_string(i) + " HTTP/1.1\r\nHost: a.example\r\n\r\n";
  }
  scene.node.send(scene.wire, all);
  CHECK(scene.served ==
        std::vector<std::string>{"other", "/free/0", "/free/1", "/free/2", "/free/3", "/free/4"});
}

TEST_CASE("a client who leaves while its request waits for its turn is no loss",
          "[downstream][turns]") {
  Scene scene;
  Other other(scene.served);
  scene.node.handle = nullptr;
  scene.node.worker().make_ready(other, Lane::standard, 1);
  scene.wire->to_node = "GET /free/1 HTTP/1.1\r\nHost: a.example\r\n\r\n";
  scene.wire->client_closed = true;
  scene.node.wake(scene.wire);
  CHECK(scene.wire->node_closed);
}

TEST_CASE("who gave up while waiting to be read is not read", "[downstream][turns]") {
  Scene scene;
  scene.get("/free/1");
  scene.wire->to_node = "GET /free/2 HTTP/1.1\r\nHost: a.example\r\n\r\n";
  test::MemoryTransport::poke(scene.node.worker(), scene.wire);
  scene.wire->client_closed = true;
  scene.node.clock().advance(downstream::Limits().defer + std::chrono::seconds{1});
  scene.node.settle();
  CHECK(scene.served == std::vector<std::string>{"/free/1"});
  CHECK(scene.wire->node_closed);
  CHECK(scene.node.counters().abandoned.value() == 1);
}

TEST_CASE("RFC 9218: streams of one connection go by tier, then by urgency, then as they came",
          "[downstream][turns][h2]") {
  Scene scene;
  H2Client client;
  const auto get = [&client](const std::string& path, const std::string& priority) {
    test::H2Fields fields = H2Client::get(path);
    fields[1].second = "http";
    if (!priority.empty()) fields.emplace_back("priority", priority);
    client.request(fields);
  };
  get("/free/urgent", "u=0");
  get("/free/plain", "");
  get("/premium/late", "u=6");
  get("/standard/1", "u=1");
  get("/premium/plain", "");
  get("/premium/plain2", "");
  get("/standard/2", "u=1");
  scene.node.send(scene.wire, client.output());
  CHECK(scene.served == std::vector<std::string>{"/premium/plain", "/premium/plain2",
                                                 "/premium/late", "/standard/1", "/standard/2",
                                                 "/free/urgent", "/free/plain"});
}

TEST_CASE("one read full of small frames is many turns", "[downstream][turns][h2]") {
  constexpr std::size_t kPings = 900; // as many as nobody objects to
  HandlerNode node;
  const auto flood = node.connect();
  node.send(flood, test::h2::preface() + test::h2::settings());
  flood->from_node.clear();
  std::size_t worked = 0; // when the other is served
  node.handle = [&](Stream& stream) {
    worked = test::h2::frames_of(flood->from_node).size();
    answer(stream, 204);
  };
  come_together(node, flood, times(kPings, test::h2::ping()));
  CHECK(worked > 0);
  CHECK(worked < kPings);
  CHECK(test::h2::frames_of(flood->from_node).size() == kPings); // and none is lost
}

TEST_CASE("so is one full of small chunks", "[downstream][turns]") {
  constexpr std::size_t kChunks = 10'000;
  HandlerNode node;
  const auto flood = node.connect();
  node.send(flood, "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
  REQUIRE(node.requests.size() == 1);
  const downstream::RequestContent& upload = node.requests[0]->content();
  std::size_t worked = 0; // when the other is served
  node.handle = [&](Stream& stream) {
    worked = upload.received();
    answer(stream, 204);
  };
  come_together(node, flood, times(kChunks, "1\r\nx\r\n"));
  CHECK(worked > 0);
  CHECK(worked < kChunks);
  CHECK(upload.received() == kChunks);
}
