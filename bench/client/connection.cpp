#include "connection.hpp"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace selvedge::bench {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint32_t last_octet, std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(0x7f000000u | last_octet);
  at.sin_port = htons(port);
  return at;
}

int connecting_socket(const Connection::Options& options) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options.segment > 0) {
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_MAXSEG, &options.segment, sizeof options.segment);
  }
  // The port is chosen by connect(), which knows that another destination leaves it free.
  ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const sockaddr_in from = loopback(options.source, 0);
  const sockaddr_in to = loopback(1, options.port);
  const bool is_bound =
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0;
  if (!is_bound || (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
                    errno != EINPROGRESS)) {
    const int error = errno;
    ::close(descriptor);
    errno = error;
    fail("connect");
  }
  return descriptor;
}

} // namespace

TlsContext client_context(std::string_view protocol) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) throw std::bad_alloc();
  std::string offered(1, static_cast<char>(protocol.size()));
  offered += protocol;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const bool is_set =
      SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256") == 1 &&
      SSL_CTX_set1_groups_list(context.get(), "X25519:P-256") == 1 &&
      SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                              static_cast<unsigned>(offered.size())) == 0;
  if (!is_set) throw std::runtime_error("OpenSSL refuses the client's settings");
  return context;
}

Connection::Connection(const Options& options) : descriptor_(connecting_socket(options)) {
  if (options.context == nullptr) return;
  tls_.reset(SSL_new(options.context));
  if (!tls_) throw std::bad_alloc();
  SSL_set_fd(tls_.get(), descriptor_);
  SSL_set_connect_state(tls_.get());
}

Connection::~Connection() {
  ::close(descriptor_);
}

Io Connection::open() {
  if (!is_connected_) {
    pollfd ready{descriptor_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 0) return Io::wants_write;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Io::closed;
    is_connected_ = true;
  }
  if (!tls_) return Io::ok;
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  return result == 1 ? Io::ok : state_after(result);
}

Io Connection::state_after(int result) {
  switch (SSL_get_error(tls_.get(), result)) {
  case SSL_ERROR_WANT_READ:
    return Io::wants_read;
  case SSL_ERROR_WANT_WRITE:
    return Io::wants_write;
  default:
    return Io::closed;
  }
}

Transfer Connection::read(std::span<char> into) {
  if (tls_) {
    std::size_t bytes = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &bytes);
    return {result == 1 ? Io::ok : state_after(result), bytes};
  }
  const ssize_t bytes = ::recv(descriptor_, into.data(), into.size(), 0);
  if (bytes > 0) return {Io::ok, static_cast<std::size_t>(bytes)};
  return {bytes < 0 && errno == EAGAIN ? Io::wants_read : Io::closed, 0};
}

Transfer Connection::write(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (tls_) {
    std::size_t written = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
    return {result == 1 ? Io::ok : state_after(result), written};
  }
  const ssize_t written = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (written >= 0) return {Io::ok, static_cast<std::size_t>(written)};
  return {errno == EAGAIN ? Io::wants_write : Io::closed, 0};
}

void Connection::end_output() {
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  ::shutdown(descriptor_, SHUT_WR);
}

void allow_descriptors(std::size_t needed) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  if (limit.rlim_max < needed) {
    throw std::runtime_error("this process may have " + std::to_string(limit.rlim_max) +
                             " descriptors (ulimit -Hn), and " + std::to_string(needed) +
                             " are needed");
  }
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
}

} // namespace selvedge::bench
