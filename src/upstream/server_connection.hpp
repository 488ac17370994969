// A connection to one server of an origin: reads and writes with deadlines, nothing of HTTP.
// Thread: one worker.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/net/worker.hpp>
#include <selvedge/upstream/origin.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace selvedge::upstream {

class ServerConnection final : public Cancellation::Target {
public:
  explicit ServerConnection(net::Worker& worker);
  ~ServerConnection();

  // `server` is "host:port"; a name is resolved, and its addresses are tried in turn.
  boost::asio::awaitable<base::Result<void>> connect(const std::string& server,
                                                     std::chrono::milliseconds timeout);
  boost::asio::awaitable<base::Result<void>> write(std::string_view bytes,
                                                   std::chrono::milliseconds timeout);
  // What has arrived, at least one byte; empty at the end of the stream. Valid until the next read.
  boost::asio::awaitable<base::Result<std::string_view>> read(std::chrono::milliseconds timeout);

  void cancel() override;
  void close();
  // False when the server has closed it, or has said something unasked.
  bool is_usable();
  bool was_used() const { return was_used_; }
  void mark_used() { was_used_ = true; }
  void release_buffer() { buffer_.reset(); }

private:
  struct Deadline final : base::Timer {
    explicit Deadline(ServerConnection& c) : connection(c) {}
    void on_timeout() override;
    ServerConnection& connection;
  };
  base::Error error_of(const boost::system::error_code& error, base::ErrorCode on_timeout) const;

  net::Worker& worker_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  Deadline write_deadline_{*this};
  Deadline read_deadline_{*this};
  std::unique_ptr<char[]> buffer_;
  bool timed_out_ = false;
  bool cancelled_ = false;
  bool was_used_ = false;
};

} // namespace selvedge::upstream
