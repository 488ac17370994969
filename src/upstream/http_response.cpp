#include "http_response.hpp"

#include <selvedge/codec/h1_writer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <array>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using boost::asio::awaitable;

namespace {

constexpr unsigned kInterimResponses = 16; // before the final one
// For heads and what comes with them, and for content in chunks; the rest of other content is read
// to where it stays.
constexpr std::size_t kBufferBytes = 32768;

} // namespace

// Sends the content of the request while the answer is awaited. It shares the connection, and ends
// when that is closed.
class HttpResponse::Upload final : public http::BodySink,
                                   public std::enable_shared_from_this<HttpResponse::Upload> {
public:
  Upload(ServerConnectionPtr connection, http::BodySource& content, bool is_chunked,
         const OriginOptions& options, net::Worker& worker)
      : connection_(std::move(connection)), content_(&content), is_chunked_(is_chunked),
        timeout_(options.idle_timeout), time_for_head_(options.first_byte_timeout), worker_(worker),
        more_(worker.io().get_executor()) {}

  void start() {
    content_->set_sink(this);
    boost::asio::co_spawn(worker_.io(), run(shared_from_this()), boost::asio::detached);
  }
  // The request goes away: its content must not be touched any more.
  void stop() {
    if (content_ != nullptr) content_->set_sink(nullptr);
    content_ = nullptr;
    more_.set();
  }
  void on_body_ready() override { more_.set(); }
  bool is_done() const { return is_done_; }
  base::Steady done_at() const { return done_at_; }

private:
  static awaitable<void> run(std::shared_ptr<Upload> self) {
    for (;;) {
      if (self->content_ == nullptr) co_return;
      std::array<std::string_view, 1> view;
      const auto found = self->content_->peek(view);
      if (found.state == http::BodyState::pending) {
        self->connection_->hold_read_deadline(); // the client's time, not the server's
        co_await self->more_.wait();
        self->connection_->restart_read_deadline(self->timeout_);
        continue;
      }
      if (found.state == http::BodyState::failed) {
        self->connection_->cancel(); // the client has gone: its request is never completed
        co_return;
      }
      if (found.state == http::BodyState::end) break;
      const std::string piece = self->framed(view[0]);
      const std::size_t used = view[0].size();
      const base::Result<void> sent = co_await self->connection_->write(piece, self->timeout_);
      if (!sent || self->content_ == nullptr) co_return;
      self->content_->consume(used);
      self->connection_->restart_read_deadline(self->timeout_);
    }
    if (self->is_chunked_) {
      const base::Result<void> sent =
          co_await self->connection_->write("0\r\n\r\n", self->timeout_);
      if (!sent) co_return;
    }
    self->is_done_ = true;
    self->done_at_ = self->worker_.now().steady;
    self->connection_->restart_read_deadline(self->time_for_head_);
  }

  std::string framed(std::string_view bytes) const {
    if (!is_chunked_) return std::string(bytes);
    std::array<char, 20> buffer;
    std::string piece(codec::h1::chunk_head(bytes.size(), buffer));
    piece.append(bytes).append("\r\n");
    return piece;
  }

  ServerConnectionPtr connection_;
  http::BodySource* content_;
  bool is_chunked_;
  std::chrono::milliseconds timeout_;
  std::chrono::milliseconds time_for_head_; // once all is sent
  net::Worker& worker_;
  net::Event more_;
  base::Steady done_at_{};
  bool is_done_ = false;
};

HttpResponse::HttpResponse(std::shared_ptr<Server> server, ServerConnectionPtr connection,
                           const FetchRequest& request)
    : server_(std::move(server)), connection_(std::move(connection)), request_(request) {
  if (request_.cancellation != nullptr) request_.cancellation->set_target(connection_.get());
}

HttpResponse::~HttpResponse() {
  if (!is_finished_) finish();
}

base::Result<std::string> HttpResponse::request_head() const {
  const http::RequestHead& head = *request_.head;
  std::string buffer;
  constexpr std::size_t kOthers = 512; // the words of the head that are ours
  std::size_t size = kOthers + head.method_text.size() + head.target.size() +
                     head.authority.size() + server_->options().host.size();
  for (const http::Field& field : head.fields) size += field.name.size() + field.value.size() + 4;
  buffer.resize(size);
  codec::h1::Writer out(buffer);
  codec::h1::write_request_line(out, head.method_text, head.target);
  out.field("host", server_->options().host.empty() ? head.authority : server_->options().host);
  for (const http::Field& field : head.fields) out.field(field.name, field.value);
  if (request_.content != nullptr) {
    const bool is_known = head.content_length.has_value();
    codec::h1::write_framing(
        out, is_known ? codec::h1::Framing::content_length : codec::h1::Framing::chunked,
        head.content_length.value_or(0));
  } else if (head.method == http::Method::post || head.method == http::Method::put ||
             head.method == http::Method::patch) {
    out.field("content-length", "0");
  }
  out.end_of_head();
  // Part of a head would make content of the client's a request of its own.
  if (!out.fits()) return Error{ErrorCode::internal, ErrorSource::internal};
  buffer.resize(out.size());
  return buffer;
}

awaitable<base::Result<void>> HttpResponse::begin() {
  const base::Result<std::string> head = request_head();
  if (!head) co_return head.error();
  const base::Result<std::string_view> left = connection_->write_now(*head);
  if (!left) co_return left.error();
  if (!left->empty()) {
    const base::Result<void> sent =
        co_await connection_->write(*left, server_->options().first_byte_timeout);
    if (!sent) co_return sent.error();
  }
  if (request_.content != nullptr) {
    upload_ =
        std::make_shared<Upload>(connection_, *request_.content, !request_.head->content_length,
                                 server_->options(), server_->worker());
    upload_->start();
  }
  asked_at_ = server_->worker().now().steady;
  const base::Result<void> answered = co_await read_head();
  has_final_head_ = answered.has_value();
  co_return answered;
}

void HttpResponse::begin_head() {
  head_ = http::ResponseHead{};
  arena_.clear();
  codec::h1::HeadLimits limits;
  limits.head_bytes = server_->options().head_bytes;
  limits.target_bytes = 0;
  limits.fields = 256;
  parser_.emplace(head_, arena_, limits);
  if (request_.head->method == http::Method::head) parser_->expect_no_content();
}

// RFC 9110, 15.2: any number of interim responses may come; a server that sends nothing else must
// not keep the request for ever. 101 was not asked for (15.2.2), and 100 is about the content that
// is sent here without waiting for it (10.1.1).
base::Result<void> HttpResponse::take_interim() {
  const bool is_switch = head_.status == 101;
  if (is_switch || ++interim_responses_ > kInterimResponses) {
    return Error{ErrorCode::protocol, ErrorSource::upstream};
  }
  asked_at_ = server_->worker().now().steady; // a sign of life
  if (head_.status != 100 && request_.interim != nullptr) request_.interim->on_interim(head_);
  return {};
}

awaitable<base::Result<void>> HttpResponse::read_more(std::chrono::milliseconds timeout) {
  kept_.assign(std::string(input_)); // input_ may lie in kept_ or in the buffer read into next
  input_ = {};
  // Not filled with zeros first, as a vector would be.
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  const std::span<char> room(buffer_.get(), kBufferBytes);
  const base::Result<std::size_t> got = co_await connection_->read(room, timeout);
  if (!got) co_return got.error();
  take_input({buffer_.get(), *got});
  if (!kept_.empty()) {
    kept_.append(input_);
    input_ = kept_;
  }
  co_return base::Result<void>();
}

void HttpResponse::take_input(std::string_view bytes) {
  input_ = bytes;
  stream_ended_ = bytes.empty();
  server_->count_received(bytes.size());
}

// A head that comes byte by byte is as late as one that does not come.
std::chrono::milliseconds HttpResponse::time_for_head() {
  const std::chrono::milliseconds whole = server_->options().first_byte_timeout;
  if (upload_ && !upload_->is_done()) return whole;
  if (upload_) asked_at_ = std::max(asked_at_, upload_->done_at());
  const auto left = whole - (server_->worker().now().steady - asked_at_);
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(1));
}

awaitable<base::Result<void>> HttpResponse::read_head() {
  begin_head();
  bool has_bytes = false;
  for (;;) {
    const std::chrono::milliseconds time = time_for_head();
    const base::Result<void> more = co_await read_more(time);
    if (!more) {
      Error error = more.error();
      if (has_bytes) error.retry = base::Retry::never;
      co_return error;
    }
    if (stream_ended_) {
      const bool may_retry = connection_->was_used() && !has_bytes;
      co_return Error{ErrorCode::closed, ErrorSource::upstream,
                      may_retry ? base::Retry::if_reused : base::Retry::never};
    }
    has_bytes = true;
    while (!input_.empty()) {
      const auto step = parser_->feed(input_);
      if (!step) co_return step.error();
      input_.remove_prefix(step->used);
      if (parser_->is_head_done()) {
        const base::Result<void> checked = parser_->finish_head();
        if (!checked) co_return checked.error();
        if (head_.status >= 200) co_return base::Result<void>();
        const base::Result<void> taken = take_interim();
        if (!taken) co_return taken.error();
        begin_head(); // of the next response on the same connection
        continue;
      }
      if (step->needs_more) break;
    }
  }
}

// The next piece of content that is already here; empty when more input is needed or at the end.
base::Result<std::string_view> HttpResponse::parse_content() {
  while (!input_.empty() && !parser_->is_done()) {
    const auto step = parser_->feed(input_);
    if (!step) return step.error();
    input_.remove_prefix(step->used);
    if (!step->content.empty()) return step->content;
    if (step->needs_more) break;
  }
  return std::string_view();
}

// Content that is not in chunks can be read to where it stays.
awaitable<base::Result<std::string_view>> HttpResponse::read_into(std::span<char> room) {
  while (!parser_->is_done()) {
    const base::Result<std::string_view> piece = parse_content();
    if (!piece || !piece->empty()) co_return piece;
    if (parser_->is_done()) break;
    if (stream_ended_) {
      if (connection_->was_cut_off()) co_return Error{ErrorCode::closed, ErrorSource::upstream};
      const base::Result<void> ended = parser_->feed_end();
      if (!ended) co_return ended.error();
      break;
    }
    const std::chrono::milliseconds timeout = server_->options().idle_timeout;
    if (room.empty() || !input_.empty() || parser_->is_chunked()) {
      const base::Result<void> more = co_await read_more(timeout);
      if (!more) co_return more.error();
      continue;
    }
    const base::Result<std::size_t> got = co_await connection_->read(room, timeout);
    if (!got) co_return got.error();
    take_input({room.data(), *got});
  }
  trailers_ = parser_->trailers();
  if (!is_finished_) finish();
  co_return std::string_view();
}

void HttpResponse::finish() {
  is_finished_ = true;
  if (request_.cancellation != nullptr) request_.cancellation->set_target(nullptr);
  const bool upload_done = !upload_ || upload_->is_done();
  if (upload_) upload_->stop();
  // What was refused, an interim response too, may be followed by anything.
  const bool may_keep = has_final_head_ && parser_->is_done() && parser_->may_keep_alive() &&
                        !stream_ended_ && upload_done && input_.empty();
  if (!may_keep) {
    connection_->close();
    return;
  }
  server_->give_back(std::move(connection_));
}

} // namespace selvedge::upstream
