#include "server_connection.hpp"

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using net::Direction;
using net::IoResult;
using net::IoState;

ServerConnection::ServerConnection(net::Worker& worker, std::unique_ptr<net::Transport> transport)
    : worker_(worker), transport_(std::move(transport)), readable_(worker.io().get_executor()),
      writable_(worker.io().get_executor()) {}

ServerConnection::~ServerConnection() {
  close();
}

void ServerConnection::Deadline::on_timeout() {
  const ServerConnectionPtr keep(&connection);
  connection.timed_out_ = true;
  connection.end();
}

Error ServerConnection::error_of(ErrorCode code) const {
  if (cancelled_) return {ErrorCode::cancelled, ErrorSource::internal};
  if (timed_out_) return {ErrorCode::timeout, ErrorSource::upstream};
  return {code, ErrorSource::upstream, was_used_ ? base::Retry::if_reused : base::Retry::never};
}

base::Result<std::string_view> ServerConnection::write_now(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!is_open_) return error_of(ErrorCode::closed);
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const IoResult sent = transport_->write({&part, 1});
    if (sent.state == IoState::closed) return error_of(ErrorCode::closed);
    bytes.remove_prefix(sent.bytes);
    if (sent.bytes == 0 || sent.is_holding) break;
  }
  return bytes;
}

boost::asio::awaitable<base::Result<void>>
ServerConnection::write(std::string_view bytes, std::chrono::milliseconds timeout) {
  for (;;) {
    const base::Result<std::string_view> left = write_now(bytes);
    if (!left) co_return left.error();
    if (left->empty()) co_return base::Result<void>();
    bytes = *left;
    worker_.arm(write_deadline_, timeout);
    transport_->wait(Direction::write, *this);
    co_await writable_.wait();
    write_deadline_.disarm();
  }
}

boost::asio::awaitable<base::Result<std::size_t>>
ServerConnection::read(std::span<char> into, std::chrono::milliseconds timeout) {
  for (;;) {
    if (!is_open_) co_return error_of(ErrorCode::closed);
    // While a wait is registered nothing has come: no system call to find that out.
    if (!awaits_input_) {
      const IoResult got = transport_->read(into);
      if (got.state == IoState::ok) co_return got.bytes;
      if (got.state == IoState::closed) {
        was_cut_off_ = got.is_cut_off;
        co_return std::size_t{0};
      }
      readable_.clear();
      await_input();
    }
    if (!is_deadline_held_) worker_.arm(read_deadline_, timeout);
    is_reading_ = true;
    co_await readable_.wait();
    is_reading_ = false;
    read_deadline_.disarm();
  }
}

void ServerConnection::hold_read_deadline() {
  is_deadline_held_ = true;
  read_deadline_.disarm();
}

void ServerConnection::restart_read_deadline(std::chrono::milliseconds timeout) {
  is_deadline_held_ = false;
  if (is_open_ && is_reading_) worker_.arm(read_deadline_, timeout);
}

void ServerConnection::await_input() {
  awaits_input_ = true;
  transport_->wait(Direction::read, *this);
}

void ServerConnection::on_readable() {
  awaits_input_ = false;
  worker_.refresh_now();
  if (is_idle_) return look_while_idle();
  readable_.set_now();
}

// What TLS says between requests is not for us; bytes of the server's, or its end, are the end.
void ServerConnection::look_while_idle() {
  char byte = 0;
  const IoResult got = transport_->read({&byte, 1});
  if (got.state != IoState::blocked) return close();
  await_input();
}

// The poller may not have told yet what has come.
bool ServerConnection::end_idle() {
  if (is_open_) {
    char byte = 0;
    if (transport_->read({&byte, 1}).state != IoState::blocked) close();
  }
  is_idle_ = false;
  return is_open_;
}

void ServerConnection::on_writable() {
  writable_.set_now();
}

void ServerConnection::begin_idle() {
  is_idle_ = true;
  if (is_open_ && !awaits_input_) await_input();
}

void ServerConnection::cancel() {
  cancelled_ = true;
  end();
}

void ServerConnection::end() {
  close();
  readable_.set();
  writable_.set();
}

void ServerConnection::close() {
  if (!is_open_) return;
  is_open_ = false;
  read_deadline_.disarm();
  write_deadline_.disarm();
  transport_->close();
}

} // namespace selvedge::upstream
