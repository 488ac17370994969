// A connection to one server of an origin: reads and writes with deadlines, nothing of HTTP.
// Thread: one worker.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/net/event.hpp>
#include <selvedge/net/transport.hpp>
#include <selvedge/net/worker.hpp>
#include <selvedge/upstream/origin.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

namespace selvedge::upstream {

class ServerConnection final : public net::TransportOwner, public Cancellation::Target {
public:
  // `transport` is connected, and its handshake done.
  ServerConnection(net::Worker& worker, std::unique_ptr<net::Transport> transport);
  ~ServerConnection() override;

  // Without waiting: what is left of `bytes`, for write().
  base::Result<std::string_view> write_now(std::string_view bytes);
  boost::asio::awaitable<base::Result<void>> write(std::string_view bytes,
                                                   std::chrono::milliseconds timeout);
  // What has arrived, at least one byte; 0 at the end of the stream.
  boost::asio::awaitable<base::Result<std::size_t>> read(std::span<char> into,
                                                         std::chrono::milliseconds timeout);
  // While the client keeps the server waiting for content, the time of a read does not run; then it
  // begins anew.
  void hold_read_deadline();
  void restart_read_deadline(std::chrono::milliseconds timeout);
  // The end came without the server's word for it.
  bool was_cut_off() const { return was_cut_off_; }

  // Between two requests: whatever is heard from the server ends the connection.
  void begin_idle();
  // False: it has ended, or the server has said something meanwhile that is no answer to anything.
  bool end_idle();
  bool is_open() const { return is_open_; }

  void cancel() override;
  void close();
  bool was_used() const { return was_used_; }
  void mark_used() { was_used_ = true; }

private:
  struct Deadline final : base::Timer {
    explicit Deadline(ServerConnection& c) : connection(c) {}
    void on_timeout() override;
    ServerConnection& connection;
  };
  void on_readable() override;
  void on_writable() override;
  void await_input();
  void look_while_idle();
  // Whoever reads or writes goes on, to find that the connection has ended.
  void end();
  base::Error error_of(base::ErrorCode code) const;

  net::Worker& worker_;
  std::unique_ptr<net::Transport> transport_;
  net::Event readable_;
  net::Event writable_;
  Deadline write_deadline_{*this};
  Deadline read_deadline_{*this};
  bool is_open_ = true;
  bool is_idle_ = false;
  bool awaits_input_ = false; // a wait for it is registered
  bool is_reading_ = false;   // somebody waits for it
  bool is_deadline_held_ = false;
  bool timed_out_ = false;
  bool cancelled_ = false;
  bool was_used_ = false;
  bool was_cut_off_ = false;
};

using ServerConnectionPtr = boost::intrusive_ptr<ServerConnection>;

} // namespace selvedge::upstream
