// Servers that the test plays, on loopback sockets, over HTTP/1.1 or HTTP/2: they note what they
// are asked and answer as the test says, right or wrong, in the same words over both.
//
//   ScriptedServer server(ScriptedServer::Protocol::h2);
//   server.poll();                        // takes what has come
//   server.request(0).begin(200, {}, 10); // the head; ten bytes should follow
//   server.request(0).piece("01234");
//   server.request(0).reset();
//
// A request counts when it is complete. Thread: one.
#pragma once

#include "catch.hpp"
#include "h2_origin.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvedge::test {

class ScriptedServer {
  class Connection;

public:
  enum class Protocol { http_1, h2 };
  using Fields = H2Origin::Fields;
  using Length = std::optional<std::size_t>;

  class Request {
  public:
    Request(Connection& connection, std::int32_t stream, std::string its_head,
            std::string its_content)
        : head(std::move(its_head)), content(std::move(its_content)), connection_(connection),
          stream_(stream) {}

    // A whole answer.
    void answer(int status, const Fields& fields = {}, const std::string& text = "") {
      begin(status, fields, text.size());
      if (!text.empty()) piece(text);
      end();
    }
    // The head of one; without a length it ends with end(), over HTTP/1.1 in chunks.
    void begin(int status, const Fields& fields, Length length = {}) {
      is_chunked_ = !length;
      connection_.write_head(stream_, status, fields, length, is_chunked_);
      is_answered = true;
    }
    // Over HTTP/1.1 the end of the connection is the end of the answer.
    void begin_until_close(int status, const Fields& fields) {
      connection_.write_head(stream_, status, fields, {}, false);
      is_answered = true;
    }
    void piece(const std::string& bytes) { connection_.write_content(stream_, bytes, is_chunked_); }
    void end() { connection_.write_end(stream_, is_chunked_); }
    // Bytes as they are, whatever the protocol; its session says no more.
    void raw(std::string_view bytes) {
      connection_.write_raw(bytes);
      is_answered = true;
    }
    // Ends the answer as far as the protocol allows: the stream, or the connection.
    void reset() {
      connection_.reset(stream_);
      is_answered = true;
    }
    void reset_connection() {
      connection_.reset();
      is_answered = true;
    }
    void finish_connection() { // in good order, whatever is missing
      connection_.finish();
      is_answered = true;
    }
    // The client does not want the answer any more.
    bool is_given_up() const { return connection_.is_given_up(stream_); }
    bool is_connection_open() const { return connection_.is_open(); }
    bool shares_connection_with(const Request& other) const {
      return &connection_ == &other.connection_;
    }

    const std::string head; // "GET / HTTP/1.1\r\nname: value..." or ":method: GET\nname: value..."
    const std::string content;
    bool is_answered = false;

  private:
    Connection& connection_;
    std::int32_t stream_;
    bool is_chunked_ = false;
  };

  explicit ScriptedServer(Protocol protocol) : protocol_(protocol) { start(); }
  ~ScriptedServer() { stop(); }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(place_.sin_port)); }
  std::size_t requests() const { return requests_.size(); }
  Request& request(std::size_t index) { return *requests_.at(index); }
  // The oldest without an answer.
  Request& next() {
    for (const auto& one : requests_) {
      if (!one->is_answered) return *one;
    }
    FAIL("the server was not asked");
    return *requests_.front();
  }
  std::size_t connections() const { return connections_.size(); } // accepted so far

  // Does what there is to do; false: nothing.
  bool poll() {
    if (is_silent) return false;
    bool has_done = accept_all();
    for (const auto& one : connections_) has_done |= one->poll();
    return has_done;
  }
  // Connections are refused, open ones are gone: a process that was killed.
  void stop() {
    if (listener_ >= 0) ::close(std::exchange(listener_, -1));
    for (const int one : std::exchange(queued_, {})) ::close(one);
    for (const auto& one : connections_) one->reset();
  }
  // Further connections get no answer: the queue of those that wait to be accepted is full. Until
  // start(), after stop().
  void be_unreachable() {
    is_silent = true;
    REQUIRE(::listen(listener_, 0) == 0);
    for (int i = 0; i < 4; ++i) {
      queued_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(queued_.back(), reinterpret_cast<sockaddr*>(&place_), sizeof place_);
    }
  }
  // Again, at the same place.
  void start() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto* const place = reinterpret_cast<sockaddr*>(&place_);
    socklen_t size = sizeof place_;
    REQUIRE(::bind(listener_, place, size) == 0);
    REQUIRE(::listen(listener_, 64) == 0);
    REQUIRE(::getsockname(listener_, place, &size) == 0);
  }

  bool is_silent = false; // connections are made, but nothing is heard or said
  // What is done about each request; empty: the test does it.
  std::function<void(Request&)> on_request;

private:
  class Connection {
  public:
    Connection(ScriptedServer& server, int socket) : server_(server), socket_(socket) {
      if (server.protocol_ == Protocol::h2) h2_ = std::make_unique<H2Origin>();
    }
    ~Connection() { close(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool is_open() const { return socket_ >= 0; }
    bool is_given_up(std::int32_t stream) const {
      return !is_open() || (h2_ && h2_->stream(stream).is_closed);
    }
    bool poll() {
      if (!is_open()) return false;
      bool has_done = receive();
      has_done |= flush();
      return has_done;
    }

    void write(std::string_view bytes) {
      output_ += bytes;
      flush();
    }
    void write_raw(std::string_view bytes) {
      is_session_silent_ = true;
      write(bytes);
    }
    void write_head(std::int32_t stream, int status, const Fields& fields, Length length,
                    bool is_chunked) {
      if (h2_) {
        Fields all{{":status", std::to_string(status)}};
        all.insert(all.end(), fields.begin(), fields.end());
        if (length) all.emplace_back("content-length", std::to_string(*length));
        h2_->respond(stream, all, "", false);
        flush();
        return;
      }
      std::string head = "HTTP/1.1 " + std::to_string(status) + " -\r\n";
      for (const auto& [name, value] : fields) head += name + ": " + value + "\r\n";
      if (length) head += "content-length: " + std::to_string(*length) + "\r\n";
      if (is_chunked) head += "transfer-encoding: chunked\r\n";
      write(head + "\r\n");
    }
    void write_content(std::int32_t stream, const std::string& bytes, bool is_chunked) {
      if (h2_) {
        h2_->append(stream, bytes);
        flush();
        return;
      }
      if (!is_chunked) return write(bytes);
      std::string size(16, '\0');
      size.resize(static_cast<std::size_t>(std::snprintf(size.data(), 16, "%zx", bytes.size())));
      write(size + "\r\n" + bytes + "\r\n");
    }
    void write_end(std::int32_t stream, bool is_chunked) {
      if (h2_) h2_->append(stream, "", true);
      if (!h2_ && is_chunked) output_ += "0\r\n\r\n";
      flush();
    }

    void reset(std::int32_t stream) {
      if (!h2_) return reset();
      h2_->reset(stream, NGHTTP2_INTERNAL_ERROR);
      flush();
    }
    void reset() {
      const linger now{1, 0}; // close() sends RST
      if (is_open()) ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close();
    }
    void finish() {
      flush();
      if (is_open()) ::shutdown(socket_, SHUT_WR);
    }

  private:
    void close() {
      if (is_open()) ::close(std::exchange(socket_, -1));
    }
    bool receive() {
      char buffer[16384];
      bool has_some = false;
      while (is_open()) {
        const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
        has_some = true;
        if (n <= 0) {
          close();
          break;
        }
        const std::string_view bytes(buffer, static_cast<std::size_t>(n));
        h2_ ? take_h2(bytes) : take_h1(bytes);
      }
      return has_some;
    }
    void take_h1(std::string_view bytes) {
      input_ += bytes;
      for (;;) {
        const std::size_t end = input_.find("\r\n\r\n");
        if (end == std::string::npos) return;
        const std::size_t field = input_.find("\r\ncontent-length: ");
        const bool has_content = field < end;
        const std::size_t size = has_content ? std::stoul(input_.substr(field + 18)) : 0;
        if (input_.size() < end + 4 + size) return;
        std::string head = input_.substr(0, end + 2);
        std::string content = input_.substr(end + 4, size);
        input_.erase(0, end + 4 + size);
        server_.note(*this, 0, std::move(head), std::move(content));
      }
    }
    void take_h2(std::string_view bytes) {
      h2_->input(bytes);
      for (std::int32_t id = last_stream_ + 2; id <= h2_->last(); id += 2) {
        const H2Origin::Stream& stream = h2_->stream(id);
        if (!stream.has_ended) break;
        last_stream_ = id;
        server_.note(*this, id, stream.head, stream.content);
      }
    }
    bool flush() {
      if (!is_open()) return false;
      if (h2_ && !is_session_silent_) output_ += h2_->output();
      if (output_.empty()) return false;
      const ssize_t n = ::send(socket_, output_.data(), output_.size(), MSG_NOSIGNAL);
      if (n <= 0) return false; // no room, or the client has gone: receive() will see
      output_.erase(0, static_cast<std::size_t>(n));
      return true;
    }

    ScriptedServer& server_;
    int socket_;
    std::string input_;
    std::string output_;
    std::unique_ptr<H2Origin> h2_; // null: HTTP/1.1
    std::int32_t last_stream_ = -1;
    bool is_session_silent_ = false;
  };

  bool accept_all() {
    bool has_some = false;
    while (listener_ >= 0) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) break;
      const int on = 1; // or pieces would wait for acknowledgements that are delayed
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections_.push_back(std::make_unique<Connection>(*this, socket));
      has_some = true;
    }
    return has_some;
  }
  void note(Connection& connection, std::int32_t stream, std::string head, std::string content) {
    requests_.push_back(
        std::make_unique<Request>(connection, stream, std::move(head), std::move(content)));
    if (on_request) on_request(*requests_.back());
  }

  const Protocol protocol_;
  sockaddr_in place_{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  int listener_ = -1;
  std::vector<int> queued_; // connections of be_unreachable()
  std::deque<std::unique_ptr<Connection>> connections_;
  std::deque<std::unique_ptr<Request>> requests_;
};

} // namespace selvedge::test
