// nghttp2's client against a ServerSession, over memory: what each says is handed to the other
// until both are silent. Thread: one.
#pragma once

#include <selvedge/codec/h2_session.hpp>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace selvedge::test {

using H2Fields = std::vector<std::pair<std::string, std::string>>;

class H2Client {
public:
  struct Answer {
    std::string status;
    std::string fields;         // "name: value\n", without the status
    std::string interim;        // statuses of 1xx
    std::string interim_fields; // theirs, as `fields`
    std::string content;
    bool has_ended = false;
    bool is_closed = false;
    std::uint32_t error_code = 0;
  };

  H2Client() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_http_messaging(options, 1); // so that it sends what is malformed
    nghttp2_session_client_new2(&session_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~H2Client() { nghttp2_session_del(session_); }
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;

  nghttp2_session* session() { return session_; }
  const Answer& answer(std::int32_t id) { return answers_[id]; }
  const std::vector<std::int32_t>& goaways() const { return goaways_; } // their last stream ids

  // A request without content, or with all of it at once.
  std::int32_t request(H2Fields fields, std::string content = {}) {
    sent_.push_back(std::move(fields));
    const std::vector<nghttp2_nv> list = name_values(sent_.back());
    nghttp2_data_provider provider{};
    provider.read_callback = read_content;
    const bool has_content = !content.empty();
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, list.data(), list.size(),
                                                   has_content ? &provider : nullptr, nullptr);
    uploads_[id] = std::move(content);
    return id;
  }
  static H2Fields get(const std::string& path) {
    return {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", path}};
  }
  static H2Fields with_method(const std::string& method) {
    H2Fields fields = get("/");
    fields[0].second = method;
    return fields;
  }
  // Fields that follow the content of a request.
  void trailers_after_content(H2Fields trailers) { trailers_ = std::move(trailers); }

  std::string output() {
    std::string bytes;
    const std::uint8_t* at = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &at)) > 0;) {
      bytes.append(reinterpret_cast<const char*>(at), static_cast<std::size_t>(n));
    }
    return bytes;
  }
  bool input(std::string_view bytes) {
    return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    bytes.size()) >= 0;
  }

  // Until both are silent, `block` bytes of the server at a time. False: an error of either.
  bool talk_to(codec::h2::ServerSession& server, std::size_t block = 65536) {
    std::string buffer(block, '\0');
    for (bool goes_on = true; goes_on;) {
      const std::string said = output();
      goes_on = !said.empty();
      if (!said.empty() && !server.receive(said)) return false;
      for (std::size_t n = 0; (n = server.send(buffer)) > 0; goes_on = true) {
        if (!input({buffer.data(), n})) return false;
      }
    }
    return true;
  }

private:
  static H2Client& self(void* user) { return *static_cast<H2Client*>(user); }
  static std::string text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }

  // Names are not copied, since copies are made lower case: what is malformed is sent as it is.
  static std::vector<nghttp2_nv> name_values(H2Fields& fields) {
    std::vector<nghttp2_nv> list;
    for (auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                      reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                      NGHTTP2_NV_FLAG_NO_COPY_NAME});
    }
    return list;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Answer& answer = self(user).answers_[frame->hd.stream_id];
    const std::string field = text(name, name_size);
    const std::string content = text(value, value_size);
    if (field == ":status") {
      if (!answer.status.empty()) {
        answer.interim += answer.status + " ";
        answer.interim_fields += std::exchange(answer.fields, {});
      }
      answer.status = content;
    } else {
      answer.fields += field + ": " + content + "\n";
    }
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self(user).goaways_.push_back(frame->goaway.last_stream_id);
    } else if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self(user).answers_[frame->hd.stream_id].has_ended = true;
    }
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    self(user).answers_[id].content += text(bytes, size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    Answer& answer = self(user).answers_[id];
    answer.is_closed = true;
    answer.error_code = error_code;
    return 0;
  }
  static ssize_t read_content(nghttp2_session* session, std::int32_t id, std::uint8_t* to,
                              std::size_t room, std::uint32_t* flags, nghttp2_data_source*,
                              void* user) {
    std::string& left = self(user).uploads_[id];
    const std::size_t n = std::min(left.size(), room);
    std::memcpy(to, left.data(), n);
    left.erase(0, n);
    if (!left.empty()) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    H2Fields& trailers = self(user).trailers_;
    if (trailers.empty()) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const std::vector<nghttp2_nv> list = name_values(trailers);
    nghttp2_submit_trailer(session, id, list.data(), list.size());
    return static_cast<ssize_t>(n);
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Answer> answers_;
  std::map<std::int32_t, std::string> uploads_;
  std::vector<std::int32_t> goaways_;
  H2Fields trailers_;
  std::list<H2Fields> sent_;
};

} // namespace selvedge::test
