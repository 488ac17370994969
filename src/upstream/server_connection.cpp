#include "server_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using boost::asio::ip::tcp;

namespace {

constexpr std::size_t kBufferBytes = 32768;
constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

} // namespace

ServerConnection::ServerConnection(net::Worker& worker)
    : worker_(worker), socket_(worker.io()), resolver_(worker.io()) {}

ServerConnection::~ServerConnection() {
  close();
}

void ServerConnection::Deadline::on_timeout() {
  connection.timed_out_ = true;
  connection.close();
}

Error ServerConnection::error_of(const boost::system::error_code& error,
                                 ErrorCode on_timeout) const {
  const base::Retry retry = was_used_ ? base::Retry::if_reused : base::Retry::never;
  if (cancelled_) return {ErrorCode::cancelled, ErrorSource::internal};
  if (timed_out_) return {on_timeout, ErrorSource::upstream};
  ErrorCode code = ErrorCode::closed;
  if (error == boost::asio::error::connection_refused ||
      error == boost::asio::error::host_unreachable ||
      error == boost::asio::error::network_unreachable) {
    code = ErrorCode::connect_refused;
  }
  return {code, ErrorSource::upstream, retry, 0, error.value()};
}

boost::asio::awaitable<base::Result<void>>
ServerConnection::connect(const std::string& server, std::chrono::milliseconds timeout) {
  const std::size_t colon = server.rfind(':');
  std::string host = server.substr(0, colon);
  const std::string port = server.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);

  worker_.arm(write_deadline_, timeout);
  std::vector<tcp::endpoint> addresses;
  boost::system::error_code not_literal;
  const auto literal = boost::asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    addresses.emplace_back(literal, static_cast<unsigned short>(std::stoi(port)));
  } else {
    auto [error, found] = co_await resolver_.async_resolve(host, port, use_tuple);
    if (error) {
      write_deadline_.disarm();
      if (timed_out_ || cancelled_) co_return error_of(error, ErrorCode::connect_timeout);
      co_return Error{ErrorCode::name_not_resolved, ErrorSource::upstream, base::Retry::yes};
    }
    for (const auto& one : found) addresses.push_back(one.endpoint());
  }
  boost::system::error_code error = boost::asio::error::host_not_found;
  for (const tcp::endpoint& address : addresses) {
    if (timed_out_ || cancelled_) break;
    boost::system::error_code ignored;
    socket_.close(ignored);
    auto [failure] = co_await socket_.async_connect(address, use_tuple);
    error = failure;
    if (!error) break;
  }
  write_deadline_.disarm();
  if (error || timed_out_ || cancelled_) {
    Error result = error_of(error, ErrorCode::connect_timeout);
    if (result.code == ErrorCode::closed) result.code = ErrorCode::connect_refused;
    if (result.code != ErrorCode::cancelled) result.retry = base::Retry::yes;
    co_return result;
  }
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  co_return base::Result<void>();
}

boost::asio::awaitable<base::Result<void>>
ServerConnection::write(std::string_view bytes, std::chrono::milliseconds timeout) {
  worker_.arm(write_deadline_, timeout);
  const auto buffer = boost::asio::buffer(bytes.data(), bytes.size());
  auto [error, written] = co_await boost::asio::async_write(socket_, buffer, use_tuple);
  write_deadline_.disarm();
  if (error) co_return error_of(error, ErrorCode::timeout);
  co_return base::Result<void>();
}

boost::asio::awaitable<base::Result<std::string_view>>
ServerConnection::read(std::chrono::milliseconds timeout) {
  // Not filled with zeros first, as a vector would be.
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  worker_.arm(read_deadline_, timeout);
  const auto buffer = boost::asio::buffer(buffer_.get(), kBufferBytes);
  auto [error, size] = co_await socket_.async_read_some(buffer, use_tuple);
  read_deadline_.disarm();
  if (error == boost::asio::error::eof) co_return std::string_view();
  if (error) co_return error_of(error, ErrorCode::timeout);
  co_return std::string_view(buffer_.get(), size);
}

void ServerConnection::cancel() {
  cancelled_ = true;
  close();
}

void ServerConnection::close() {
  boost::system::error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
}

bool ServerConnection::is_usable() {
  if (!socket_.is_open()) return false;
  char byte = 0;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

} // namespace selvedge::upstream
