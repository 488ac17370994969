#include "tcp_transport.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace selvedge::net {

using boost::asio::ip::tcp;

namespace {

std::string address_of(const tcp::socket& socket) {
  boost::system::error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

} // namespace

TcpTransport::TcpTransport(tcp::socket socket)
    : socket_(std::move(socket)), peer_(address_of(socket_)) {}

IoResult TcpTransport::read(std::span<char> into) {
  for (;;) {
    const ssize_t n = ::recv(fd(), into.data(), into.size(), 0);
    if (n > 0) {
      const auto bytes = static_cast<std::size_t>(n);
      return {IoState::ok, bytes, bytes == into.size()};
    }
    if (n == 0) return {IoState::closed, 0, false};
    if (errno == EINTR) continue;
    const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK;
    return {blocked ? IoState::blocked : IoState::closed, 0, false};
  }
}

IoResult TcpTransport::write(std::span<const iovec> parts) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t n = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    if (n >= 0) return {IoState::ok, static_cast<std::size_t>(n), false};
    if (errno == EINTR) continue;
    const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK;
    return {blocked ? IoState::blocked : IoState::closed, 0, false};
  }
}

void TcpTransport::wait(Direction direction, TransportOwner& owner) {
  wait_for(direction == Direction::read ? tcp::socket::wait_read : tcp::socket::wait_write,
           direction, owner);
}

void TcpTransport::wait_for(tcp::socket::wait_type what, Direction direction,
                            TransportOwner& owner) {
  socket_.async_wait(what, [direction, keep = boost::intrusive_ptr<TransportOwner>(&owner)](
                               const boost::system::error_code& error) {
    if (error == boost::asio::error::operation_aborted) return;
    if (direction == Direction::read) {
      keep->on_readable();
    } else {
      keep->on_writable();
    }
  });
}

void TcpTransport::shut_down_output() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void TcpTransport::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

} // namespace selvedge::net
