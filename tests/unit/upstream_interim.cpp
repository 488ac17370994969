// Interim responses (RFC 9110, 15.2) of a server, played by the test on a loopback socket.
#include <selvedge/upstream/origin.hpp>
#include <tests/support/catch.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <optional>
#include <string>

using namespace selvedge;
using boost::asio::ip::tcp;
using upstream::OriginResponsePtr;

namespace {

// Writes down what it is told.
struct Sink final : upstream::InterimSink {
  void on_interim(const http::ResponseHead& head) override {
    told += std::to_string(head.status);
    for (const http::Field& field : head.fields) {
      told.append(" ").append(field.name).append("=").append(field.value);
    }
    told += "\n";
  }
  std::string told;
};

// One request to a server that says what the test wants.
class Server {
public:
  explicit Server(upstream::InterimSink* sink) {
    upstream::OriginOptions options;
    const tcp::endpoint address = acceptor_.local_endpoint();
    options.servers.resize(1);
    options.servers[0].address = "127.0.0.1:" + std::to_string(address.port());
    const auto state = std::make_shared<upstream::OriginState>(options, worker_.now().steady);
    origin_ = upstream::make_origin(options, worker_, state);
    head_.authority = "a.example";
    head_.target = "/";
    request_.head = &head_;
    request_.interim = sink;
    boost::asio::co_spawn(worker_.io(), origin_->fetch(request_),
                          [this](std::exception_ptr, base::Result<OriginResponsePtr> got) {
                            result = std::move(got);
                          });
    run();
    acceptor_.accept(socket_);
  }

  void say(std::string_view bytes) {
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()));
  }
  void close() { socket_.close(); }
  // Until `claim` holds, or for a few seconds at most.
  template <typename Claim> void run_until(Claim claim) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!claim() && std::chrono::steady_clock::now() < end) run();
  }
  void run() {
    worker_.io().restart();
    do {
      worker_.io().poll();
    } while (worker_.run_ready() > 0);
  }

private:
  base::SystemClock clock_;
  net::Worker worker_{0, clock_};
  tcp::acceptor acceptor_{worker_.io(), {boost::asio::ip::address_v4::loopback(), 0}};
  tcp::socket socket_{worker_.io()};
  std::shared_ptr<upstream::Origin> origin_;
  http::RequestHead head_;
  upstream::FetchRequest request_;

public:
  std::optional<base::Result<OriginResponsePtr>> result; // goes first: it gives its connection back
};

std::string repeated(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

const std::string kFinal = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Final: 1\r\n\r\n";
const std::string kHints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";

} // namespace

TEST_CASE("RFC 9110, 15.2: what becomes of interim responses", "[upstream][interim]") {
  struct Row {
    const char* section;
    std::string before; // the final response
    std::string told;
    base::ErrorCode error;
  };
  constexpr base::ErrorCode kNone = base::ErrorCode::none;
  constexpr base::ErrorCode kProtocol = base::ErrorCode::protocol;
  const std::string processing = "HTTP/1.1 102 Processing\r\n\r\n";
  const auto [section, before, told, error] = GENERATE_COPY(values<Row>({
      {"15.2 none", "", "", kNone},
      {"15.2.1 100 is between the node and the server", "HTTP/1.1 100 Continue\r\n\r\n", "", kNone},
      {"RFC 8297, 2: hints", kHints, "103 link=</a.css>\n", kNone},
      {"RFC 8297, 2: several", kHints + kHints, "103 link=</a.css>\n103 link=</a.css>\n", kNone},
      {"RFC 2518, 10.1: 102", processing + kHints, "102\n103 link=</a.css>\n", kNone},
      {"15.2 unknown ones", "HTTP/1.1 199 \r\nX: y\r\n\r\n", "199 X=y\n", kNone},
      {"15.2.2 101 was not asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "", kProtocol},
      {"16 of them", repeated(16, processing), repeated(16, "102\n"), kNone},
      {"17 of them", repeated(17, processing), repeated(16, "102\n"), kProtocol},
  }));
  CAPTURE(section);
  Sink sink;
  Server server(&sink);
  server.say(before + kFinal);
  server.run_until([&] { return server.result.has_value(); });
  REQUIRE(server.result);
  CHECK(sink.told == told);
  if (error != kNone) {
    REQUIRE(server.result->has_error());
    CHECK(server.result->error().code == error);
    return;
  }
  REQUIRE(server.result->has_value());
  const http::ResponseHead& head = (*server.result)->get()->head();
  CHECK(head.status == 200);
  CHECK(head.fields.size() == 1); // its own, none of theirs
  CHECK(head.fields.find("x-final") != nullptr);
}

TEST_CASE("an interim response is told before the final one comes", "[upstream][interim]") {
  Sink sink;
  Server server(&sink);
  server.say(kHints.substr(0, 30));
  server.say(kHints.substr(30) + kFinal.substr(0, 20));
  server.run_until([&] { return !sink.told.empty(); });
  CHECK(sink.told == "103 link=</a.css>\n");
  CHECK_FALSE(server.result);
  server.say(kFinal.substr(20));
  server.run_until([&] { return server.result.has_value(); });
  REQUIRE(server.result);
  CHECK(server.result->has_value());
}

TEST_CASE("interim responses without anybody to tell are skipped", "[upstream][interim]") {
  Server server(nullptr);
  server.say(kHints + kFinal);
  server.run_until([&] { return server.result.has_value(); });
  REQUIRE(server.result);
  REQUIRE(server.result->has_value());
  CHECK((*server.result)->get()->head().status == 200);
}

TEST_CASE("a server that ends behind an interim response has failed, and is not asked again",
          "[upstream][interim]") {
  Sink sink;
  Server server(&sink);
  server.say(kHints);
  server.run_until([&] { return !sink.told.empty(); });
  server.close();
  server.run_until([&] { return server.result.has_value(); });
  REQUIRE(server.result);
  REQUIRE(server.result->has_error());
  CHECK(server.result->error().code == base::ErrorCode::closed);
  CHECK(server.result->error().retry == base::Retry::never);
}
