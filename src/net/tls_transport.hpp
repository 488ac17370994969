// TLS as a Transport: OpenSSL works on the socket itself, so that bytes are copied once, and the
// loop only waits for readiness. The handshake runs inside the first reads.
#pragma once

#include "tcp_transport.hpp"

#include <selvedge/net/tls_context.hpp>

namespace selvedge::net {

class TlsTransport final : public TcpTransport {
public:
  TlsTransport(boost::asio::ip::tcp::socket socket, TlsContextPtr context);
  ~TlsTransport() override;

  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const iovec> parts) override;
  void wait(Direction direction, TransportOwner& owner) override;
  void shut_down_output() override;
  void close() override;
  bool is_secure() const override { return true; }

private:
  IoState state_after(int result, Direction direction);

  TlsContextPtr context_; // its callbacks use it during the handshake
  ssl_st* ssl_;
  // What OpenSSL wants before it can go on with a read or a write: either may need the other.
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool is_broken_ = false; // no close_notify may follow a fatal error
};

} // namespace selvedge::net
