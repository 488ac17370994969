// A connection to an H2Origin over memory, driven by the test: nothing happens but inside of run()
// and pass(). Thread: one.
#pragma once

#include <selvedge/net/worker.hpp>
#include <src/upstream/h2_server_connection.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h2_origin.hpp>
#include <tests/support/memory_transport.hpp>

#include <boost/asio/co_spawn.hpp>

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace selvedge::test {

inline const H2Origin::Fields kOk{{":status", "200"}};

// Writes down the interim responses that it is told of.
struct InterimLog final : upstream::InterimSink {
  void on_interim(const http::ResponseHead& head) override {
    told += std::to_string(head.status);
    for (const http::Field& field : head.fields) {
      told.append(" ").append(field.name).append("=").append(field.value);
    }
    told += "\n";
    if (then) then();
  }
  std::string told;
  std::function<void()> then;
};

// Content of a request that the test adds to.
struct UploadSource final : http::BodySource {
  Peek peek(std::span<std::string_view> views) override {
    if (at == text.size()) return {state, 0, false};
    views[0] = std::string_view(text).substr(at, 5000);
    return {http::BodyState::ready, 1,
            state == http::BodyState::end && at + views[0].size() == text.size()};
  }
  void consume(std::size_t bytes) override { at += bytes; }
  void set_sink(http::BodySink* to) override { sink = to; }
  void tell(http::BodyState then) {
    state = then;
    if (sink != nullptr) sink->on_body_ready();
  }

  std::string text;
  std::size_t at = 0;
  http::BodyState state = http::BodyState::pending; // behind the text
  http::BodySink* sink = nullptr;
};

// One fetch: what is asked, and what came of it.
struct Fetch {
  Fetch() {
    head.authority = "a.example";
    head.target = "/";
    request.head = &head;
    request.cancellation = &cancellation;
    request.interim = &interim;
  }
  void upload(http::Method method = http::Method::post) {
    head.method = method;
    head.method_text = http::text_of(method);
    request.content = &content;
  }
  bool has_failed() const { return result && result->has_error(); }
  base::Error error() const {
    REQUIRE(result);
    return result->has_error() ? result->error() : base::Error{};
  }
  upstream::OriginResponse& response() {
    REQUIRE(result);
    REQUIRE(result->has_value());
    return *result->value();
  }

  http::RequestHead head;
  upstream::Cancellation cancellation;
  InterimLog interim;
  UploadSource content;
  upstream::FetchRequest request;
  std::shared_ptr<int> keep;
  std::optional<base::Result<upstream::OriginResponsePtr>> result;
  // Of read().
  std::string text;
  std::optional<base::Error> broken; // how it ended, when not well
  bool is_complete = false;
  bool is_reading = false;
};

class H2Upstream {
public:
  explicit H2Upstream(const H2Origin::Settings& settings = {}, bool consumes = true)
      : origin(settings, consumes),
        connection(new upstream::H2ServerConnection(
            worker, std::make_unique<MemoryTransport>(wire, worker), options, counters)) {
    connection->set_on_change([this] { ++changes; });
    connection->start();
    run();
  }
  ~H2Upstream() {
    connection->close();
    run();
  }

  // Until all are silent.
  void run() {
    for (bool goes_on = true; goes_on;) {
      worker.io().restart();
      goes_on = worker.io().poll() > 0;
      const std::string said = std::exchange(wire->from_node, {});
      if (!said.empty() && !is_deaf) goes_on |= origin.input(said);
      const std::string answer = origin.output();
      goes_on |= !answer.empty();
      wire->to_node += answer;
      MemoryTransport::poke(worker, wire);
    }
  }
  // Time passes, in steps that no timer of these tests is shorter than.
  void pass(std::chrono::milliseconds time) {
    for (; time.count() > 0; time -= std::chrono::milliseconds(500)) {
      clock.advance(std::chrono::milliseconds(500));
      worker.tick();
      run();
    }
  }

  // Sends a request. What it is about may be changed before, in `fetch`.
  Fetch& make() { return fetches_.emplace_back(); }
  Fetch& start() { return start(make()); }
  Fetch& start(Fetch& fetch) {
    boost::asio::co_spawn(
        worker.io(), connection->fetch(fetch.request, fetch.keep),
        [&fetch](std::exception_ptr, base::Result<upstream::OriginResponsePtr> got) {
          fetch.result = std::move(got);
        });
    run();
    return fetch;
  }
  // A request that is answered at once: its stream is over, its content is to be read.
  Fetch& get(const H2Origin::Fields& fields, const std::string& content) {
    Fetch& fetch = start();
    origin.respond(origin.last(), fields, content);
    run();
    return fetch;
  }
  // One piece of its content, or the end. Goes on with what comes later.
  void read(Fetch& fetch, std::span<char> room = {}) {
    fetch.is_reading = true;
    boost::asio::co_spawn(worker.io(), fetch.response().read_into(room),
                          [&fetch](std::exception_ptr, base::Result<std::string_view> got) {
                            fetch.is_reading = false;
                            if (!got) fetch.broken = got.error();
                            if (!got) return;
                            fetch.text += *got;
                            fetch.is_complete = got->empty();
                          });
    run();
  }
  // As far as it goes.
  void read_all(Fetch& fetch) {
    while (!fetch.is_reading && !fetch.is_complete && !fetch.broken) read(fetch);
  }
  void write_raw(std::string_view bytes) { // of the server, beside its session
    wire->to_node += bytes;
    MemoryTransport::poke(worker, wire);
    run();
  }
  void cut() { // the server's end of the connection goes away
    is_deaf = true;
    wire->client_closed = true;
    MemoryTransport::poke(worker, wire);
    run();
  }
  // A fetch on the same connection is answered as if nothing had happened.
  bool still_works() {
    Fetch& next = get(kOk, "fine");
    if (!next.result || next.has_failed()) return false;
    read_all(next);
    return next.text == "fine" && next.is_complete;
  }

  base::ManualClock clock;
  net::Worker worker{0, clock};
  std::shared_ptr<Wire> wire = std::make_shared<Wire>();
  upstream::OriginOptions options;
  upstream::OriginCounters counters;
  H2Origin origin;
  bool is_deaf = false; // the server hears nothing
  std::size_t changes = 0;
  upstream::H2ServerConnectionPtr connection;

private:
  std::list<Fetch> fetches_; // their responses go before the worker does
};

} // namespace selvedge::test
