#include "h2_response.hpp"

#include "h2_request_head.hpp"
#include "h2_server_connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using base::Retry;
using boost::asio::awaitable;
using http::BodyState;
using http::FieldName;

namespace {

constexpr unsigned kInterimResponses = 16; // before the final one
constexpr std::size_t kFields = 256;
constexpr std::size_t kFieldOverhead = 32; // as RFC 9113, 6.5.2 counts

} // namespace

H2Response::H2Response(boost::intrusive_ptr<H2ServerConnection> connection,
                       const FetchRequest& request, std::shared_ptr<const void> keep)
    : connection_(std::move(connection)), keep_(std::move(keep)), request_(request),
      progress_(connection_->worker().io().get_executor()) {
  if (request_.cancellation != nullptr) request_.cancellation->set_target(this);
}

H2Response::~H2Response() {
  if (!is_finished_) finish();
}

// --- the coroutines

awaitable<base::Result<void>> H2Response::begin() {
  const OriginOptions& options = connection_->options();
  H2RequestHead::To to;
  to.authority = options.host.empty() ? request_.head->authority : options.host;
  to.is_secure = connection_->is_secure();
  to.has_content = request_.content != nullptr;
  is_reused_ = connection_->was_used();
  const base::Result<std::int32_t> opened =
      connection_->open(H2RequestHead(*request_.head, to), *this);
  if (!opened) co_return opened.error();
  id_ = *opened;
  content_ = request_.content;
  if (content_ != nullptr) content_->set_sink(this);
  arm_for_head();
  while (!has_head_ && !error_) co_await progress_.wait();
  deadline_.disarm();
  if (error_ && !has_head_) co_return *error_;
  co_return base::Result<void>();
}

awaitable<base::Result<std::string_view>> H2Response::read_into(std::span<char> room) {
  given_.clear();
  while (arrived_.empty() && filled_ == 0) {
    if (error_) co_return *error_;
    if (has_ended_) {
      if (!is_finished_) finish();
      co_return std::string_view();
    }
    room_ = room;
    connection_->worker().arm(deadline_, connection_->options().idle_timeout);
    co_await progress_.wait();
    deadline_.disarm();
    room_ = {};
  }
  co_return take(room);
}

// Requires: there is content, in the reader's room or kept.
std::string_view H2Response::take(std::span<char> room) {
  const std::size_t filled = std::exchange(filled_, 0);
  if (filled == 0) std::swap(given_, arrived_);
  const std::string_view content =
      filled > 0 ? std::string_view(room.data(), filled) : std::string_view(given_);
  connection_->consume(id_, content.size());
  return content;
}

// --- the head of the answer

void H2Response::on_sent() {
  is_sent_ = true;
}

void H2Response::on_head_begin() {
  if (!is_open()) return;
  has_answer_ = true;
  head_size_ = 0;
  if (has_head_) return; // trailers
  head_ = http::ResponseHead{};
  head_.version = http::Version::http_2;
  arena_.clear();
}

void H2Response::on_field(std::string_view name, std::string_view value) {
  if (!is_open()) return;
  head_size_ += name.size() + value.size() + kFieldOverhead;
  const std::size_t count = has_head_ ? trailers_.size() : head_.fields.size();
  if (head_size_ > connection_->options().head_bytes || count >= kFields) {
    return fail(ErrorCode::too_large);
  }
  if (name == ":status") return read_status(value);
  add_field(name, value);
}

void H2Response::read_status(std::string_view digits) {
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, head_.status);
  if (error != std::errc() || at != end || head_.status < 100) fail(ErrorCode::protocol);
}

void H2Response::add_field(std::string_view name, std::string_view value) {
  const FieldName id = http::field_name_of(name);
  if (id == FieldName::content_length) {
    // RFC 9110, 8.6: 204 has none; for HEAD and 304 it tells what a GET would get.
    std::uint64_t length = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
    const bool may_have_length = head_.status >= 200 && head_.status != 204;
    if (!has_head_ && may_have_length && read.ec == std::errc()) head_.content_length = length;
    return;
  }
  http::FieldList& fields = has_head_ ? trailers_ : head_.fields;
  const bool is_known = id != FieldName::unknown;
  fields.add(http::Field{id, is_known ? text_of(id) : arena_.copy(name), arena_.copy(value)});
}

void H2Response::on_head_end() {
  if (!is_open() || has_head_) return;
  if (head_.status < 200) return take_interim();
  has_head_ = true;
  progress_.set();
}

// As over HTTP/1: a server that sends nothing else must not keep the request for ever, 101 does not
// exist here (RFC 9113, 8.6), and 100 is about content that is sent without waiting for it.
void H2Response::take_interim() {
  const bool is_switch = head_.status == 101;
  if (is_switch || ++interim_responses_ > kInterimResponses) return fail(ErrorCode::protocol);
  arm_for_head();
  if (head_.status != 100 && request_.interim != nullptr) request_.interim->on_interim(head_);
}

// --- its content and its end

void H2Response::on_content(std::string_view bytes) {
  if (!is_open()) return;
  connection_->count_unread(bytes.size());
  const std::size_t n = arrived_.empty() ? std::min(bytes.size(), room_.size() - filled_) : 0;
  if (n > 0) std::memcpy(room_.data() + filled_, bytes.data(), n);
  filled_ += n;
  arrived_.append(bytes.substr(n));
  progress_.set();
}

void H2Response::on_end() {
  if (!is_open()) return;
  has_ended_ = true;
  progress_.set();
}

void H2Response::on_reset() {
  was_reset_ = true;
}

// RFC 9113, 8.1: behind a complete answer a reset says no more than that the rest of the request is
// not needed. Without one the answer is cut off, whatever the code.
void H2Response::on_closed(std::uint32_t code) {
  if (!is_open()) return;
  Error error{ErrorCode::closed, ErrorSource::upstream};
  if (!is_sent_ || (code == NGHTTP2_REFUSED_STREAM && !has_answer_)) {
    error.retry = Retry::yes; // RFC 9113, 8.7
  } else if (!was_reset_) {
    error.code = ErrorCode::protocol; // what came was malformed, and has been refused
  }
  stop_upload();
  connection_->forget(*this);
  if (!has_ended_) set_error(error);
}

void H2Response::on_lost(ErrorCode code) {
  stop_upload();
  Error error{code, ErrorSource::upstream};
  if (!is_sent_) {
    error.retry = Retry::yes;
  } else if (code == ErrorCode::closed && is_reused_ && !has_answer_) {
    error.retry = Retry::if_reused;
  }
  if (!has_ended_) set_error(error);
}

void H2Response::set_error(Error error) {
  if (!error_) error_ = error;
  progress_.set();
}

// --- the content of the request

H2Response::Piece H2Response::take_content(std::span<char> room) {
  if (content_ == nullptr) return {};
  std::array<std::string_view, 8> views;
  const http::BodySource::Peek found = content_->peek(views);
  if (found.state == BodyState::failed) { // the client has gone: its request is never completed
    fail(ErrorCode::cancelled, ErrorSource::internal);
    return {BodyState::failed};
  }
  std::size_t size = 0;
  bool is_all = found.state == BodyState::end || found.is_last;
  for (std::size_t i = 0; i < found.count; ++i) {
    const std::size_t n = std::min(views[i].size(), room.size() - size);
    if (n > 0) std::memcpy(room.data() + size, views[i].data(), n);
    size += n;
    is_all = is_all && n == views[i].size();
  }
  if (size > 0) content_->consume(size);
  is_uploaded_ = is_all;
  if (!has_head_) {
    // The time that the client takes is not the server's.
    if (found.state == BodyState::pending) {
      deadline_.disarm();
    } else {
      arm_for_head();
    }
  }
  return {is_all ? BodyState::end : found.state, size};
}

void H2Response::on_body_ready() {
  if (!is_open() || content_ == nullptr || is_uploaded_) return;
  if (!has_head_) arm_for_head();
  connection_->resume(id_);
}

void H2Response::stop_upload() {
  if (content_ != nullptr) content_->set_sink(nullptr);
  content_ = nullptr;
}

// --- how it ends from here

// While content is sent the server has to take some of it from time to time; then it has to answer.
void H2Response::arm_for_head() {
  const OriginOptions& options = connection_->options();
  const bool is_sending = content_ != nullptr && !is_uploaded_;
  connection_->worker().arm(deadline_,
                            is_sending ? options.idle_timeout : options.first_byte_timeout);
}

void H2Response::on_deadline() {
  // Readers of other streams may have left the server no room to send: it is not to blame.
  if (has_head_ && connection_->is_held_up()) {
    connection_->worker().arm(deadline_, connection_->options().idle_timeout);
    return;
  }
  fail(ErrorCode::timeout);
}

void H2Response::cancel() {
  if (is_finished_) return;
  error_.reset(); // it matters no more
  fail(ErrorCode::cancelled, ErrorSource::internal);
  discard();
}

void H2Response::fail(ErrorCode code, ErrorSource source) {
  leave();
  set_error({code, source});
}

void H2Response::leave() {
  deadline_.disarm();
  stop_upload();
  if (is_open()) connection_->leave(*this, id_);
}

// What nobody reads any more is given back to the windows of the others.
void H2Response::discard() {
  connection_->consume(id_, arrived_.size() + std::exchange(filled_, 0));
  arrived_.clear();
}

void H2Response::finish() {
  is_finished_ = true;
  if (request_.cancellation != nullptr) request_.cancellation->set_target(nullptr);
  leave();
  discard();
}

} // namespace selvedge::upstream
