// The plain Transport: a non-blocking TCP socket.
#pragma once

#include <selvedge/net/transport.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace selvedge::net {

class TcpTransport : public Transport {
public:
  // Requires: the socket is connected and non-blocking.
  explicit TcpTransport(boost::asio::ip::tcp::socket socket);

  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const iovec> parts) override;
  void wait(Direction direction, TransportOwner& owner) override;
  void shut_down_output() override;
  void close() override;
  bool is_secure() const override { return false; }
  std::string_view peer_address() const override { return peer_; }

protected:
  int fd() { return socket_.native_handle(); }
  void wait_for(boost::asio::ip::tcp::socket::wait_type what, Direction direction,
                TransportOwner& owner);

private:
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
};

} // namespace selvedge::net
