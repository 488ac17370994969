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
  base::ManualClock& clock() { return clock_; }
  const downstream::Counters& counters() { return connections_.counters(0); }

  std::function<downstream::Standing(downstream::Stream&)> who; // asks; empty: as the connection
  Handle handle;                             // what is done with a request at once, if anything
  std::vector<downstream::Stream*> requests; // in the order they came

private:
  downstream::Standing identify(downstream::Stream& stream) override {
    return who ? who(stream) : stream.standing();
  }
  void on_request(downstream::Stream& stream) override {
    requests.push_back(&stream);
    if (handle) handle(stream);
  }
  void on_refused(downstream::Stream& stream, base::Error) override {
    downstream::Response response;
    response.status = 400;
    stream.respond(response);
  }

  base::ManualClock clock_;
  net::WorkerPool workers_{1, clock_};
  downstream::Connections connections_{workers_};
  downstream::Acceptor acceptor_{connections_, "test", {this}};
};

} // namespace selvedge::test
