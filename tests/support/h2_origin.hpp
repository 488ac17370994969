// An HTTP/2 server for tests of the client's side: it notes what it is asked and answers as the
// test says, right or wrong. Bytes in, bytes out. Thread: one.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvedge::test {

class H2Origin {
public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  using Settings = std::vector<nghttp2_settings_entry>;

  struct Stream {
    std::string head; // of the request: "name: value\n"
    std::string content;
    bool has_ended = false;
    bool is_closed = false;
    std::uint32_t error_code = 0;
    std::string answer; // what is left to send
    bool is_complete = false;
    Fields trailers;
  };

  // `consumes`: content of requests is taken at once; else the test says when, with consume().
  explicit H2Origin(const Settings& settings = {}, bool consumes = true) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_http_messaging(options, 1); // so that it sends what is malformed
    if (!consumes) nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_session_server_new2(&session_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }
  ~H2Origin() { nghttp2_session_del(session_); }
  H2Origin(const H2Origin&) = delete;
  H2Origin& operator=(const H2Origin&) = delete;

  nghttp2_session* session() { return session_; }
  Stream& stream(std::int32_t id) { return streams_[id]; }
  std::size_t streams() const { return streams_.size(); }
  std::int32_t last() const { return streams_.empty() ? 0 : streams_.rbegin()->first; }
  bool was_said_goodbye() const { return was_said_goodbye_; }
  std::size_t pings() const { return pings_; }
  const std::map<int, std::uint32_t>& settings() const { return settings_; } // of the client

  // --- answers
  void respond(std::int32_t id, const Fields& fields) { // without content
    const std::vector<nghttp2_nv> made = list(fields);
    nghttp2_submit_response(session_, id, made.data(), made.size(), nullptr);
  }
  // With content, that is complete or goes on with append().
  void respond(std::int32_t id, const Fields& fields, std::string content,
               bool is_complete = true) {
    streams_[id].answer = std::move(content);
    streams_[id].is_complete = is_complete;
    nghttp2_data_provider provider{};
    provider.read_callback = read_answer;
    const std::vector<nghttp2_nv> made = list(fields);
    nghttp2_submit_response(session_, id, made.data(), made.size(), &provider);
  }
  void append(std::int32_t id, std::string_view content, bool is_complete = false) {
    streams_[id].answer.append(content);
    streams_[id].is_complete = is_complete;
    nghttp2_session_resume_data(session_, id);
  }
  void inform(std::int32_t id, const Fields& fields) {
    const std::vector<nghttp2_nv> made = list(fields);
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, made.data(), made.size(),
                           nullptr);
  }
  void reset(std::int32_t id, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
  }
  void go_away(std::int32_t last_id) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_id, NGHTTP2_NO_ERROR, nullptr, 0);
  }

  // --- the wire
  bool input(std::string_view bytes) {
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return nghttp2_session_mem_recv(session_, data, bytes.size()) >= 0;
  }
  std::string output() {
    std::string bytes;
    const std::uint8_t* at = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &at)) > 0;) {
      bytes.append(reinterpret_cast<const char*>(at), static_cast<std::size_t>(n));
    }
    return bytes;
  }

private:
  static H2Origin& self(void* user) { return *static_cast<H2Origin*>(user); }
  static std::string text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }

  // Names are not copied, since copies are made lower case: what is malformed is sent as it is.
  std::vector<nghttp2_nv> list(const Fields& fields) {
    kept_.push_back(fields);
    std::vector<nghttp2_nv> made;
    for (auto& [name, value] : kept_.back()) {
      made.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                      reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                      NGHTTP2_NV_FLAG_NO_COPY_NAME});
    }
    return made;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    std::string& head = self(user).streams_[frame->hd.stream_id].head;
    head += text(name, name_size) + ": " + text(value, value_size) + "\n";
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Origin& me = self(user);
    const bool is_ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    const bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
    case NGHTTP2_GOAWAY:
      me.was_said_goodbye_ = true;
      break;
    case NGHTTP2_PING:
      if (!is_ack) ++me.pings_;
      break;
    case NGHTTP2_SETTINGS:
      for (std::size_t i = 0; i < frame->settings.niv; ++i) {
        me.settings_[frame->settings.iv[i].settings_id] = frame->settings.iv[i].value;
      }
      break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if (is_end) me.streams_[frame->hd.stream_id].has_ended = true;
      break;
    default:
      break;
    }
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    self(user).streams_[id].content += text(bytes, size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    Stream& stream = self(user).streams_[id];
    stream.is_closed = true;
    stream.error_code = error_code;
    return 0;
  }
  static ssize_t read_answer(nghttp2_session* session, std::int32_t id, std::uint8_t* to,
                             std::size_t room, std::uint32_t* flags, nghttp2_data_source*,
                             void* user) {
    Stream& stream = self(user).streams_[id];
    const std::size_t n = std::min(stream.answer.size(), room);
    if (n == 0 && !stream.is_complete) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(to, stream.answer.data(), n);
    stream.answer.erase(0, n);
    if (!stream.answer.empty() || !stream.is_complete) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.trailers.empty()) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const std::vector<nghttp2_nv> fields = self(user).list(stream.trailers);
    nghttp2_submit_trailer(session, id, fields.data(), fields.size());
    return static_cast<ssize_t>(n);
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  std::map<int, std::uint32_t> settings_;
  std::list<Fields> kept_;
  std::size_t pings_ = 0;
  bool was_said_goodbye_ = false;
};

} // namespace selvedge::test
