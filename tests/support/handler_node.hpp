// Client connections without the proxy behind them: a test is the handler of their requests.
// Several connections may be open; nothing happens but in settle(). Thread: one.
#pragma once

#include "memory_transport.hpp"

#include <selvedge/downstream/acceptor.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace selvedge::test {

// Each reading may take so long: for who works until the clock says that it is enough.
class SlowClock final : public base::Clock {
public:
  base::Instant now() const override {
    clock_.advance(reading_time_);
    return clock_.now();
  }
  std::chrono::nanoseconds thread_time() const override { return clock_.thread_time(); }
  void advance(std::chrono::nanoseconds by) { clock_.advance(by); }
  void set_reading_time(std::chrono::nanoseconds time) { reading_time_ = time; }

private:
  mutable base::ManualClock clock_; // moved by readings, too
  std::chrono::nanoseconds reading_time_{0};
};

class HandlerNode final : public downstream::RequestHandler {
public:
  using Handle = std::function<void(downstream::Stream&)>;

  explicit HandlerNode(const downstream::Limits& limits = {}) {
    connections_.set_limits(limits);
    settle();
  }

  std::shared_ptr<Wire> connect() {
    auto wire = std::make_shared<Wire>();
    acceptor_.on_connection(workers_[0], std::make_unique<MemoryTransport>(wire, workers_[0]));
    return wire;
  }
  void send(const std::shared_ptr<Wire>& wire, std::string_view bytes) {
    wire->to_node.append(bytes);
    wake(wire);
  }
  // After the test has changed what the wire allows.
  void wake(const std::shared_ptr<Wire>& wire) {
    MemoryTransport::poke(workers_[0], wire);
    settle();
  }
  // Runs until there is nothing more to do. Time stands still.
  void settle() {
    while (workers_[0].io().poll() > 0) workers_[0].io().restart();
    workers_[0].io().restart();
  }

  net::Worker& worker() { return workers_[0]; }
  SlowClock& clock() { return clock_; }
  const downstream::Counters& counters() { return connections_.counters(0); }

  std::function<downstream::Standing(downstream::Stream&)> who; // asks; empty: as the connection
  Handle handle;                             // what is done with a request at once, if anything
  std::vector<downstream::Stream*> requests; // in the order they came
  std::vector<base::ErrorCode> refusals;

private:
  downstream::Standing identify(downstream::Stream& stream) override {
    return who ? who(stream) : stream.standing();
  }
  void on_request(downstream::Stream& stream) override {
    requests.push_back(&stream);
    if (handle) handle(stream);
  }
  void on_refused(downstream::Stream& stream, base::Error error) override {
    refusals.push_back(error.code);
    downstream::Response response;
    response.status = 400;
    stream.respond(response);
  }

  SlowClock clock_;
  net::WorkerPool workers_{1, clock_};
  downstream::Connections connections_{workers_};
  downstream::Acceptor acceptor_{connections_, "test", {this}};
};

} // namespace selvedge::test
