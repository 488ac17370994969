// A client connection without a socket: bytes in, bytes out, in one call and within one copy each
// way, as the system calls would have made. What is left is the node's own work.
// Thread: one, which stands for the worker's.
#pragma once

#include "proxy_node.hpp"

#include <selvedge/downstream/acceptor.hpp>

#include <string>
#include <string_view>

namespace selvedge::bench {

class DirectTransport;

class DirectWire {
public:
  // The connection begins with the first bytes and speaks what they speak.
  DirectWire(ProxyNode& node, downstream::Acceptor& acceptor);
  // Closes the connection.
  ~DirectWire();
  DirectWire(const DirectWire&) = delete;
  DirectWire& operator=(const DirectWire&) = delete;

  // Everything the node answers to these bytes, valid until the next call.
  std::string_view say(std::string_view bytes);
  bool is_closed() const { return transport_ == nullptr; }

private:
  friend class DirectTransport;
  void run_reader();

  ProxyNode& node_;
  DirectTransport* transport_ = nullptr; // the connection's; null when that has closed it
  std::string_view to_node_;
  std::string from_node_;
  boost::intrusive_ptr<net::TransportOwner> reader_; // waits for input
  bool has_hung_up_ = false;
};

// What client connections need of a node beside its proxy. Limits that would end a connection
// while it is measured are off.
class ClientSide {
public:
  explicit ClientSide(ProxyNode& node);
  downstream::Acceptor& acceptor() { return acceptor_; }

private:
  downstream::Connections connections_;
  downstream::Acceptor acceptor_;
};

} // namespace selvedge::bench
