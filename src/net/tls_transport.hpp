// TLS as a Transport. OpenSSL reads from the socket and writes its records into the worker's sealed
// buffer, from where all of them leave with one system call. The handshake runs inside the first
// reads.
#pragma once

#include "tcp_transport.hpp"

#include <selvedge/net/tls_context.hpp>

namespace selvedge::net {

class TlsTransport final : public TcpTransport {
public:
  TlsTransport(int socket, std::string peer, Worker& worker, TlsContextPtr context);
  ~TlsTransport() override;

  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const iovec> parts) override;
  void shut_down_output() override;
  void close() override;
  bool is_secure() const override { return true; }

private:
  friend struct TlsBio; // OpenSSL's view of the socket
  bool on_room() override;
  IoState state_after(int result);
  std::size_t sealed_room() const;
  void send_sealed();
  bool send_held();
  void say_goodbye();

  TlsContextPtr context_; // its callbacks use it during the handshake
  ssl_st* ssl_;
  std::size_t sealed_ = 0;  // bytes in the worker's buffer; 0 whenever a call has returned
  std::size_t batch_;       // bytes of records for one system call
  std::string held_;        // records that the socket had no room for
  bool is_at_end_ = false;  // of the input
  bool is_broken_ = false;  // no close_notify may follow a fatal error
  bool shuts_down_ = false; // when everything held has gone out
};

} // namespace selvedge::net
