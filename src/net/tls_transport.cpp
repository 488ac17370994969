#include "tls_transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace selvedge::net {

using boost::asio::ip::tcp;

namespace {

constexpr std::size_t kRecordBytes = 16384; // the largest TLS record (RFC 8446, 5.1)

// The next bytes of `parts` as one run: the first part itself when it fills a record, else a copy
// of as much as a record holds, since one full record costs less than several small ones.
std::string_view next_record(std::span<const iovec> parts, std::span<char> scratch) {
  if (parts.size() == 1 || parts[0].iov_len >= kRecordBytes) {
    return {static_cast<const char*>(parts[0].iov_base), parts[0].iov_len};
  }
  std::size_t size = 0;
  for (const iovec& part : parts) {
    const std::size_t n = std::min(part.iov_len, scratch.size() - size);
    std::memcpy(scratch.data() + size, part.iov_base, n);
    size += n;
    if (size == scratch.size()) break;
  }
  return {scratch.data(), size};
}

// Takes `bytes` off the front. Returns what is left.
std::span<iovec> advance(std::span<iovec> parts, std::size_t bytes) {
  while (!parts.empty() && bytes >= parts[0].iov_len) {
    bytes -= parts[0].iov_len;
    parts = parts.subspan(1);
  }
  if (bytes > 0) {
    parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + bytes;
    parts[0].iov_len -= bytes;
  }
  return parts;
}

} // namespace

TlsTransport::TlsTransport(tcp::socket socket, TlsContextPtr context)
    : TcpTransport(std::move(socket)), context_(std::move(context)),
      ssl_(context_->new_connection()) {
  SSL_set_fd(ssl_, fd());
  SSL_set_accept_state(ssl_);
}

TlsTransport::~TlsTransport() {
  SSL_free(ssl_);
}

IoState TlsTransport::state_after(int result, Direction direction) {
  const int error = SSL_get_error(ssl_, result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) {
    if (direction == Direction::write) write_wants_read_ = true;
    return IoState::blocked;
  }
  if (error == SSL_ERROR_WANT_WRITE) {
    if (direction == Direction::read) read_wants_write_ = true;
    return IoState::blocked;
  }
  if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) is_broken_ = true;
  return IoState::closed;
}

IoResult TlsTransport::read(std::span<char> into) {
  read_wants_write_ = false;
  ERR_clear_error(); // SSL_get_error() looks at what others left in this thread's queue
  std::size_t total = 0;
  while (total < into.size()) {
    std::size_t n = 0;
    const int result = SSL_read_ex(ssl_, into.data() + total, into.size() - total, &n);
    if (result != 1) {
      const IoState state = state_after(result, Direction::read);
      if (total == 0) return {state, 0, false};
      return {IoState::ok, total, state == IoState::closed};
    }
    total += n;
    // What is not buffered in OpenSSL yet, the next wait reports.
    if (SSL_has_pending(ssl_) == 0) return {IoState::ok, total, false};
  }
  return {IoState::ok, total, true};
}

IoResult TlsTransport::write(std::span<const iovec> all) {
  write_wants_read_ = false;
  ERR_clear_error();
  std::array<char, kRecordBytes> scratch;
  std::array<iovec, 64> copy;
  const std::size_t count = std::min(all.size(), copy.size());
  std::copy_n(all.begin(), count, copy.begin());
  std::span<iovec> parts(copy.data(), count);
  std::size_t total = 0;
  while (!parts.empty()) {
    const std::string_view record = next_record(parts, scratch);
    std::size_t n = 0;
    const int result = record.empty() ? 1 : SSL_write_ex(ssl_, record.data(), record.size(), &n);
    if (result != 1) {
      const IoState state = state_after(result, Direction::write);
      if (total == 0) return {state, 0, false};
      return {IoState::ok, total, false};
    }
    total += n;
    parts = advance(parts, n);
  }
  return {IoState::ok, total, false};
}

void TlsTransport::wait(Direction direction, TransportOwner& owner) {
  const bool wants_write = direction == Direction::read ? read_wants_write_ : !write_wants_read_;
  wait_for(wants_write ? tcp::socket::wait_write : tcp::socket::wait_read, direction, owner);
}

void TlsTransport::shut_down_output() {
  if (!is_broken_ && SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
  ERR_clear_error();
  TcpTransport::shut_down_output();
}

void TlsTransport::close() {
  if (!is_broken_ && SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
  ERR_clear_error();
  TcpTransport::close();
}

} // namespace selvedge::net
