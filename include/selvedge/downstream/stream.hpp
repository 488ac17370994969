// One request of a client and its answer, whatever protocol carries them. The connection makes it,
// fills in the request, and gives it to the RequestHandler; the handler answers now or later.
// Thread: the worker of the connection.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/downstream/request_content.hpp>
#include <selvedge/http/body_source.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/http/head_block.hpp>
#include <selvedge/net/transport.hpp>
#include <selvedge/net/worker.hpp>
#include <selvedge/overload/importance.hpp>
#include <selvedge/policy/identity.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace selvedge::downstream {

// What a handler says. The texts of block and fields, and the content, live until on_stream_end().
struct Response {
  http::Status status = 200;
  const http::HeadBlock* block = nullptr;
  std::span<const http::Field> fields;         // written behind those of the block
  std::optional<std::uint64_t> content_length; // unknown: chunked, or until the end of the stream
  http::BodySource* content = nullptr;         // null: none is sent (also for HEAD, 304)
  bool closes_connection = false;              // HTTP/1: the last one on this connection
};

struct StreamEnd {
  bool is_complete = false; // the whole answer went out
};

// What a handler keeps for a stream. It lives in the stream's arena; the stream destroys it after
// on_stream_end().
class StreamUser {
public:
  virtual ~StreamUser() = default;
  virtual void on_stream_end(const StreamEnd& end) = 0;
};

// Who asks, and how much it matters when not all can be served.
struct Standing {
  policy::Identity identity;
  overload::Importance importance = overload::Importance::premium;
  std::uint64_t generation = 0; // of the policy that says so
};

struct ClientConnection {
  std::string_view peer_address; // without the port
  std::string_view listener;     // its name
  bool is_secure = false;
  const net::TlsPeer* tls = nullptr; // null: cleartext
  Standing standing{};               // by what is known without a request
};

class Stream : public http::BodySink {
public:
  http::RequestHead& request() { return request_; }
  base::Arena& arena() { return arena_; }
  net::Worker& worker() { return *worker_; }
  const ClientConnection& client() const { return *client_; }
  // The content of the request; at its end at once when there is none.
  RequestContent& content() { return content_; }
  base::Steady started() const { return started_; }
  // Who asks, by the connection and by the head of the request.
  const Standing& standing() const { return standing_; }
  // It was read before others of its importance, because that was not known yet.
  bool was_read_early() const { return was_read_early_; }
  // From when its connection was ready until it was read.
  std::chrono::nanoseconds waited() const { return waited_; }
  // By RFC 9218, 4.1, where the protocol says so: 0 to 7.
  virtual std::uint8_t urgency() const { return 3; }

  // Requires: `user` was made in this stream's arena. Once a stream.
  void set_user(StreamUser& user) { user_ = &user; }
  StreamUser* user() { return user_; }

  // An interim response (RFC 9110, 15.2), before respond(): 102 or 103. Dropped for HTTP/1.0, and
  // where the connection cannot take it now. The fields are used before it returns.
  virtual void inform(http::Status status, std::span<const http::Field> fields) = 0;
  // Once a stream. It may end the stream before it returns (and with it the user): touch nothing
  // after.
  virtual void respond(const Response& response) = 0;
  virtual bool has_responded() const = 0;
  // The answer is that there is none for now: who asks next on this connection waits longer for it
  // to be read, since refusing has its price too. Before respond().
  void note_refusal() { is_refusal_ = true; }
  bool is_refusal() const { return is_refusal_; }
  // The answer cannot be completed: the client must notice that it is cut short.
  virtual void abort() = 0;

protected:
  ~Stream() = default;
  void begin(net::Worker& worker, const ClientConnection& client) {
    worker_ = &worker;
    client_ = &client;
    started_ = worker.now().steady;
    standing_ = client.standing;
    was_read_early_ = is_refusal_ = false;
    waited_ = worker.lists().waited();
  }
  void set_standing(const Standing& standing) {
    standing_ = standing;
    was_read_early_ = worker_->lists().lane() < overload::lane_of(standing.importance);
  }
  void end(const StreamEnd& how) {
    if (user_ == nullptr) return;
    StreamUser* user = user_;
    user_ = nullptr;
    user->on_stream_end(how);
    user->~StreamUser();
  }
  void clear() {
    request_.clear();
    content_.clear();
    arena_.clear();
  }

  http::RequestHead request_;
  RequestContent content_;

private:
  StreamUser* user_ = nullptr;
  net::Worker* worker_ = nullptr;
  const ClientConnection* client_ = nullptr;
  base::Steady started_{};
  std::chrono::nanoseconds waited_{0};
  Standing standing_;
  bool was_read_early_ = false;
  bool is_refusal_ = false;
  base::Arena arena_;
};

// Whoever answers requests: the proxy, the admin API.
class RequestHandler {
public:
  virtual ~RequestHandler() = default;
  // Who a connection is, asked when it is new and again once TLS has told more: the client's
  // standing is not read. Nobody is turned away by it.
  virtual Standing standing_of(const ClientConnection& /*client*/) { return {}; }
  // Who asks, by the head of a request that is complete.
  virtual Standing identify(Stream& stream) { return stream.standing(); }
  // What a TLS session ticket should remember of it; "": nothing. At most TlsPeer::kNoteBytes, in
  // `room`.
  virtual std::string_view ticket_note(const Standing& /*standing*/, std::span<char> /*room*/) {
    return {};
  }
  // The head is complete; content may still be on its way.
  virtual void on_request(Stream& stream) = 0;
  // The request cannot be accepted; what was read of it is in the stream. The handler answers.
  virtual void on_refused(Stream& stream, base::Error error) = 0;
};

} // namespace selvedge::downstream
