#include "h1_connection.hpp"

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace selvedge::downstream {

using codec::h1::Framing;
using codec::h1::Writer;

namespace {

constexpr std::size_t kCopied = 8192;       // content up to this size is copied behind its head
constexpr std::size_t kFlushAt = 32768;     // of answers collected in one turn
constexpr std::size_t kTurnBytes = 1 << 19; // written in one turn, then others have theirs
constexpr std::size_t kLookBytes = 65536;   // before it is asked whether the turn is over
constexpr std::size_t kLookInput = 4096;    // likewise, of content that comes in small chunks
constexpr std::size_t kViews = 16;
constexpr std::size_t kStatusLineBytes = 64; // at most, with the empty line behind the fields
constexpr std::size_t kInterimBytes = 32768; // of interim responses that wait for their turn
constexpr std::size_t kEmptyLineBytes = 16;  // before one request; then they are malformed requests

iovec part_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

} // namespace

H1Connection::H1Connection(Arrival arrival, ConnectionSet& set, RequestHandler& handler)
    : Connection(std::move(arrival), set, handler) {}

// --- input

void H1Connection::on_input(std::string_view bytes) {
  is_using_input_ = true;
  has_had_its_turn_ = false;
  const std::size_t used = use(bytes);
  is_using_input_ = false;
  if (is_closed()) return;
  if (used < bytes.size()) {
    keep_input(bytes.substr(used));
    const bool waits_for_turn = state_ == Request::complete || is_blocked();
    if (has_had_its_turn_ && !waits_for_turn && !is_refused_) go_on_later();
    const std::size_t limit = limits().head_bytes + limits().target_bytes + kFlushAt;
    // Chunk headers without an end; heads have a limit of their own.
    if (!waits_for_turn && !has_had_its_turn_ && kept_input() > limit && !answer_.has_begun) {
      refuse({base::ErrorCode::bad_request, base::ErrorSource::downstream});
    }
    if (waits_for_turn) pause_reading();
  }
  flush_block();
  set_timer();
}

std::size_t H1Connection::use(std::string_view bytes) {
  std::size_t used = 0;
  std::size_t looked_at = 0;
  while (used < bytes.size() && !is_closed() && !is_refused_ && !is_blocked()) {
    if (state_ == Request::complete) break; // its answer is under way
    if (state_ == Request::none) {
      // RFC 9112, 2.2: an empty line before a request is ignored. A CR or LF alone is none.
      const std::string_view begin = bytes.substr(used, 2);
      if (begin == "\r") break;
      if (begin == "\r\n" && (empty_line_bytes_ += 2) <= kEmptyLineBytes) {
        used += 2;
        continue;
      }
      if (used > 0 && worker().is_turn_over()) {
        has_had_its_turn_ = true;
        break;
      }
      begin_request();
    }
    if (!step(bytes.substr(used), used)) break;
    if (block_size_ > kFlushAt) flush_block();
    if (used - looked_at < kLookInput) continue;
    looked_at = used;
    has_had_its_turn_ = used < bytes.size() && worker().is_turn_over();
    if (has_had_its_turn_) break;
  }
  return used;
}

void H1Connection::begin_request() {
  Stream::clear();
  answer_ = Answer{};
  empty_line_bytes_ = 0;
  state_ = Request::head;
  Stream::begin(worker(), client_);
  codec::h1::HeadLimits head_limits;
  head_limits.head_bytes = limits().head_bytes;
  head_limits.fields = limits().head_fields;
  head_limits.target_bytes = limits().target_bytes;
  parser_.emplace(request_, arena(), head_limits);
}

// One step of the parser. False: more input is needed, or none may be used now.
bool H1Connection::step(std::string_view bytes, std::size_t& used) {
  const auto result = parser_->feed(bytes);
  if (!result) {
    refuse(result.error());
    return false;
  }
  used += result->used;
  if (!result->content.empty()) take_content(result->content);
  if (is_closed() || is_refused_) return false;
  if (state_ == Request::head && parser_->is_head_done()) {
    const auto checked = parser_->finish_head();
    if (!checked) {
      refuse(checked.error());
      return false;
    }
    start_exchange();
  } else if (state_ == Request::content && parser_->is_done()) {
    state_ = Request::complete;
    content_.finish();
  }
  if (is_reading_paused()) return false;
  return !result->needs_more && !is_closed();
}

void H1Connection::start_exchange() {
  ++requests_;
  counters().h1_requests.add();
  request_.scheme = client_.is_secure ? "https" : "http";
  if (request_.content_length.value_or(0) > limits().body_bytes) {
    return refuse({base::ErrorCode::body_too_large, base::ErrorSource::downstream});
  }
  answer_.closes =
      !parser_->may_keep_alive() || set_.is_draining() || requests_ >= limits().requests;
  state_ = Request::complete;
  if (!parser_->is_done()) {
    state_ = Request::content;
    content_.begin(this, &set_.held_content());
    content_at_ = worker().now().steady;
    content_seen_ = answer_seen_ = 0;
  }
  set_standing(handler_.identify(*this));
  note_asker(standing());
  // It was read before others because it was not known whose it is; it is not served before them.
  const overload::Lane own = overload::lane_of(standing().importance);
  is_postponed_ = was_read_early() && worker().lists().has_before(own);
  if (is_postponed_) return go_on_later(own);
  serve();
}

void H1Connection::on_turn() {
  if (!std::exchange(is_postponed_, false)) {
    on_body_ready();
    // Content was not read while there was no room, and its time did not run.
    if (!is_closed() && state_ == Request::content && !answer_.has_begun) set_timer();
    return;
  }
  if (answer_.has_begun || is_refused_) return;
  serve();
  if (is_closed()) return;
  content_at_ = worker().now().steady; // it was not read meanwhile
  flush_block();
  set_timer();
}

void H1Connection::serve() {
  is_in_handler_ = true;
  handler_.on_request(*this);
  is_in_handler_ = false;
  if (is_closed()) return;
  if (answer_.has_begun) {
    pump();
  } else if (state_ == Request::content && parser_->expects_continue()) {
    append_to_block("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

void H1Connection::take_content(std::string_view bytes) {
  if (set_.is_crowded_by_bodies(standing().importance)) return refuse_crowded();
  content_.append(bytes);
  if (content_.received() > limits().body_bytes) {
    content_.fail();
    if (answer_.has_begun) return close();
    return refuse({base::ErrorCode::body_too_large, base::ErrorSource::downstream});
  }
  if (content_.buffered() >= limits().body_buffer) pause_reading();
}

void H1Connection::refuse_crowded() {
  counters().crowded_bodies.add();
  refuse({base::ErrorCode::overloaded, base::ErrorSource::downstream});
}

void H1Connection::on_content_used(std::size_t) {
  if (is_refused_) return;
  if (state_ == Request::content && content_.buffered() < limits().body_buffer / 2) {
    if (is_reading_paused()) content_at_ = worker().now().steady;
    resume_reading();
  }
}

void H1Connection::refuse(base::Error error) {
  if (is_closed()) return;
  is_refused_ = true;
  content_.fail();
  if (answer_.has_begun) return close(); // too late for another answer
  if (state_ == Request::none) begin_request();
  answer_.closes = true;
  is_in_handler_ = true;
  handler_.on_refused(*this, error);
  is_in_handler_ = false;
  content_.abandon();
  if (!is_closed() && answer_.has_begun) pump();
}

void H1Connection::on_end_of_input() {
  // A client may have shut down its sending side and still wait for the answer; without a request
  // under way there is nothing to wait for.
  if (state_ == Request::complete && !is_refused_ && answer_.has_begun) {
    answer_.closes = true;
    pause_reading();
    return;
  }
  close();
}

// --- output

std::string_view H1Connection::block() {
  return {worker().output_buffer().data(), block_size_};
}

void H1Connection::append_to_block(std::string_view text) {
  if (block_size_ + text.size() > worker().output_buffer().size()) flush_block();
  if (is_closed()) return;
  SELVEDGE_ASSERT(block_size_ + text.size() <= worker().output_buffer().size());
  std::memcpy(worker().output_buffer().data() + block_size_, text.data(), text.size());
  block_size_ += text.size();
}

void H1Connection::flush_block() {
  if (block_size_ == 0 || is_closed()) return;
  if (is_blocked()) {
    append_pending(block());
    block_size_ = 0;
    return;
  }
  const iovec part = part_of(block());
  const std::size_t own = block_size_;
  block_size_ = 0;
  write({&part, 1}, own);
}

void H1Connection::inform(http::Status status, std::span<const http::Field> fields) {
  const bool has_request = state_ == Request::content || state_ == Request::complete;
  if (is_closed() || is_blocked() || !has_request || answer_.has_begun) return;
  if (request_.version == http::Version::http_1_0) return; // RFC 9110, 15.2
  std::size_t room = kStatusLineBytes;
  for (const http::Field& field : fields) room += field.name.size() + field.value.size() + 4;
  const std::size_t before = interim_.size();
  if (before + room > kInterimBytes) return;
  interim_.resize(before + room);
  Writer head({interim_.data() + before, room});
  codec::h1::write_status_line(head, status);
  for (const http::Field& field : fields) head.field(field.name, field.value);
  head.end_of_head();
  SELVEDGE_ASSERT(head.fits());
  interim_.resize(before + head.size());
  // From the loop: the caller goes on with the stream, which a failing write would end.
  if (before > 0) return;
  worker().post([keep = boost::intrusive_ptr<H1Connection>(this)] { keep->flush_interim(); });
}

void H1Connection::append_interim() {
  const std::string text = std::exchange(interim_, {});
  if (!text.empty()) append_to_block(text);
}

void H1Connection::flush_interim() {
  if (is_closed() || interim_.empty()) return; // it went out in front of the answer
  append_interim();
  flush_block();
  if (!is_closed() && is_blocked()) set_timer();
}

void H1Connection::respond(const Response& response) {
  SELVEDGE_ASSERT(!answer_.has_begun);
  const boost::intrusive_ptr<H1Connection> keep(this);
  answer_.has_begun = true;
  note_answer(*this);
  answer_.content = request_.method == http::Method::head ? nullptr : response.content;
  if (response.closes_connection || is_refused_) answer_.closes = true;
  // A client that is still sending content which nobody will read: end the connection instead.
  if (state_ == Request::content) answer_.closes = true;

  const bool is_old = request_.version == http::Version::http_1_0;
  if (http::has_no_content(response.status)) {
    answer_.framing = Framing::none;
  } else if (response.content_length || answer_.content == nullptr) {
    answer_.framing = Framing::content_length;
    answer_.length_left = answer_.content != nullptr ? *response.content_length : 0;
  } else if (is_old) {
    answer_.framing = Framing::until_close;
    answer_.closes = true;
  } else {
    answer_.framing = Framing::chunked;
  }
  write_head(response);
  if (!is_in_handler_ && !is_closed()) {
    pump();
    if (!is_closed()) flush_block();
    if (!is_closed()) set_timer();
  }
}

void H1Connection::write_head(const Response& response) {
  append_interim();
  if (block_size_ > kFlushAt) flush_block();
  if (is_closed()) return;
  Writer head(worker().output_buffer().subspan(block_size_));
  codec::h1::write_status_line(head, response.status);
  if (response.block != nullptr) head.text(response.block->wire());
  for (const http::Field& field : response.fields) head.field(field.name, field.value);
  // For HEAD without a known length, nothing is said rather than something wrong.
  const bool says_framing = request_.method != http::Method::head || response.content_length;
  if (says_framing) {
    codec::h1::write_framing(head, answer_.framing, response.content_length.value_or(0));
  }
  if (answer_.closes) {
    head.text("connection: close\r\n");
  } else if (request_.version == http::Version::http_1_0) {
    head.text("connection: keep-alive\r\n");
  }
  head.end_of_head();
  if (!head.fits() && block_size_ > 0) {
    flush_block();
    return write_head(response);
  }
  if (!head.fits()) return close(); // a head beyond what the buffer holds cannot be sent
  block_size_ += head.size();
}

void H1Connection::pump() {
  const std::uint64_t began_at = answer_.written;
  while (!is_closed() && answer_.has_begun && !is_blocked() && pump_once()) {
    const std::uint64_t written = answer_.written - began_at;
    if (written < kTurnBytes && (written < kLookBytes || !worker().is_turn_over())) continue;
    flush_block();
    return go_on_later();
  }
}

// Writes some content. False: nothing more can be done now.
bool H1Connection::pump_once() {
  if (answer_.content == nullptr) {
    end_answer(true);
    return false;
  }
  std::array<std::string_view, kViews> views;
  const auto found = answer_.content->peek(views);
  switch (found.state) {
  case http::BodyState::pending:
    flush_block();
    return false;
  case http::BodyState::failed:
    end_answer(false);
    return false;
  case http::BodyState::end:
    end_answer(answer_.length_left == 0);
    return false;
  case http::BodyState::ready:
    break;
  }
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < found.count; ++i) size += views[i].size();
  if (answer_.framing == Framing::content_length && size > answer_.length_left) {
    end_answer(false); // more than was announced: the client must not take it for the next answer
    return false;
  }
  if (answer_.framing == Framing::chunked) {
    if (answer_.chunk_left == 0) {
      std::array<char, 20> buffer;
      if (answer_.owes_crlf) append_to_block("\r\n");
      append_to_block(codec::h1::chunk_head(size, buffer));
      answer_.chunk_left = size;
      answer_.owes_crlf = true;
      if (is_blocked() || is_closed()) return false;
    }
    size = std::min(size, answer_.chunk_left);
  }
  const std::size_t written = write_content({views.data(), found.count}, size);
  if (is_closed()) return false;
  answer_.content->consume(written);
  answer_.written += written;
  if (answer_.framing == Framing::chunked) answer_.chunk_left -= written;
  if (answer_.framing == Framing::content_length) {
    answer_.length_left -= written;
    if (found.is_last && answer_.length_left == 0) {
      end_answer(true);
      return false;
    }
  }
  return !is_blocked();
}

// The first `size` bytes of `views`: copied behind the head when small, else from where they are.
// Returns how many were taken.
std::size_t H1Connection::write_content(std::span<const std::string_view> views,
                                        std::uint64_t size) {
  if (size <= kCopied && block_size_ + size <= worker().output_buffer().size()) {
    std::uint64_t left = size;
    for (const std::string_view view : views) {
      append_to_block(view.substr(0, left));
      left -= std::min<std::uint64_t>(left, view.size());
    }
    return size;
  }
  std::array<iovec, kViews + 1> parts;
  std::size_t count = 0;
  if (block_size_ > 0) parts[count++] = part_of(block());
  std::uint64_t left = size;
  for (const std::string_view view : views) {
    if (left == 0) break;
    parts[count++] = part_of(view.substr(0, left));
    left -= std::min<std::uint64_t>(left, view.size());
  }
  const std::size_t own = block_size_;
  block_size_ = 0;
  return write({parts.data(), count}, own);
}

void H1Connection::end_chunked() {
  if (answer_.framing != Framing::chunked || answer_.content == nullptr) return;
  append_to_block(answer_.owes_crlf ? "\r\n0\r\n" : "0\r\n");
  for (const http::Field& field : answer_.content->trailers()) {
    for (const std::string_view part : {field.name, std::string_view(": "), field.value}) {
      append_to_block(part);
    }
    append_to_block("\r\n");
  }
  append_to_block("\r\n");
}

void H1Connection::end_answer(bool is_complete) {
  if (!is_complete) return give_up_answer();
  end_chunked();
  const bool closes = answer_.closes;
  Stream::end({true});
  answer_ = Answer{};
  if (closes) is_refused_ = true; // no further request
  content_.abandon();
  if (closes) {
    flush_block();
    if (!is_closed()) close_after_output();
    return;
  }
  state_ = Request::none;
  if (is_using_input_) return; // the loop in use() goes on with what is there
  flush_block();
  if (is_closed()) return;
  set_timer();
  if (is_reading_paused()) resume_reading();
}

// What is missing shows by the length, or by the last chunk; where the end is that of the
// connection, only a reset tells. What was written of it goes out: a head that nobody sees would be
// no answer.
void H1Connection::give_up_answer() {
  if (is_closed()) return;
  if (answer_.framing == Framing::until_close) return cut_off();
  flush_block();
  close();
}

void H1Connection::on_output_drained() {
  content_at_ = worker().now().steady; // nothing was read meanwhile
  on_body_ready();
  if (is_closed() || is_blocked() || is_refused_) return;
  if (!answer_.has_begun) set_timer(); // what went out was an interim response
  const bool is_full =
      state_ == Request::content && content_.buffered() >= limits().body_buffer / 2;
  if (state_ != Request::complete && !is_full) resume_reading();
}

void H1Connection::on_body_ready() {
  const boost::intrusive_ptr<H1Connection> keep(this);
  if (is_closed() || is_blocked() || !answer_.has_begun) return;
  pump();
  if (is_closed()) return;
  flush_block();
  if (!is_closed()) set_timer();
}

void H1Connection::abort() {
  // From the loop: whoever aborts is still using the stream.
  worker().post([keep = boost::intrusive_ptr<H1Connection>(this)] { keep->give_up_answer(); });
}

// --- life

// The next answer says that it is the last (RFC 9112, 9.6). Where none is owed, a request may be on
// its way, and closing would lose it.
void H1Connection::begin_drain() {
  if (state_ == Request::none) return set_timer();
  if (!answer_.has_begun) answer_.closes = true;
}

void H1Connection::on_closing() {
  content_.fail();
  interim_.clear();
  Stream::end({false});
  content_.leave_held();
  answer_ = Answer{};
}

} // namespace selvedge::downstream
