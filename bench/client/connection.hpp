// One connection of a benchmark's client: TCP to a port of loopback, with TLS when a context is
// given. Nothing here blocks: what cannot go on says for what it waits, and the caller's epoll
// tells when to call again. Owned and called by one thread.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace selvedge::bench {

enum class Io { ok, wants_read, wants_write, closed };

struct Transfer {
  Io state = Io::ok;
  std::size_t bytes = 0;
};

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeContext>;

// TLS 1.3 with X25519 (P-256 where the server insists) and AES-128-GCM, so that every server does
// the same work; no resumption, and the certificate is not looked at. `protocol` is what ALPN
// offers: "h2" or "http/1.1".
TlsContext client_context(std::string_view protocol);

class Connection {
public:
  struct Options {
    std::uint16_t port = 0;     // of 127.0.0.1, where the server listens
    std::uint32_t source = 1;   // 127.0.0.x: each address has ports of its own
    SSL_CTX* context = nullptr; // nullptr: cleartext
    int segment = 0;            // bytes of the largest one (RFC 9293, 3.7.1); 0: loopback's 64 KiB
  };

  // Throws std::system_error when there is no descriptor, address or port left.
  explicit Connection(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int descriptor() const { return descriptor_; }
  SSL* tls() const { return tls_.get(); }

  // The TCP connection, then TLS. Io::ok: both are there.
  Io open();
  Transfer read(std::span<char> into);
  Transfer write(std::string_view bytes);
  // Says that nothing more will be written: close_notify and FIN.
  void end_output();

private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  Io state_after(int result);

  int descriptor_ = -1;
  bool is_connected_ = false;
  std::unique_ptr<SSL, FreeTls> tls_;
};

// Lets this process have as many descriptors as its hard limit allows. Throws std::runtime_error
// when that is fewer than `needed`.
void allow_descriptors(std::size_t needed);

} // namespace selvedge::bench
