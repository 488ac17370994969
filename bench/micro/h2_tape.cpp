#include "h2_tape.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>

namespace selvedge::bench {

namespace {

constexpr std::int32_t kWindow = (1 << 30) - 1; // h2load's

class Client {
public:
  Client() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const std::array<nghttp2_settings_entry, 2> settings{{
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
    }};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  }
  ~Client() { nghttp2_session_del(session_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void ask(const http::RequestHead& request) {
    std::vector<nghttp2_nv> fields;
    add(fields, ":method", request.method_text);
    add(fields, ":scheme", request.scheme);
    add(fields, ":authority", request.authority);
    add(fields, ":path", request.target);
    for (const http::Field& field : request.fields) add(fields, field.name, field.value);
    nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), nullptr, nullptr);
  }
  std::string output() {
    std::string said;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      said.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n));
    }
    return said;
  }
  void input(std::string_view bytes) {
    const ssize_t n = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (n < 0) throw std::runtime_error("the server's answer is not HTTP/2");
  }

  std::size_t good() const { return good_; }   // answers of status 200
  std::size_t ended() const { return ended_; } // without an error
  std::size_t content_bytes() const { return content_bytes_; }

private:
  static Client& self(void* user) { return *static_cast<Client*>(user); }
  static void add(std::vector<nghttp2_nv>& to, std::string_view name, std::string_view value) {
    auto bytes = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    to.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    const std::string_view field(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (field == ":status" && text == "200") ++self(user).good_;
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t*,
                     std::size_t size, void* user) {
    self(user).content_bytes_ += size;
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t error_code, void* user) {
    if (error_code == NGHTTP2_NO_ERROR) ++self(user).ended_;
    return 0;
  }

  nghttp2_session* session_ = nullptr;
  std::size_t good_ = 0;
  std::size_t ended_ = 0;
  std::size_t content_bytes_ = 0;
};

// Until both are silent. Everything the client says is added to `said`, a text for each answer.
void talk(Client& client, H2Server& server, std::vector<std::string>& said) {
  for (std::string text = client.output(); !text.empty(); text = client.output()) {
    client.input(server.say(text));
    said.push_back(std::move(text));
  }
}

void turn(Client& client, H2Server& server, const http::RequestHead& request,
          std::vector<std::string>& said) {
  const std::size_t good_before = client.good();
  const std::size_t ended_before = client.ended();
  for (std::size_t i = 0; i < H2Tape::kStreams; ++i) client.ask(request);
  talk(client, server, said);
  const bool is_answered = client.good() - good_before == H2Tape::kStreams &&
                           client.ended() - ended_before == H2Tape::kStreams;
  if (!is_answered) throw std::runtime_error("an answer is missing, incomplete or not a 200");
}

} // namespace

H2Tape record(H2Server& server, const http::RequestHead& request) {
  H2Tape tape;
  Client client;
  talk(client, server, tape.opening);
  turn(client, server, request, tape.opening);
  for (std::size_t i = 0; i < H2Tape::kTurns; ++i) {
    const std::size_t bytes_before = client.content_bytes();
    turn(client, server, request, tape.turns);
    tape.content_bytes = (client.content_bytes() - bytes_before) / H2Tape::kStreams;
  }
  if (tape.turns.size() != H2Tape::kTurns) throw std::runtime_error("a turn took several rounds");
  return tape;
}

void open(H2Server& server, const H2Tape& tape) {
  for (const std::string& text : tape.opening) server.say(text);
}

} // namespace selvedge::bench
