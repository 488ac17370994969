// The c-ares library on a worker's loop: asks for the addresses of names. It waits on the library's
// sockets and keeps its time; it remembers nothing. Owned by a Resolver. Thread: the worker's.
#pragma once

#include <selvedge/base/clock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace selvedge::net {

struct DnsAnswer {
  enum class Outcome {
    found,        // `addresses`, at least one
    no_such_name, // the DNS says so
    failed,       // no answer, or none that says anything
  };
  Outcome outcome = Outcome::failed;
  std::vector<boost::asio::ip::address> addresses;
  base::Seconds ttl{}; // the least of the records; 0 from the hosts file
};

// Shared only so that what the loop still has in hand can see that the channel is gone.
class DnsChannel : public std::enable_shared_from_this<DnsChannel> {
public:
  struct Options {
    std::string servers; // "127.0.0.1:5353"; empty: those of /etc/resolv.conf
    base::Millis try_timeout{1000};
    std::uint32_t tries = 2;
  };
  using OnAnswer = std::function<void(DnsAnswer)>;

  // Throws std::runtime_error.
  DnsChannel(boost::asio::io_context& io, const Options& options);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  // `on_answer` is called once, perhaps before this returns.
  void ask(const std::string& name, OnAnswer on_answer);
  // Questions under way fail now. Nothing may be asked afterwards.
  void close();

private:
  struct Socket;
  using SocketPtr = std::shared_ptr<Socket>;
  using Wait = boost::asio::posix::stream_descriptor::wait_type;

  // Called by the library.
  static void on_socket(void* channel, ares_socket_t fd, int reads, int writes);
  static void on_result(void* asked, int status, int timeouts, ares_addrinfo* result);

  void watch(ares_socket_t fd, bool reads, bool writes);
  void forget(ares_socket_t fd);
  // Waits for what is wanted of the socket and not waited for yet.
  void await(const SocketPtr& socket);
  void await(const SocketPtr& socket, Wait direction);
  void on_ready(const SocketPtr& socket, Wait direction);
  // Wakes up when the library next has something to do.
  void schedule();

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  std::unordered_map<ares_socket_t, SocketPtr> sockets_;
  ares_channel channel_ = nullptr; // null: closed
};

} // namespace selvedge::net
