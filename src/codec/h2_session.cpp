#include <selvedge/codec/h2_session.hpp>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <charconv>
#include <cstring>
#include <new>

namespace selvedge::codec::h2 {

namespace {

constexpr std::size_t kFrameHeadBytes = 9;
constexpr std::size_t kViews = 4; // 16 KiB of a frame seldom span more chunks

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv name_value(std::string_view name, std::string_view value) {
  // nghttp2 reads through these pointers only; its C interface has no const.
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

} // namespace

struct Callbacks {
  static ServerSession& self(void* user) { return *static_cast<ServerSession*>(user); }
  static void* stream(nghttp2_session* session, std::int32_t id) {
    return nghttp2_session_get_stream_user_data(session, id);
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    void* made = self(user).events_.on_stream_begin(frame->hd.stream_id);
    if (made == nullptr) {
      // Said before nghttp2 says INTERNAL_ERROR: the client may try again (RFC 9113, 8.7).
      self(user).reset(frame->hd.stream_id, ResetCode::refused_stream);
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, made);
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    if (void* of = stream(session, frame->hd.stream_id)) {
      self(user).events_.on_field(of, view(name, name_size), view(value, value_size));
    }
    return 0;
  }

  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame,
                               const std::uint8_t*, std::size_t, const std::uint8_t*, std::size_t,
                               std::uint8_t, void* user) {
    if (void* of = stream(session, frame->hd.stream_id)) self(user).events_.on_invalid_field(of);
    return 0;
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    void* of = stream(session, frame->hd.stream_id);
    if (of == nullptr) return 0;
    ServerEvents& events = self(user).events_;
    const bool is_head =
        frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    const bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (is_head) events.on_head_end(of, !is_end);
    if (is_end) events.on_request_end(of);
    return 0;
  }

  static int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                           const std::uint8_t* bytes, std::size_t size, void* user) {
    if (void* of = stream(session, id)) {
      self(user).events_.on_content(of, view(bytes, size));
    } else {
      nghttp2_session_consume(session, id, size);
    }
    return 0;
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const bool is_end = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!is_end) return 0;
    if (void* of = stream(session, frame->hd.stream_id)) self(user).events_.on_response_sent(of);
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error_code,
                             void* user) {
    if (void* of = stream(session, id)) self(user).events_.on_stream_closed(of, error_code);
    return 0;
  }

  // The last DATA frame of a response: trailers come behind it, if there are any.
  static void end_content(nghttp2_session* session, std::int32_t id, http::BodySource& content,
                          std::uint32_t* flags) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    boost::container::small_vector<nghttp2_nv, 4> fields;
    for (const http::Field& field : content.trailers()) {
      fields.push_back(name_value(field.name, field.value));
    }
    if (fields.empty()) return;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, id, fields.data(), fields.size());
  }

  // How much of the stream's content goes into the next DATA frame.
  static ssize_t read_content(nghttp2_session* session, std::int32_t id, std::uint8_t*,
                              std::size_t room, std::uint32_t* flags, nghttp2_data_source*,
                              void* user) {
    void* of = stream(session, id);
    if (of == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    std::array<std::string_view, kViews> views;
    http::BodySource& content = self(user).events_.content_of(of);
    const auto found = content.peek(views);
    switch (found.state) {
    case http::BodyState::pending:
      return NGHTTP2_ERR_DEFERRED;
    case http::BodyState::failed:
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    case http::BodyState::end:
      end_content(session, id, content, flags);
      return 0;
    case http::BodyState::ready:
      break;
    }
    std::size_t size = 0;
    for (std::size_t i = 0; i < found.count; ++i) size += views[i].size();
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (found.is_last && size <= room) end_content(session, id, content, flags);
    return static_cast<ssize_t>(std::min(size, room));
  }

  // Writes a DATA frame: its head, then `size` bytes of content.
  static int send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head,
                       std::size_t size, nghttp2_data_source*, void* user) {
    ServerSession& me = self(user);
    void* of = stream(session, frame->hd.stream_id);
    if (of == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (me.out_.size() - me.out_size_ < kFrameHeadBytes + size) return NGHTTP2_ERR_WOULDBLOCK;
    char* to = me.out_.data() + me.out_size_;
    std::memcpy(to, head, kFrameHeadBytes);
    to += kFrameHeadBytes;
    me.out_size_ += kFrameHeadBytes + size;
    http::BodySource& source = me.events_.content_of(of);
    while (size > 0) {
      std::array<std::string_view, kViews> views;
      const auto found = source.peek(views);
      if (found.state != http::BodyState::ready) return NGHTTP2_ERR_CALLBACK_FAILURE;
      std::size_t used = 0;
      for (std::size_t i = 0; i < found.count && size > 0; ++i) {
        const std::size_t n = std::min(size, views[i].size());
        std::memcpy(to, views[i].data(), n);
        to += n;
        used += n;
        size -= n;
      }
      source.consume(used);
    }
    return 0;
  }
};

namespace {

nghttp2_session_callbacks* shared_callbacks() {
  static nghttp2_session_callbacks* const callbacks = [] {
    nghttp2_session_callbacks* made = nullptr;
    if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, Callbacks::on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, Callbacks::on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, Callbacks::on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, Callbacks::on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, Callbacks::on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, Callbacks::on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, Callbacks::on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(made, Callbacks::send_data);
    return made;
  }();
  return callbacks;
}

nghttp2_option* shared_options() {
  static nghttp2_option* const options = [] {
    nghttp2_option* made = nullptr;
    if (nghttp2_option_new(&made) != 0) throw std::bad_alloc();
    // The window grows when content has been used, not when it has arrived: that is backpressure.
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
    nghttp2_option_set_no_closed_streams(made, 1);
    nghttp2_option_set_max_send_header_block_length(made, 1u << 20);
    return made;
  }();
  return options;
}

} // namespace

ServerSession::ServerSession(ServerEvents& events, const Options& options) : events_(events) {
  if (nghttp2_session_server_new2(&session_, shared_callbacks(), this, shared_options()) != 0) {
    throw std::bad_alloc();
  }
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options.max_head_bytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(options.connection_window));
}

ServerSession::~ServerSession() {
  nghttp2_session_del(session_);
}

base::Result<void> ServerSession::receive(std::string_view bytes) {
  const ssize_t n = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (n < 0) {
    return base::Error{base::ErrorCode::bad_request, base::ErrorSource::downstream};
  }
  return {};
}

std::size_t ServerSession::send(std::span<char> out) {
  out_ = out;
  out_size_ = 0;
  for (;;) {
    const std::size_t n = std::min(left_over_.size(), out_.size() - out_size_);
    if (n > 0) std::memcpy(out_.data() + out_size_, left_over_.data(), n);
    out_size_ += n;
    left_over_.remove_prefix(n);
    if (!left_over_.empty()) break;
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) is_broken_ = true;
    if (size <= 0) break;
    left_over_ = view(bytes, static_cast<std::size_t>(size));
  }
  out_ = {};
  return out_size_;
}

bool ServerSession::has_pending_output() const {
  return !left_over_.empty() || nghttp2_session_want_write(session_) != 0;
}

bool ServerSession::is_over() const {
  return left_over_.empty() && nghttp2_session_want_write(session_) == 0 &&
         nghttp2_session_want_read(session_) == 0;
}

void ServerSession::respond(StreamId id, const Response& response) {
  boost::container::small_vector<nghttp2_nv, 40> fields;
  char status[4] = {};
  char length[20] = {};
  std::to_chars(status, status + 3, response.status);
  fields.push_back(name_value(":status", {status, 3}));
  fields.back().flags = NGHTTP2_NV_FLAG_NO_COPY_NAME; // `status` is on the stack
  if (response.block != nullptr) {
    for (const http::Field& field : response.block->fields()) {
      fields.push_back(name_value(field.name, field.value));
    }
  }
  for (const http::Field& field : response.fields) {
    fields.push_back(name_value(field.name, field.value));
  }
  if (response.content_length) {
    const auto end = std::to_chars(length, length + sizeof length, *response.content_length).ptr;
    fields.push_back(
        name_value("content-length", {length, static_cast<std::size_t>(end - length)}));
    fields.back().flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
  }
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::read_content;
  const int result = nghttp2_submit_response(session_, id, fields.data(), fields.size(),
                                             response.has_content ? &provider : nullptr);
  if (result != 0) reset(id, ResetCode::internal_error);
}

void ServerSession::respond_interim(StreamId id, http::Status status,
                                    std::span<const http::Field> fields) {
  boost::container::small_vector<nghttp2_nv, 8> list;
  char text[4] = {};
  std::to_chars(text, text + 3, status);
  list.push_back(name_value(":status", {text, 3}));
  for (const http::Field& field : fields) list.push_back(name_value(field.name, field.value));
  // It is sent later, when the texts may be gone; names become lower case on the way.
  for (nghttp2_nv& one : list) one.flags = NGHTTP2_NV_FLAG_NONE;
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, list.data(), list.size(),
                         nullptr);
}

void ServerSession::resume(StreamId id) {
  nghttp2_session_resume_data(session_, id);
}

void ServerSession::consume(StreamId id, std::size_t bytes) {
  nghttp2_session_consume(session_, id, bytes);
}

void ServerSession::reset(StreamId id, ResetCode code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(code));
}

void ServerSession::announce_shutdown() {
  nghttp2_submit_shutdown_notice(session_);
}

void ServerSession::finish_shutdown() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void ServerSession::terminate(ResetCode code) {
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(code));
}

} // namespace selvedge::codec::h2
