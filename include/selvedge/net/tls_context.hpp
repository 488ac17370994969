// The server side of TLS for one listener: certificates chosen by the name the client asks for,
// protocols by ALPN, session tickets that any worker and any later configuration accepts.
// Immutable once made: a reload makes another, and connections keep theirs.
// Thread: any, after construction.
#pragma once

#include <selvedge/net/options.hpp>
#include <selvedge/net/ticket_keys.hpp>

#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace selvedge::net {

class TlsContext {
public:
  // Throws std::runtime_error that names the file when a certificate or key cannot be used.
  TlsContext(const TlsOptions& options, const TicketKeys& keys);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // A new server connection. Throws std::bad_alloc when OpenSSL cannot make one.
  ssl_st* new_connection() const;

  struct Certificate {
    ssl_ctx_st* context = nullptr;
    std::vector<std::string> names; // of the leaf, lower case; "*.example.com" for wildcards
  };
  const Certificate* certificate_for(std::string_view name) const;
  const TicketKeys& ticket_keys() const { return keys_; }

private:
  TicketKeys keys_;
  std::vector<Certificate> certificates_;
  std::vector<unsigned char> alpn_; // wire form, in order of preference
};

using TlsContextPtr = std::shared_ptr<const TlsContext>;

// A private key and a self-signed certificate for loopback development, as PEM text.
struct DevelopmentCertificate {
  std::string certificate;
  std::string key;
};
DevelopmentCertificate make_development_certificate();

} // namespace selvedge::net
