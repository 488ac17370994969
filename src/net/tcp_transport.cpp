#include "tcp_transport.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace selvedge::net {

namespace {

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

} // namespace

TcpTransport::TcpTransport(int socket, std::string peer, Worker& worker)
    : socket_(socket), worker_(worker), peer_(std::move(peer)) {
  // Without memory for it in the kernel nothing would ever be heard of it: it looks closed.
  if (!worker_.poller().add(socket_, *this)) ::shutdown(socket_, SHUT_RDWR);
}

TcpTransport::~TcpTransport() {
  if (socket_ >= 0) TcpTransport::close();
}

IoResult TcpTransport::read(std::span<char> into) {
  for (;;) {
    const ssize_t n = ::recv(socket_, into.data(), into.size(), 0);
    if (n > 0) {
      const auto bytes = static_cast<std::size_t>(n);
      // What comes after a short read is a new edge; but the end of the input is not.
      const bool may_have_more = bytes == into.size() || ended_;
      readable_ = may_have_more;
      return {.bytes = bytes, .may_have_more = may_have_more};
    }
    if (n == 0) return {.state = IoState::closed};
    if (errno == EINTR) continue;
    if (!would_block()) return {.state = IoState::closed, .is_cut_off = true};
    readable_ = false;
    return {.state = IoState::blocked};
  }
}

IoResult TcpTransport::write(std::span<const iovec> parts) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  std::size_t wanted = 0;
  for (const iovec& part : parts) wanted += part.iov_len;
  for (;;) {
    const ssize_t n = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (n >= 0) {
      const auto bytes = static_cast<std::size_t>(n);
      if (bytes < wanted) writable_ = false; // it filled the socket: room is a new edge
      return {.bytes = bytes};
    }
    if (errno == EINTR) continue;
    if (!would_block()) return {.state = IoState::closed};
    writable_ = false;
    return {.state = IoState::blocked};
  }
}

void TcpTransport::wait(Direction direction, TransportOwner& owner) {
  const bool is_read = direction == Direction::read;
  (is_read ? reader_ : writer_) = &owner;
  // As if the edge came now.
  const bool is_possible = is_read ? readable_ : writable_;
  if (is_possible && !is_ready()) worker_.make_ready(*this, lane(), tenant());
}

void TcpTransport::on_ready(Poller::Ready ready) {
  readable_ |= ready.readable;
  ended_ |= ready.ended;
  writable_ |= ready.writable;
  if (ready.writable && !on_room()) writable_ = false;
  // The first may end the connection, and this with it; the second then finds it closed.
  boost::intrusive_ptr<TransportOwner> reader, writer;
  if (readable_) reader.swap(reader_);
  if (writable_) writer.swap(writer_);
  if (reader) reader->on_readable();
  if (writer) writer->on_writable();
}

void TcpTransport::shut_down_output() {
  ::shutdown(socket_, SHUT_WR);
}

void TcpTransport::reset() {
  const linger now{1, 0}; // close(2) sends RST
  if (socket_ >= 0) ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  TcpTransport::close(); // without TLS's goodbye, which would say that all is there
}

void TcpTransport::close() {
  reader_.reset();
  writer_.reset();
  if (socket_ < 0) return;
  worker_.poller().remove(socket_, *this);
  ::close(std::exchange(socket_, -1));
}

} // namespace selvedge::net
