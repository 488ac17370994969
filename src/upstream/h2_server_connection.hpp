// An HTTP/2 connection to one server of an origin: many fetches at once, one session, one output.
// Who reads slowly holds up the server for its own stream only, until unread content of all streams
// together fills the connection's window: then the connection has no room for further streams.
// Thread: one worker.
#pragma once

#include "h2_client_session.hpp"
#include "h2_response.hpp"

#include <selvedge/net/transport.hpp>
#include <selvedge/net/worker.hpp>
#include <selvedge/upstream/origin.hpp>

#include <boost/intrusive/list.hpp>

#include <functional>
#include <memory>
#include <string>

namespace selvedge::upstream {

class H2ServerConnection final : public net::TransportOwner {
public:
  static constexpr std::size_t kStreams = 256; // at once, whatever the server allows
  static constexpr base::Millis kKeepalive{10000};

  // `transport` is connected; over TLS, h2 was chosen. What is received is counted in `counters`,
  // and in `state` where there is one. `options` and `counters` outlive the
  // connection's being open, and every response that comes from it. What waits for the transport
  // keeps the connection alive: whoever opened it closes it.
  H2ServerConnection(net::Worker& worker, std::unique_ptr<net::Transport> transport,
                     const OriginOptions& options, OriginCounters& counters,
                     std::shared_ptr<ServerState> state = nullptr);
  ~H2ServerConnection() override;

  // Begins to talk. Requires: an intrusive_ptr holds the connection.
  void start();
  // Requests that are under way fail with `closed`.
  void close();

  // Sends the request as a stream; ends when the head of the answer has come. Without room it fails
  // with `overloaded`, and may be tried on another connection. `keep` lives as long as the response
  // does.
  boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request, std::shared_ptr<const void> keep = nullptr);

  bool is_usable() const; // for further streams, now or later
  bool has_room() const;  // for another stream now
  std::size_t streams() const { return streams_.size(); }
  bool was_used() const { return was_used_; } // by a request before
  // Called from the loop when a stream has ended, when there is room again, and when the connection
  // became unusable or has ended by itself. It may close the connection.
  void set_on_change(std::function<void()> on_change) { on_change_ = std::move(on_change); }

  // --- For its responses.
  net::Worker& worker() { return worker_; }
  const OriginOptions& options() const { return options_; }
  bool is_secure() const { return is_secure_; }
  base::Result<std::int32_t> open(const H2RequestHead& head, H2Response& response);
  void leave(H2Response& response, std::int32_t id); // the answer is not wanted any more
  void forget(H2Response& response);                 // its stream is over
  void resume(std::int32_t id);
  void count_unread(std::size_t bytes) { unread_ += bytes; }
  void consume(std::int32_t id, std::size_t bytes);
  // The server may be waiting for content to be read, of whatever stream.
  bool is_held_up() const;

private:
  struct Keepalive final : base::Timer {
    explicit Keepalive(H2ServerConnection& c) : connection(c) {}
    void on_timeout() override { connection.on_keepalive(); }
    H2ServerConnection& connection;
  };
  struct Told { // by on_change_
    bool has_room = true;
    bool is_usable = true;
    std::size_t streams = 0;
  };

  bool is_closed() const { return transport_ == nullptr; }
  void on_readable() override;
  void on_writable() override;
  void on_keepalive();
  void schedule_flush();
  void flush();
  void write(std::string_view bytes);
  void await_room();
  void settle();
  void tell();
  void lose(base::ErrorCode code);
  void end(base::ErrorCode code);

  net::Worker& worker_;
  std::unique_ptr<net::Transport> transport_;
  const OriginOptions& options_;
  OriginCounters& counters_;
  const std::shared_ptr<ServerState> state_; // may be null
  const bool is_secure_;
  H2ClientSession session_;
  boost::intrusive::list<H2Response, boost::intrusive::base_hook<H2StreamHook>> streams_;
  std::function<void()> on_change_;
  Told told_;
  Keepalive keepalive_{*this};
  std::string pending_output_; // that the transport had no room for
  std::size_t unread_ = 0;     // content of all streams that waits to be read
  bool was_used_ = false;
  bool is_blocked_ = false; // no output before on_writable()
  bool is_in_session_ = false;
  bool flush_is_scheduled_ = false;
  bool was_heard_ = false; // since the last look
  bool is_pinging_ = false;
};

using H2ServerConnectionPtr = boost::intrusive_ptr<H2ServerConnection>;

} // namespace selvedge::upstream
