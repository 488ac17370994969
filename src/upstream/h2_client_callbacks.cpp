#include "h2_client_callbacks.hpp"

#include "h2_client_session.hpp"
#include "h2_response.hpp"

namespace selvedge::upstream {

namespace {

// Null: nobody wants to hear of the stream any more.
H2Response* response_of(nghttp2_session* session, std::int32_t id) {
  return static_cast<H2Response*>(nghttp2_session_get_stream_user_data(session, id));
}

std::string_view text_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void*) {
  H2Response* const response = response_of(session, frame->hd.stream_id);
  if (response != nullptr) response->on_head_begin();
  return 0;
}

int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
              nghttp2_rcbuf* value, std::uint8_t, void*) {
  H2Response* const response = response_of(session, frame->hd.stream_id);
  if (response != nullptr) response->on_field(text_of(name), text_of(value));
  return 0;
}

// RFC 9113, 8.2.1: a field with forbidden characters makes the message malformed. The library
// leaves such a field out unless it is told that.
int on_invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                      std::uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void*) {
  const nghttp2_frame_hd& header = frame->hd;
  H2Response* response = response_of(session, header.stream_id);
  if (response == nullptr) return 0;
  if (header.type == NGHTTP2_RST_STREAM) response->on_reset();
  if (header.type == NGHTTP2_HEADERS) {
    response->on_head_end();
    response = response_of(session, header.stream_id); // a head may be too much for it
  }
  const bool may_end = header.type == NGHTTP2_HEADERS || header.type == NGHTTP2_DATA;
  const bool is_end = may_end && (header.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (is_end && response != nullptr) response->on_end();
  return 0;
}

int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
            std::size_t size, void*) {
  H2Response* const response = response_of(session, id);
  if (response == nullptr) {
    nghttp2_session_consume(session, id, size);
  } else {
    response->on_content({reinterpret_cast<const char*>(bytes), size});
  }
  return 0;
}

int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void*) {
  H2Response* const response = response_of(session, id);
  if (response != nullptr) response->on_closed(code);
  return 0;
}

int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    static_cast<H2ClientSession::Notes*>(user)->was_broken = true;
  }
  if (frame->hd.type == NGHTTP2_HEADERS) {
    H2Response* const response = response_of(session, frame->hd.stream_id);
    if (response != nullptr) response->on_sent();
  }
  return 0;
}

} // namespace

void set_client_callbacks(nghttp2_session_callbacks& callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(&callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback2(&callbacks, on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(&callbacks, on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(&callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(&callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(&callbacks, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(&callbacks, on_frame_sent);
}

ssize_t read_request_content(nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                             std::size_t room, std::uint32_t* flags, nghttp2_data_source*, void*) {
  H2Response* const response = response_of(session, id);
  if (response == nullptr) return NGHTTP2_ERR_DEFERRED; // its RST_STREAM is on the way
  const H2Response::Piece piece = response->take_content({reinterpret_cast<char*>(into), room});
  switch (piece.state) {
  case http::BodyState::end:
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    break;
  case http::BodyState::pending:
    return NGHTTP2_ERR_DEFERRED;
  case http::BodyState::failed:
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; // behind the RST_STREAM that tells why
  case http::BodyState::ready:
    break;
  }
  return static_cast<ssize_t>(piece.bytes);
}

} // namespace selvedge::upstream
