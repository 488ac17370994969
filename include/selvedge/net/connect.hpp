// Connects to the first address of a server that answers: "happy eyeballs" (RFC 8305, 5). Families
// take turns; when an attempt has failed or takes long, the next one begins beside it; the first
// connection wins and the others are given up. Thread: one worker.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/net/connecting.hpp>
#include <selvedge/net/resolver.hpp>
#include <selvedge/net/worker.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>

namespace selvedge::net {

struct ConnectOptions {
  base::Millis timeout{3000};
  base::Millis attempt_delay{250}; // RFC 8305, 8: at least 100, at most 2000
  bool ipv4_first = false;         // the last connection to the server was one over IPv4
};

// An open connection: a socket that does not block, without Nagle's delay. Closes it unless it was
// taken.
class Connected {
public:
  Connected(int socket, const boost::asio::ip::tcp::endpoint& peer)
      : socket_(socket), peer_(peer) {}
  Connected(Connected&& other) noexcept : socket_(other.take()), peer_(other.peer_) {}
  Connected& operator=(Connected&& other) noexcept;
  ~Connected();

  // For a transport, which closes it. -1: taken before.
  [[nodiscard]] int take() { return std::exchange(socket_, -1); }
  const boost::asio::ip::tcp::endpoint& peer() const { return peer_; }
  std::string peer_address() const { return peer_.address().to_string(); } // without the port
  bool is_ipv4() const { return peer_.address().is_v4(); }

private:
  int socket_;
  boost::asio::ip::tcp::endpoint peer_;
};

// Errors, all of which may be tried again, nothing having been sent: connect_timeout;
// connect_refused (also unreachable; os_error says how the last attempt failed); overloaded (no
// descriptor left). And cancelled.
boost::asio::awaitable<base::Result<Connected>>
connect(Worker& worker, Addresses addresses, ConnectOptions options, Connecting& connecting);

// RFC 8305, 4: the families in turn, each in the order given.
Addresses interleaved(const Addresses& addresses, bool ipv4_first);

// A connection to a port of this machine that nobody listens on may be given that very port as its
// own, and then reaches itself (RFC 9293, 3.5: a simultaneous open). connect() takes it as refused.
bool is_connected_to_itself(int socket);

} // namespace selvedge::net
