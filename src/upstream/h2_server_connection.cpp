#include "h2_server_connection.hpp"

#include <algorithm>
#include <utility>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using base::Retry;

H2ServerConnection::H2ServerConnection(net::Worker& worker,
                                       std::unique_ptr<net::Transport> transport,
                                       const OriginOptions& options, OriginCounters& counters,
                                       std::shared_ptr<ServerState> state)
    : worker_(worker), transport_(std::move(transport)), options_(options), counters_(counters),
      state_(std::move(state)), is_secure_(transport_->is_secure()), session_(options.head_bytes) {}

H2ServerConnection::~H2ServerConnection() {
  if (transport_) transport_->close();
}

void H2ServerConnection::start() {
  schedule_flush();
  // What came with the end of a handshake may be in the transport already.
  worker_.post([keep = H2ServerConnectionPtr(this)] { keep->on_readable(); });
}

void H2ServerConnection::close() {
  if (is_closed()) return;
  const H2ServerConnectionPtr keep(this);
  on_change_ = nullptr; // who closes it knows
  if (!is_in_session_) {
    session_.terminate(); // RFC 9113, 6.8: with a GOAWAY, if there is room for it
    flush();
  }
  end(ErrorCode::closed);
}

// --- fetches

boost::asio::awaitable<base::Result<OriginResponsePtr>>
H2ServerConnection::fetch(const FetchRequest& request, std::shared_ptr<const void> keep) {
  const H2ServerConnectionPtr self(this);
  if (request.cancellation != nullptr && request.cancellation->is_cancelled()) {
    co_return Error{ErrorCode::cancelled, ErrorSource::internal};
  }
  if (!has_room()) {
    const ErrorCode code = is_usable() ? ErrorCode::overloaded : ErrorCode::closed;
    co_return Error{code, ErrorSource::upstream, Retry::yes};
  }
  auto response = std::make_unique<H2Response>(self, request, std::move(keep));
  const base::Result<void> begun = co_await response->begin();
  if (!begun) co_return begun.error();
  co_return OriginResponsePtr(std::move(response));
}

bool H2ServerConnection::is_usable() const {
  return !is_closed() && session_.allows_request();
}

bool H2ServerConnection::has_room() const {
  const std::size_t most = std::min<std::size_t>(kStreams, session_.most_streams());
  return is_usable() && streams_.size() < most && !is_held_up();
}

// The server hears of what was read in steps of half a window, so it may have as little as that.
bool H2ServerConnection::is_held_up() const {
  return unread_ >= H2ClientSession::kConnectionWindow / 2;
}

base::Result<std::int32_t> H2ServerConnection::open(const H2RequestHead& head,
                                                    H2Response& response) {
  const base::Result<std::int32_t> id = session_.open(head, response);
  if (!id) return id;
  was_used_ = true;
  streams_.push_back(response);
  schedule_flush();
  return id;
}

void H2ServerConnection::leave(H2Response& response, std::int32_t id) {
  forget(response);
  session_.reset(id, NGHTTP2_CANCEL);
  schedule_flush();
}

void H2ServerConnection::forget(H2Response& response) {
  streams_.erase(streams_.iterator_to(response));
}

void H2ServerConnection::resume(std::int32_t id) {
  session_.resume(id);
  schedule_flush();
}

void H2ServerConnection::consume(std::int32_t id, std::size_t bytes) {
  if (bytes == 0) return;
  const bool was_held_up = is_held_up();
  unread_ -= bytes;
  if (is_closed()) return;
  session_.consume(id, bytes);
  if (session_.wants_to_send() || was_held_up != is_held_up()) schedule_flush();
}

// --- the transport

void H2ServerConnection::on_readable() {
  if (is_closed()) return;
  worker_.refresh_now();
  const H2ServerConnectionPtr keep(this);
  for (;;) {
    const net::IoResult got = transport_->read(worker_.input_buffer());
    if (got.state == net::IoState::blocked) break;
    if (got.state == net::IoState::closed) return lose(ErrorCode::closed);
    was_heard_ = true;
    counters_.bytes_read.add(got.bytes);
    if (state_) state_->bytes_received.fetch_add(got.bytes, std::memory_order_relaxed);
    is_in_session_ = true;
    const bool is_well = session_.receive({worker_.input_buffer().data(), got.bytes});
    is_in_session_ = false;
    if (is_closed()) return;
    if (!is_well) return lose(ErrorCode::protocol);
    flush();
    settle();
    if (is_closed()) return;
    if (!got.may_have_more) break;
  }
  transport_->wait(net::Direction::read, *this);
}

// Everything that is to be sent because of this turn leaves at once, at its end.
void H2ServerConnection::schedule_flush() {
  if (is_in_session_ || flush_is_scheduled_ || is_closed()) return;
  flush_is_scheduled_ = true;
  worker_.post([keep = H2ServerConnectionPtr(this)] {
    keep->flush_is_scheduled_ = false;
    keep->flush();
    keep->settle();
  });
}

void H2ServerConnection::flush() {
  while (!is_closed() && !is_blocked_) {
    is_in_session_ = true;
    const std::size_t size = session_.send(worker_.output_buffer());
    is_in_session_ = false;
    if (size == 0) break;
    if (!is_closed()) write({worker_.output_buffer().data(), size});
  }
}

void H2ServerConnection::write(std::string_view bytes) {
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  const net::IoResult result = transport_->write({&part, 1});
  if (result.state == net::IoState::closed) return lose(ErrorCode::closed);
  pending_output_.assign(bytes.substr(result.bytes));
  if (!pending_output_.empty() || result.is_holding) await_room();
}

void H2ServerConnection::await_room() {
  is_blocked_ = true;
  transport_->wait(net::Direction::write, *this);
}

void H2ServerConnection::on_writable() {
  if (is_closed()) return;
  worker_.refresh_now();
  const H2ServerConnectionPtr keep(this);
  is_blocked_ = false;
  if (!pending_output_.empty()) {
    const std::string pending = std::exchange(pending_output_, {});
    write(pending);
  }
  flush();
  settle();
}

// --- its life

// After all that the session may have changed.
void H2ServerConnection::settle() {
  if (is_closed()) return;
  if (session_.was_broken() && session_.is_over()) return lose(ErrorCode::protocol);
  const bool is_done = streams_.empty() && !session_.allows_request();
  if (is_done || session_.is_over()) return lose(ErrorCode::closed);
  if (streams_.empty()) {
    keepalive_.disarm();
    is_pinging_ = false;
  } else if (!keepalive_.is_armed()) {
    was_heard_ = false;
    worker_.arm(keepalive_, kKeepalive);
  }
  tell();
}

// A server that has gone without a word, behind a router that forgot it, is found out by a PING.
void H2ServerConnection::on_keepalive() {
  const H2ServerConnectionPtr keep(this);
  if (!std::exchange(was_heard_, false)) {
    if (is_pinging_) return lose(ErrorCode::timeout);
    is_pinging_ = true;
    session_.ping();
  } else {
    is_pinging_ = false;
  }
  worker_.arm(keepalive_, kKeepalive);
  schedule_flush();
}

void H2ServerConnection::tell() {
  const Told now{has_room(), is_usable(), streams_.size()};
  const bool is_news = now.has_room != told_.has_room || now.is_usable != told_.is_usable ||
                       now.streams < told_.streams;
  told_ = now;
  if (!is_news || !on_change_) return;
  const std::function<void()> on_change = on_change_; // it may be replaced meanwhile
  on_change();
}

// It ended, but not by close().
void H2ServerConnection::lose(ErrorCode code) {
  if (is_closed()) return;
  const H2ServerConnectionPtr keep(this);
  end(code);
  const std::function<void()> on_change = std::exchange(on_change_, nullptr);
  if (on_change) on_change();
}

void H2ServerConnection::end(ErrorCode code) {
  if (is_closed()) return; // by a transport that broke while it was closed
  keepalive_.disarm();
  const std::unique_ptr<net::Transport> transport = std::move(transport_);
  while (!streams_.empty()) {
    H2Response& response = streams_.front();
    streams_.pop_front();
    response.on_lost(code);
  }
  transport->close();
}

} // namespace selvedge::upstream
