#include "h2_connection.hpp"

#include <selvedge/base/assert.hpp>
#include <selvedge/codec/request_check.hpp>

#include <algorithm>
#include <utility>

namespace selvedge::downstream {

using codec::h2::ResetCode;

namespace {

constexpr std::size_t kDiscarded = 1 << 18;   // of a request that was answered early
constexpr std::uint64_t kTurnBytes = 1 << 19; // written in one turn, then others have theirs
constexpr std::size_t kLookInput = 4096; // received before it is asked whether the turn is over
constexpr std::size_t kFewStreams = 8;   // a connection may have while others have too many

codec::h2::ServerSession::Options session_options(const Limits& limits) {
  codec::h2::ServerSession::Options options;
  options.max_streams = limits.streams;
  options.stream_window =
      static_cast<std::uint32_t>(std::clamp<std::uint64_t>(limits.body_buffer, 16384, 0x7fffffff));
  options.connection_window = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(limits.body_buffer * 8, 65535, 0x7fffffff));
  options.max_head_bytes = static_cast<std::uint32_t>(limits.head_bytes);
  return options;
}

} // namespace

H2Connection::H2Connection(Arrival arrival, ConnectionSet& set, RequestHandler& handler,
                           H2StreamPool& pool)
    : Connection(std::move(arrival), set, handler), pool_(pool),
      session_(*this, session_options(limits())), input_at_(worker().now().steady),
      stream_at_(input_at_), progress_at_(input_at_) {}

H2Connection::~H2Connection() {
  SELVEDGE_ASSERT(streams_.empty());
}

// --- the connection

void H2Connection::on_input(std::string_view bytes) {
  if (set_.is_draining() && !is_draining_) begin_goodbye(); // it came while the node began to drain
  is_in_session_ = true;
  const auto result = receive(bytes);
  note_input();
  if (!is_closed()) serve_waiting();
  is_in_session_ = false;
  if (is_closed()) return;
  if (!result) session_.terminate(ResetCode::no_error);
  flush();
  if (!result && !is_closed()) return end_all(true);
  if (!is_closed()) set_timer();
}

// A few thousand small frames fit into one read: others have their turns between them.
base::Result<void> H2Connection::receive(std::string_view bytes) {
  bool is_new = !std::exchange(has_rest_, false);
  while (!is_closed()) {
    const std::string_view some = bytes.substr(0, kLookInput);
    auto result = is_new ? session_.receive(some) : session_.receive_rest(some);
    if (!result) return result;
    is_new = false;
    bytes.remove_prefix(std::min(kLookInput, bytes.size()));
    if (bytes.empty()) break;
    if (!worker().is_turn_over()) continue;
    keep_input(bytes);
    has_rest_ = true;
    go_on_later();
    break;
  }
  return {};
}

void H2Connection::flush() {
  std::uint64_t written = 0;
  while (!is_closed() && !is_blocked()) {
    is_in_session_ = true;
    const std::size_t size = session_.send(worker().output_buffer().first(block_bytes_));
    is_in_session_ = false;
    if (size == 0) break;
    const iovec part{worker().output_buffer().data(), size};
    write({&part, 1}, size);
    written += size;
    if (is_blocked()) {
      block_bytes_ = kFirstBlock;
      blocked_at_ = worker().now().steady;
    } else if (size > kFirstBlock / 2) {
      block_bytes_ = net::Worker::kOutputBytes;
    }
    const bool is_large = size > kFirstBlock / 2;
    if (!is_blocked() && (written >= kTurnBytes || (is_large && worker().is_turn_over()))) {
      return go_on_later();
    }
  }
  if (is_closed()) return;
  // A client that does not read its answers may not ask for more.
  if (is_blocked()) return pause_reading();
  if (session_.is_over() && streams_.empty()) close_after_output();
}

void H2Connection::schedule_flush() {
  if (!is_in_session_) go_on_later();
}

// The session is over: what its streams hold is not kept until the client has heard of it.
void H2Connection::end_all(bool is_fault) {
  on_closing();
  close_after_output(is_fault);
}

void H2Connection::on_turn() {
  if (is_ending()) return;
  is_in_session_ = true;
  serve_waiting();
  is_in_session_ = false;
  if (!is_closed()) flush();
  if (!is_closed()) set_timer();
}

// --- whose turn it is among the streams

// Who matters more goes first, then who is more urgent to the client (RFC 9218, 4.1), then who came
// first.
struct SoonerServed {
  bool operator()(const H2Stream* a, const H2Stream* b) const {
    const auto importance = [](const H2Stream* s) { return index_of(s->standing().importance); };
    if (importance(a) != importance(b)) return importance(a) < importance(b);
    return a->urgency() < b->urgency();
  }
};

void H2Connection::wait_for_turn(H2Stream& stream) {
  stream.is_waiting_ = true;
  stream.waits_since_ = worker().now().steady;
  waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), &stream, SoonerServed{}),
                  &stream);
}

void H2Connection::serve_waiting() {
  for (std::size_t served = 0; !waiting_.empty() && !is_closed(); ++served) {
    if (served > 0 && worker().is_turn_over()) return go_on_later();
    H2Stream* const next = waiting_.front();
    waiting_.erase(waiting_.begin());
    next->is_waiting_ = false;
    serve(*next);
  }
}

void H2Connection::serve(H2Stream& stream) {
  if (stream.has_responded_) return; // it was refused meanwhile
  // RFC 9113, 8.7: nothing was done for it, so it is safe to send again.
  const auto waited = worker().now().steady - stream.waits_since_;
  if (waited > limits().defer && stream.standing().importance != overload::Importance::premium) {
    counters().deferred_streams.add();
    return session_.reset(stream.id_, ResetCode::refused_stream);
  }
  const bool expects_continue = stream.expects_continue_;
  const codec::h2::StreamId id = stream.id_;
  note_asker(stream.standing());
  handler_.on_request(stream);
  // A stream does not end before its answer is written.
  if (expects_continue && !stream.has_responded_) session_.respond_interim(id, 100);
}

void H2Connection::on_output_drained() {
  restart_clocks();
  flush();
  if (is_closed()) return;
  set_timer();
  if (!is_blocked()) resume_reading();
}

void H2Connection::begin_drain() {
  if (is_draining_) return;
  begin_goodbye();
  flush();
}

void H2Connection::on_closing() {
  while (!streams_.empty()) end_stream(streams_.front(), false);
}

void H2Connection::end_stream(H2Stream& stream, bool is_complete) {
  // What nobody will read any more still counts against the connection's window.
  if (!is_closed() && !stream.is_answer_sent_) {
    session_.consume(stream.id_, stream.content_.buffered());
  }
  if (stream.is_waiting_) std::erase(waiting_, &stream);
  stream.connection_ = nullptr;
  stream.answer_content_ = nullptr;
  stream.content_.fail();
  stream.Stream::end({is_complete});
  streams_.erase(streams_.iterator_to(stream));
  --set_.open_streams();
  stream_at_ = worker().now().steady;
  stream.clear();
  pool_.give_back(std::unique_ptr<H2Stream>(&stream));
}

// --- events of the session

void* H2Connection::on_stream_begin(codec::h2::StreamId id) {
  if (is_closed() || has_said_goodbye_) return nullptr;
  if (set_.is_crowded_by_streams(streams_.size() < kFewStreams)) {
    counters().crowded_streams.add();
    return nullptr;
  }
  std::unique_ptr<H2Stream> stream = pool_.take();
  stream->open(*this, id);
  streams_.push_back(*stream);
  ++set_.open_streams();
  stream_at_ = worker().now().steady;
  if (++requests_ >= limits().requests && !is_draining_) begin_goodbye();
  return stream.release();
}

void H2Connection::on_field(void* stream, const http::Field& field) {
  static_cast<H2Stream*>(stream)->add_field(field);
}

void H2Connection::on_head_end(void* user, bool has_content) {
  auto& stream = *static_cast<H2Stream*>(user);
  counters().h2_requests.add();
  const auto checked = stream.finish_head(has_content);
  if (!checked) {
    stream.refusal_ = checked.error().code; // whatever content follows is not wanted
    handler_.on_refused(stream, checked.error());
    return;
  }
  if (has_content) {
    stream.content_.begin(&stream, &set_.held_content());
    stream.content_at_ = worker().now().steady;
  }
  const http::Field* expect = stream.request_.fields.find(http::FieldName::expect);
  stream.expects_continue_ =
      has_content && expect != nullptr && http::equals_ignoring_case(expect->value, "100-continue");
  stream.set_standing(handler_.identify(stream));
  // RFC 9113, 8.1.1: content that follows all the same makes it malformed.
  stream.waits_for_end_ = has_content && stream.request_.content_length == std::uint64_t{0};
  if (!stream.waits_for_end_) wait_for_turn(stream);
}

void H2Connection::on_content(void* user, std::string_view bytes) {
  auto& stream = *static_cast<H2Stream*>(user);
  if (stream.is_answer_sent_ || stream.refusal_ != base::ErrorCode::none) {
    return discard(stream, bytes.size());
  }
  if (set_.is_crowded_by_bodies(stream.standing().importance)) {
    session_.consume(stream.id_, bytes.size());
    return refuse_crowded(stream);
  }
  stream.content_.append(bytes);
  if (stream.content_.received() >= stream.seen_received_ + kLeastProgress) {
    stream.seen_received_ = stream.content_.received();
    stream.content_at_ = worker().now().steady;
  }
  if (stream.content_.received() > limits().body_bytes) {
    give_up_content(stream, base::ErrorCode::body_too_large);
  }
}

void H2Connection::refuse_crowded(H2Stream& stream) {
  counters().crowded_bodies.add();
  give_up_content(stream, base::ErrorCode::overloaded);
}

void H2Connection::give_up_content(H2Stream& stream, base::ErrorCode refusal) {
  stream.refusal_ = refusal;
  stream.content_.fail();
  if (stream.has_responded_) {
    session_.reset(stream.id_, ResetCode::cancel);
  } else {
    handler_.on_refused(stream, {stream.refusal_, base::ErrorSource::downstream});
  }
  stream.content_.abandon();
}

void H2Connection::on_request_end(void* user) {
  auto& stream = *static_cast<H2Stream*>(user);
  stream.is_request_complete_ = true;
  stream.content_.finish();
  if (std::exchange(stream.waits_for_end_, false)) wait_for_turn(stream);
}

void H2Connection::on_response_sent(void* user) {
  auto& stream = *static_cast<H2Stream*>(user);
  stream.is_answer_sent_ = true;
  stream.content_at_ = worker().now().steady;
  // A client in the middle of its request may be waiting for room that nobody would make.
  discard(stream, stream.content_.buffered());
  stream.content_.abandon();
}

// Content that nobody reads. A little is thrown away, since some clients lose the answer when their
// stream is reset; more of it is not needed (RFC 9113, 8.1).
void H2Connection::discard(H2Stream& stream, std::size_t bytes) {
  session_.consume(stream.id_, bytes);
  stream.discarded_ += bytes;
  if (stream.is_answer_sent_ && !stream.is_request_complete_ && stream.discarded_ > kDiscarded) {
    session_.reset(stream.id_, ResetCode::no_error);
  }
}

void H2Connection::on_stream_closed(void* user, std::uint32_t) {
  auto& stream = *static_cast<H2Stream*>(user);
  end_stream(stream, stream.is_answer_sent_);
}

namespace {

http::BodySource& no_content() {
  class Empty final : public http::BodySource {
    Peek peek(std::span<std::string_view>) override { return {http::BodyState::end, 0, true}; }
    void consume(std::size_t) override {}
  };
  static Empty empty;
  return empty;
}

} // namespace

http::BodySource& H2Connection::content_of(void* user) {
  auto& stream = *static_cast<H2Stream*>(user);
  return stream.answer_content_ != nullptr ? *stream.answer_content_ : no_content();
}

// --- a stream

void H2Stream::open(H2Connection& connection, codec::h2::StreamId id) {
  connection_ = &connection;
  id_ = id;
  answer_content_ = nullptr;
  head_bytes_ = 0;
  has_responded_ = is_answer_sent_ = is_request_complete_ = false;
  is_waiting_ = expects_continue_ = waits_for_end_ = is_held_back_ = false;
  has_other_scheme_ = false;
  seen_sent_ = seen_received_ = 0;
  refusal_ = base::ErrorCode::none;
  discarded_ = 0;
  begin(connection.worker(), connection.client_);
  request_.version = http::Version::http_2;
  request_.scheme = {};
}

void H2Stream::add_field(const http::Field& field) {
  const Limits& limits = connection_->limits();
  head_bytes_ += field.name.size() + field.value.size() + 32; // as RFC 9113, 6.5.2 counts
  if (refusal_ != base::ErrorCode::none) return;
  if (head_bytes_ > limits.head_bytes + limits.target_bytes ||
      request_.fields.size() >= limits.head_fields) {
    refusal_ = base::ErrorCode::head_too_large;
    return;
  }
  if (field.name.front() == ':') return add_pseudo_field(field.name, field.value);
  const bool is_known = field.id != http::FieldName::unknown;
  request_.fields.add(http::Field{field.id, is_known ? text_of(field.id) : arena().copy(field.name),
                                  arena().copy(field.value)});
}

void H2Stream::add_pseudo_field(std::string_view name, std::string_view value) {
  if (name == ":method") {
    request_.method = http::method_of(value);
    request_.method_text = arena().copy(value);
  } else if (name == ":path") {
    if (value.size() > connection_->limits().target_bytes) {
      refusal_ = base::ErrorCode::target_too_long;
    }
    request_.target = arena().copy(value);
  } else if (name == ":authority") {
    request_.authority = arena().copy(value);
  } else if (name == ":scheme") {
    has_other_scheme_ =
        !http::equals_ignoring_case(value, "https") && !http::equals_ignoring_case(value, "http");
  }
}

// RFC 9113, 8.3.1: Host says the same, or stands for :authority.
base::Result<void> H2Stream::finish_authority() {
  const base::Error bad{base::ErrorCode::bad_request, base::ErrorSource::downstream};
  const auto normal = [this](std::string_view text) {
    return http::without_default_port(text, request_.scheme);
  };
  std::size_t hosts = 0;
  for (const http::Field& field : request_.fields) {
    if (field.id != http::FieldName::host) continue;
    ++hosts;
    if (request_.authority.empty()) request_.authority = field.value;
    if (!http::equals_ignoring_case(normal(request_.authority), normal(field.value))) return bad;
  }
  if (hosts > 1 || !codec::is_authority(request_.authority)) return bad;
  request_.fields.remove(http::FieldName::host);
  return {};
}

base::Result<void> H2Stream::finish_head(bool has_content) {
  const base::Error bad{base::ErrorCode::bad_request, base::ErrorSource::downstream};
  if (refusal_ != base::ErrorCode::none)
    return base::Error{refusal_, base::ErrorSource::downstream};
  request_.has_content = has_content;
  // The scheme decides about the key of the cache: the connection's word counts, not the client's.
  request_.scheme = connection_->client_.is_secure ? "https" : "http";
  if (const http::Field* length = request_.fields.find(http::FieldName::content_length)) {
    // The session has checked that it is a number, and holds the content to it.
    std::uint64_t bytes = 0;
    for (const char c : length->value) bytes = bytes * 10 + static_cast<std::uint64_t>(c - '0');
    request_.content_length = bytes;
    request_.fields.remove(http::FieldName::content_length);
  }
  if (const auto checked = finish_authority(); !checked) return checked;
  const bool is_connect = request_.method == http::Method::connect;
  // CONNECT has no path; the handler refuses it.
  if (!is_connect && !codec::is_target(request_.target)) return bad;
  if (request_.target == "*" && request_.method != http::Method::options) return bad;
  if (has_other_scheme_) return bad;
  if (request_.method_text.size() > http::kLongestMethod) {
    return base::Error{base::ErrorCode::not_implemented, base::ErrorSource::downstream};
  }
  if (request_.content_length.value_or(0) > connection_->limits().body_bytes) {
    return base::Error{base::ErrorCode::body_too_large, base::ErrorSource::downstream};
  }
  return {};
}

void H2Stream::inform(http::Status status, std::span<const http::Field> fields) {
  if (connection_ == nullptr || has_responded_) return;
  // For a client that does not read, hints would only pile up.
  if (connection_->is_closed() || connection_->is_blocked()) return;
  connection_->session_.respond_interim(id_, status, fields);
  connection_->schedule_flush();
}

void H2Stream::respond(const Response& response) {
  SELVEDGE_ASSERT(!has_responded_);
  has_responded_ = true;
  progress_at_ = connection_->worker().now().steady;
  connection_->note_answer(*this);
  const bool has_content = response.content != nullptr && request_.method != http::Method::head &&
                           !http::has_no_content(response.status);
  answer_content_ = has_content ? response.content : nullptr;
  codec::h2::ServerSession::Response out;
  out.status = response.status;
  out.block = response.block;
  out.fields = response.fields;
  out.has_content = has_content;
  if (!http::has_no_content(response.status)) out.content_length = response.content_length;
  if (!has_content && request_.method != http::Method::head && !out.content_length &&
      !http::has_no_content(response.status)) {
    out.content_length = 0;
  }
  connection_->session_.respond(id_, out);
  connection_->schedule_flush();
}

void H2Stream::abort() {
  if (connection_ == nullptr) return;
  connection_->session_.reset(id_, ResetCode::internal_error);
  connection_->schedule_flush();
}

void H2Stream::on_body_ready() {
  if (connection_ == nullptr) return;
  connection_->session_.resume(id_);
  connection_->schedule_flush();
}

std::uint8_t H2Stream::urgency() const {
  return connection_ == nullptr ? std::uint8_t{3} : connection_->session_.urgency(id_);
}

void H2Stream::on_content_used(std::size_t bytes) {
  if (connection_ == nullptr || is_answer_sent_) return; // given back when the answer was sent
  const bool was_held_back = content_.buffered() + bytes >= connection_->limits().body_buffer / 2;
  if (was_held_back) content_at_ = connection_->worker().now().steady;
  connection_->session_.consume(id_, bytes);
  connection_->schedule_flush();
}

// --- the pool

std::unique_ptr<H2Stream> H2StreamPool::take() {
  if (free_.empty()) return std::make_unique<H2Stream>();
  std::unique_ptr<H2Stream> stream = std::move(free_.back());
  free_.pop_back();
  return stream;
}

void H2StreamPool::give_back(std::unique_ptr<H2Stream> stream) {
  if (free_.size() < kKept) free_.push_back(std::move(stream));
}

} // namespace selvedge::downstream
