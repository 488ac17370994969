// What a listener is made from.
#pragma once

#include <string>
#include <vector>

namespace selvedge::net {

struct CertificateOptions {
  std::string certificate; // PEM file: the leaf first, then the intermediates
  std::string key;         // PEM file
};

struct TlsOptions {
  // The first is the default; others are chosen by the names in them (SNI).
  std::vector<CertificateOptions> certificates;
  bool allow_tls_1_2 = true;
  bool h2 = true; // offer HTTP/2 by ALPN
  // Authorities whose client certificates are believed, PEM; empty: none are asked for.
  std::string client_ca;
  bool client_certificate_required = false; // else a client may come without one
};

struct ListenerOptions {
  std::string name;    // for logs and metrics; default: the address
  std::string address; // "127.0.0.1:8080", "[::]:8443", ":8080"; port 0: any free port
  TlsOptions tls;      // without certificates: cleartext
  int backlog = 4096;
  // Its connections carry requests of many customers, as those of a load balancer do: what one
  // request says of who asks says nothing of the next.
  bool shared = false;

  bool is_tls() const { return !tls.certificates.empty(); }
};

} // namespace selvedge::net
