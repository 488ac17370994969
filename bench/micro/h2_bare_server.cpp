#include "h2_bare_server.hpp"

#include <array>
#include <cstdint>

namespace selvedge::bench {

namespace {

constexpr std::size_t kFrameHeadBytes = 9;

} // namespace

BareH2Server::BareH2Server(const http::HeadBlock& block, std::span<const http::Field> fields,
                           std::size_t content_bytes)
    : content_(content_bytes, 'x'), content_length_(std::to_string(content_bytes)) {
  add(":status", "200");
  for (const http::Field& field : block.fields()) add(field.name, field.value);
  for (const http::Field& field : fields) add(field.name, field.value);
  add("content-length", content_length_);
  output_.reserve(65536);

  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_closed_streams(options, 1); // as the session of the node has it
  nghttp2_session_server_new2(&session_, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting, 1);
}

BareH2Server::~BareH2Server() {
  nghttp2_session_del(session_);
}

void BareH2Server::add(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  fields_.push_back({bytes(name), bytes(value), name.size(), value.size(),
                     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
}

int BareH2Server::on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  const std::vector<nghttp2_nv>& fields = static_cast<BareH2Server*>(user)->fields_;
  nghttp2_data_provider provider{};
  provider.read_callback = read_content;
  return nghttp2_submit_response(session, frame->hd.stream_id, fields.data(), fields.size(),
                                 &provider);
}

// The whole content goes into one frame.
ssize_t BareH2Server::read_content(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                                   std::uint32_t* flags, nghttp2_data_source*, void* user) {
  const std::string& content = static_cast<BareH2Server*>(user)->content_;
  if (content.size() > room) return NGHTTP2_ERR_CALLBACK_FAILURE;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY | NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(content.size());
}

int BareH2Server::send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head,
                            std::size_t size, nghttp2_data_source*, void* user) {
  auto& me = *static_cast<BareH2Server*>(user);
  me.output_.append(reinterpret_cast<const char*>(head), kFrameHeadBytes);
  me.output_.append(me.content_, 0, size);
  return 0;
}

std::string_view BareH2Server::say(std::string_view bytes) {
  output_.clear();
  nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                           bytes.size());
  const std::uint8_t* piece = nullptr;
  for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &piece)) > 0;) {
    output_.append(reinterpret_cast<const char*>(piece), static_cast<std::size_t>(n));
  }
  return output_;
}

} // namespace selvedge::bench
