// TLS as a Transport, of either side. OpenSSL reads from the socket and writes its records into the
// worker's sealed buffer, from where all of them leave with one system call. The handshake of a
// client runs inside the first reads; who opens a connection takes it as a step of its own.
#pragma once

#include "tcp_transport.hpp"

#include <selvedge/net/tls_client_context.hpp>
#include <selvedge/net/tls_context.hpp>

namespace selvedge::net {

class TlsTransport final : public TcpTransport {
public:
  // A client's connection that we accepted.
  TlsTransport(int socket, std::string peer, Worker& worker, TlsContextPtr context);
  // A connection that we opened. Takes `connection`, which `context` made; handshake() comes next.
  TlsTransport(int socket, std::string peer, Worker& worker, TlsClientContextPtr context,
               ssl_st* connection);
  ~TlsTransport() override;

  // --- Of a connection that we opened.
  // ok: done. blocked: wait for Direction::read and call again. closed: failed, see failure().
  // What follows may have come along already: once done, read() comes before a wait for reading.
  // Until then write() is blocked, and a wait for writing would end at once.
  IoState handshake();
  // Chosen by the server (ALPN); empty: none was.
  std::string_view protocol() const;
  // Why handshake(), read() or write() said closed; none: the peer has said goodbye.
  TlsFailure failure() const;
  // For logs: of any failure ("wrong version number"), and what is wrong with the certificate
  // ("hostname mismatch"). Empty when there is nothing to say.
  std::string_view failure_text() const { return failure_text_; }
  std::string verify_error() const;

  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const iovec> parts) override;
  void shut_down_output() override;
  void close() override;
  bool is_secure() const override { return true; }

  const TlsPeer* tls_peer() const override { return &peer_; }
  bool awaits_handshake() const override { return has_hello_ && !may_proceed_; }
  void proceed() override;
  void give_ticket(std::string_view note) override;

  // --- OpenSSL's callbacks, for a client's connection
  static TlsTransport& of(const ssl_st* connection);
  // False: not yet.
  bool on_hello();
  const std::string& note_to_give() const { return note_to_give_; }
  void take_note(std::string_view note);

private:
  friend struct TlsBio; // OpenSSL's view of the socket
  bool on_room() override;
  void attach();
  IoState state_after(int result);
  void note_failure();
  bool has_said_goodbye() const; // the peer
  std::size_t sealed_room() const;
  void send_sealed();
  bool send_held();
  void say_goodbye();
  void look_at_peer();

  const std::shared_ptr<const void> context_; // of either side; OpenSSL's callbacks use it
  const TlsContext* const server_ = nullptr;  // the same one, of a client's connection
  ssl_st* ssl_;
  std::size_t sealed_ = 0;  // bytes in the worker's buffer; 0 whenever a call has returned
  std::size_t batch_;       // bytes of records for one system call
  std::string held_;        // records that the socket had no room for
  bool is_at_end_ = false;  // of the input
  bool is_broken_ = false;  // no close_notify may follow a fatal error
  bool shuts_down_ = false; // when everything held has gone out
  bool has_hello_ = false;
  bool may_proceed_ = false;
  bool was_looked_at_ = false; // the peer, once the handshake was done
  TlsPeer peer_;
  std::string server_name_;
  std::string note_; // that came
  std::string note_to_give_;
  TlsFailure failure_ = TlsFailure::none;
  std::string_view failure_text_; // OpenSSL's, which lives as long as the process
};

} // namespace selvedge::net
