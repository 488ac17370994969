// The whole proxy as in flow.hpp, in front of servers on loopback sockets that the test plays:
//
//   OriginFlow node(ScriptedServer::Protocol::h2, 2);
//   auto client = node.get("/a");
//   node.until([&] { return node.server(0).requests() == 1; });
//   node.server(0).next().answer(200);
//
// Time is the test's, but what the kernel and retries take is real: claims are awaited, not timed.
#pragma once

#include "flow.hpp"
#include "scripted_server.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace selvedge::test {

class OriginFlow {
public:
  using Protocol = ScriptedServer::Protocol;
  using Change = std::function<void(upstream::OriginOptions&)>;

  // The servers get no second try unless `change` gives them one.
  explicit OriginFlow(Protocol protocol, std::size_t servers = 1, const Change& change = {}) {
    upstream::OriginOptions options;
    options.name = "origin";
    options.protocol =
        protocol == Protocol::h2 ? upstream::ServerProtocol::h2 : upstream::ServerProtocol::http_1;
    options.retry.tries = 1;
    options.retry.backoff = std::chrono::milliseconds(1);
    for (std::size_t i = 0; i < servers; ++i) {
      servers_.push_back(std::make_unique<ScriptedServer>(protocol));
      options.servers.emplace_back().address = servers_.back()->address();
    }
    if (change) change(options);
    Flow::Options of_flow;
    of_flow.origin = options;
    of_flow.peers = [this] {
      bool has_done = false;
      for (const auto& one : servers_) has_done |= one->poll();
      return has_done;
    };
    flow_ = std::make_unique<Flow>(of_flow);
  }
  ~OriginFlow() {
    for (const auto& one : servers_) one->stop(); // or fetches that wait would keep each other
    until([this] { return counters().inflight.value() == 0; });
    flow_->advance(std::chrono::hours(1));
  }
  OriginFlow(const OriginFlow&) = delete;
  OriginFlow& operator=(const OriginFlow&) = delete;

  Flow& flow() { return *flow_; }
  ScriptedServer& server(std::size_t index = 0) { return *servers_.at(index); }
  const upstream::OriginCounters& counters() { return flow_->http_origin().counters(); }
  upstream::ServerState& state(std::size_t index = 0) {
    return *flow_->http_origin().state()->servers.at(index);
  }
  // Requests that the servers have seen.
  std::size_t asked() const {
    std::size_t sum = 0;
    for (const auto& one : servers_) sum += one->requests();
    return sum;
  }

  // Works until `claim` holds; false when it does not after a long time.
  template <typename Claim> bool until(Claim claim) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (;;) {
      flow_->settle();
      if (claim()) return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
  }
  void advance(std::chrono::nanoseconds by) { flow_->advance(by); }

  // A client with a connection of its own that asks, and waits until a server heard it.
  Client get(std::string_view target, const Fields& fields = {}) {
    const std::size_t before = asked();
    Client client = flow_->connect();
    client.get(target, fields);
    REQUIRE(until([&] { return asked() > before || client.has_answer(); }));
    return client;
  }
  // As above; nobody need have heard it.
  Client begin(std::string_view target) {
    Client client = flow_->connect();
    client.get(target);
    return client;
  }
  Answer answer(Client& client) {
    REQUIRE(until([&] { return has_whole_answer(client); }));
    return client.answer();
  }
  // Requests that are answered at once, by on_request.
  Answer fetch(std::string_view target) {
    Client client = begin(target);
    return answer(client);
  }

private:
  static bool has_whole_answer(Client& client) {
    const std::string& text = client.wire().from_node;
    const std::size_t end = text.find("\r\n\r\n");
    const std::size_t field = text.find("\r\ncontent-length: ");
    if (end == std::string::npos) return false;
    if (field < end) return text.size() >= end + 4 + std::stoul(text.substr(field + 18));
    return text.find("\r\ntransfer-encoding: ") > end || text.ends_with("\r\n0\r\n\r\n");
  }

  std::vector<std::unique_ptr<ScriptedServer>> servers_;
  std::unique_ptr<Flow> flow_;
};

} // namespace selvedge::test
