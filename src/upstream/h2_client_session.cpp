#include "h2_client_session.hpp"

#include "h2_client_callbacks.hpp"
#include "h2_response.hpp"

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>

namespace selvedge::upstream {

namespace {

// What a server may make us remember: answers to its PINGs and SETTINGS that have not gone out,
// entries of one SETTINGS.
constexpr std::size_t kOutboundAcks = 512;
constexpr std::size_t kSettings = 32;
constexpr std::size_t kRequestHead = 1 << 20; // clients' heads are limited where they come in

nghttp2_session* new_session(H2ClientSession::Notes& notes) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
  nghttp2_session* session = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
  if (nghttp2_option_new(&options) == 0) {
    set_client_callbacks(*callbacks);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_reserved_remote_streams(options, 0);
    nghttp2_option_set_max_outbound_ack(options, kOutboundAcks);
    nghttp2_option_set_max_settings(options, kSettings);
    nghttp2_option_set_max_send_header_block_length(options, kRequestHead);
    nghttp2_session_client_new2(&session, callbacks, &notes, options);
  }
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  if (session == nullptr) throw std::bad_alloc();
  return session;
}

} // namespace

H2ClientSession::H2ClientSession(std::uint64_t head_bytes) : session_(new_session(notes_)) {
  const auto head_size = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(head_bytes, std::numeric_limits<std::uint32_t>::max()));
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, head_size},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}, // RFC 9218, 2.1
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

H2ClientSession::~H2ClientSession() {
  nghttp2_session_del(session_);
}

bool H2ClientSession::receive(std::string_view bytes) {
  const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const bool is_well = nghttp2_session_mem_recv(session_, data, bytes.size()) >= 0;
  if (!is_well) notes_.was_broken = true; // what the library does not even answer: a flood
  return is_well;
}

std::size_t H2ClientSession::send(std::span<char> into) {
  std::size_t size = 0;
  while (size < into.size()) {
    if (unsent_.empty()) {
      const std::uint8_t* chunk = nullptr; // valid until it is asked for the next
      const ssize_t length = nghttp2_session_mem_send(session_, &chunk);
      if (length < 0) notes_.was_broken = true;
      if (length <= 0) break;
      unsent_ = {reinterpret_cast<const char*>(chunk), static_cast<std::size_t>(length)};
    }
    const std::size_t n = std::min(unsent_.size(), into.size() - size);
    std::memcpy(into.data() + size, unsent_.data(), n);
    unsent_.remove_prefix(n);
    size += n;
  }
  return size;
}

bool H2ClientSession::wants_to_send() const {
  return !unsent_.empty() || nghttp2_session_want_write(session_) != 0;
}

bool H2ClientSession::is_over() const {
  return !wants_to_send() && nghttp2_session_want_read(session_) == 0;
}

bool H2ClientSession::allows_request() const {
  return !notes_.was_broken && nghttp2_session_check_request_allowed(session_) != 0;
}

std::uint32_t H2ClientSession::most_streams() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

base::Result<std::int32_t> H2ClientSession::open(const H2RequestHead& head, H2Response& stream) {
  nghttp2_data_provider content{};
  content.read_callback = read_request_content;
  const std::span<const nghttp2_nv> fields = head.fields();
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                 head.has_content() ? &content : nullptr, &stream);
  if (id > 0) return id;
  if (id == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
  return base::Error{base::ErrorCode::closed, base::ErrorSource::upstream, base::Retry::yes};
}

void H2ClientSession::reset(std::int32_t id, std::uint32_t code) {
  nghttp2_session_set_stream_user_data(session_, id, nullptr);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
}

void H2ClientSession::resume(std::int32_t id) {
  nghttp2_session_resume_data(session_, id);
}

void H2ClientSession::consume(std::int32_t id, std::size_t bytes) {
  nghttp2_session_consume(session_, id, bytes);
}

void H2ClientSession::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void H2ClientSession::terminate() {
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
}

} // namespace selvedge::upstream
