// The client side of TLS for one origin: whom it trusts, what it offers, and the sessions that
// spare later connections most of the handshake. Immutable but for those sessions.
// Owner: the origin; connections keep it alive. Thread: one worker; each worker has its own, so
// that sessions need no lock.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/net/options.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace selvedge::net {

struct TlsClientOptions {
  bool verify = true;             // the certificate's chain and name
  std::string ca_file;            // PEM: what is in it is trusted; empty: the system's authorities
  CertificateOptions certificate; // of ours, for servers that ask for one; empty: none
  std::vector<std::string> protocols{"h2", "http/1.1"}; // for ALPN, the best first; empty: no ALPN
};

// Why a connection that we opened has failed. How long it may take is up to who waits for it.
enum class TlsFailure : std::uint8_t {
  none,
  closed,      // the peer ended the connection without saying so in TLS
  protocol,    // no TLS, no common version, a fatal alert, a forged record
  certificate, // of the server: not valid, of nobody that we trust, or of another name
};

// What a handshake that failed so is for those who made the request. Nothing of that has been sent
// yet; but a certificate does not become right by another try.
base::Error handshake_error(TlsFailure failure);

class TlsClientContext {
public:
  // Throws std::runtime_error that names the file when one cannot be used.
  explicit TlsClientContext(const TlsClientOptions& options);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  // A new connection, for TlsTransport. `server_name` is a host name or an IP address, without the
  // port: the certificate must have it among its subjectAltNames (RFC 9525, 6), and a host name is
  // sent as SNI (RFC 6066, 3). The newest session with that name is resumed if the server agrees.
  // Null: this can be no name of a server. Throws std::bad_alloc when OpenSSL cannot make one.
  ssl_st* new_connection(const std::string& server_name) const;

private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_session_st* session) const;
    void operator()(ssl_st* connection) const;
  };
  using Session = std::unique_ptr<ssl_session_st, Free>;

  // OpenSSL's callback: a server has sent what resumes this session.
  static int remember(ssl_st* connection, ssl_session_st* session);
  void resume(ssl_st* connection, const std::string& name) const;

  const bool verify_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  // By server name. Connections point at their entry, so none is ever removed.
  mutable std::map<std::string, Session> sessions_;
};

using TlsClientContextPtr = std::shared_ptr<const TlsClientContext>;

} // namespace selvedge::net
