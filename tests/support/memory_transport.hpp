// A Transport without a socket: what the test writes is what the connection reads, and the reverse.
// Thread: one.
#pragma once

#include <selvedge/net/transport.hpp>
#include <selvedge/net/worker.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

namespace selvedge::test {

// Both ends of the wire. The test holds it; the transport of the connection refers to it.
struct Wire {
  // A connection that has input waits for its turn, as behind a socket.
  struct Input final : overload::ReadyItem {
    explicit Input(Wire& of) : wire(of) {}
    void on_turn() override {
      const boost::intrusive_ptr<net::TransportOwner> owner = std::move(wire.reader);
      if (owner) owner->on_readable();
    }
    Wire& wire;
  };

  std::string to_node;
  std::string from_node;
  std::size_t room = std::string::npos; // bytes the node may still write before it is blocked
  bool client_closed = false;
  bool node_closed = false;
  boost::intrusive_ptr<net::TransportOwner> reader; // waits for input
  boost::intrusive_ptr<net::TransportOwner> writer; // waits for room
  overload::Lane lane = overload::Lane::control;    // in which its input waits
  std::uint64_t tenant = 0;
  Input input{*this};
};

class MemoryTransport final : public net::Transport {
public:
  MemoryTransport(std::shared_ptr<Wire> wire, net::Worker& worker)
      : wire_(std::move(wire)), worker_(worker) {}

  net::IoResult read(std::span<char> into) override {
    if (wire_->to_node.empty()) {
      return {wire_->client_closed ? net::IoState::closed : net::IoState::blocked, 0, false};
    }
    const std::size_t n = std::min(into.size(), wire_->to_node.size());
    std::memcpy(into.data(), wire_->to_node.data(), n);
    wire_->to_node.erase(0, n);
    return {net::IoState::ok, n, !wire_->to_node.empty()};
  }

  net::IoResult write(std::span<const iovec> parts) override {
    if (wire_->client_closed) return {net::IoState::closed, 0, false};
    std::size_t written = 0;
    for (const iovec& part : parts) {
      const std::size_t n = std::min(part.iov_len, wire_->room);
      wire_->from_node.append(static_cast<const char*>(part.iov_base), n);
      if (wire_->room != std::string::npos) wire_->room -= n;
      written += n;
      if (n < part.iov_len) break;
    }
    return {written > 0 ? net::IoState::ok : net::IoState::blocked, written, false};
  }

  void wait(net::Direction direction, net::TransportOwner& owner) override {
    (direction == net::Direction::read ? wire_->reader : wire_->writer) = &owner;
    poke(worker_, wire_);
  }
  void shut_down_output() override { wire_->node_closed = true; }
  void close() override {
    wire_->node_closed = true;
    wire_->input.leave();
    wire_->reader.reset();
    wire_->writer.reset();
  }
  bool has_ended() const override { return wire_->client_closed; }
  void set_turn(overload::Lane lane, std::uint64_t tenant) override {
    wire_->lane = lane;
    wire_->tenant = tenant;
  }
  bool is_secure() const override { return false; }
  std::string_view peer_address() const override { return "192.0.2.1"; }

  // Calls whoever waits for what is there now; from the loop, as sockets do.
  static void poke(net::Worker& worker, const std::shared_ptr<Wire>& wire) {
    const bool has_input = !wire->to_node.empty() || wire->client_closed;
    if (wire->reader && has_input && !wire->input.is_ready()) {
      worker.make_ready(wire->input, wire->lane, wire->tenant);
    }
    if (wire->writer && (wire->room > 0 || wire->client_closed)) {
      worker.post([owner = std::move(wire->writer)] { owner->on_writable(); });
      wire->writer.reset();
    }
  }

private:
  std::shared_ptr<Wire> wire_;
  net::Worker& worker_;
};

} // namespace selvedge::test
