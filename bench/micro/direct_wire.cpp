#include "direct_wire.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

namespace selvedge::bench {

class DirectTransport final : public net::Transport {
public:
  explicit DirectTransport(DirectWire& wire) : wire_(wire) { wire_.transport_ = this; }
  ~DirectTransport() override { wire_.transport_ = nullptr; }

  net::IoResult read(std::span<char> into) override {
    if (wire_.to_node_.empty()) {
      return {wire_.has_hung_up_ ? net::IoState::closed : net::IoState::blocked, 0, false};
    }
    const std::size_t n = std::min(into.size(), wire_.to_node_.size());
    std::memcpy(into.data(), wire_.to_node_.data(), n);
    wire_.to_node_.remove_prefix(n);
    return {net::IoState::ok, n, !wire_.to_node_.empty()};
  }
  net::IoResult write(std::span<const iovec> parts) override {
    const std::size_t before = wire_.from_node_.size();
    for (const iovec& part : parts) {
      wire_.from_node_.append(static_cast<const char*>(part.iov_base), part.iov_len);
    }
    return {net::IoState::ok, wire_.from_node_.size() - before, false};
  }
  void wait(net::Direction direction, net::TransportOwner& owner) override {
    if (direction == net::Direction::read) wire_.reader_ = &owner; // writes never block
  }
  void shut_down_output() override {}
  void close() override { wire_.reader_.reset(); }
  bool is_secure() const override { return false; }
  std::string_view peer_address() const override { return "192.0.2.1"; }

private:
  DirectWire& wire_;
};

DirectWire::DirectWire(ProxyNode& node, downstream::Acceptor& acceptor) : node_(node) {
  from_node_.reserve(std::size_t{1} << 20);
  acceptor.on_connection(node.worker(), std::make_unique<DirectTransport>(*this));
}

DirectWire::~DirectWire() {
  has_hung_up_ = true;
  say({});
}

void DirectWire::run_reader() {
  const boost::intrusive_ptr<net::TransportOwner> owner = std::move(reader_);
  if (owner != nullptr) owner->on_readable();
}

std::string_view DirectWire::say(std::string_view bytes) {
  to_node_ = bytes;
  from_node_.clear();
  run_reader();
  // What the connection left for later in this turn, if it left anything.
  while (node_.worker().io().poll() > 0) node_.worker().io().restart();
  node_.worker().io().restart();
  node_.drop_log();
  return from_node_;
}

namespace {

downstream::Limits endless() {
  downstream::Limits limits;
  limits.requests = std::numeric_limits<std::uint32_t>::max();
  return limits;
}

} // namespace

ClientSide::ClientSide(ProxyNode& node)
    : connections_(node.workers()), acceptor_(connections_, "bench", {&node.proxy()}) {
  connections_.set_limits(endless());
  node.worker().io().poll();
  node.worker().io().restart();
}

} // namespace selvedge::bench
