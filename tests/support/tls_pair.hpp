// A TLS connection of ours with both ends in the test, on one worker, without its loop: each end
// gets its turn from the test, so nothing depends on time.
#pragma once

#include <selvedge/base/clock.hpp>
#include <src/net/tls_transport.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace selvedge::test {

// Both ends, for who will close them.
inline std::array<int, 2> socket_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return ends;
}

inline net::IoResult write(net::Transport& to, std::string_view bytes) {
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return to.write({&part, 1});
}

// The client's end; the other is the test's own socket.
class TlsClientEnd {
public:
  // Takes `connection`, which `context` made.
  TlsClientEnd(net::Worker& worker, const net::TlsClientContextPtr& context, ssl_st* connection)
      : TlsClientEnd(socket_pair(), worker, context, connection) {}
  ~TlsClientEnd() { close_peer(); }
  TlsClientEnd(const TlsClientEnd&) = delete;
  TlsClientEnd& operator=(const TlsClientEnd&) = delete;

  void say(std::string_view bytes) const {
    REQUIRE(::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  // For who will close it.
  int take_peer() { return std::exchange(peer_, -1); }
  void close_peer() {
    if (peer_ >= 0) ::close(take_peer());
  }

  net::TlsTransport client;

private:
  TlsClientEnd(std::array<int, 2> ends, net::Worker& worker,
               const net::TlsClientContextPtr& context, ssl_st* connection)
      : client(ends[0], "192.0.2.1", worker, context, connection), peer_(ends[1]) {}

  int peer_;
};

class TlsPair : public TlsClientEnd {
public:
  TlsPair(net::Worker& worker, const net::TlsContextPtr& server_context,
          const net::TlsClientContextPtr& context, ssl_st* connection)
      : TlsClientEnd(worker, context, connection),
        server(take_peer(), "192.0.2.2", worker, server_context), worker_(worker) {
    server.proceed(); // whatever the client says
  }

  // Until the client's handshake has ended. The server then has had its turn, too, and the client
  // has read a ticket.
  net::IoState shake_hands() {
    net::IoState state = net::IoState::blocked;
    for (int turn = 0; turn < kTurns && state == net::IoState::blocked; ++turn) {
      state = client.handshake();
      read_all(server);
    }
    if (state != net::IoState::ok) return state;
    if (last.state == net::IoState::blocked) {
      server.give_ticket(note);
      write(server, "!"); // with which it goes out
    }
    read_all(client);
    return state;
  }

  // What has come by now. `last` tells how it ended.
  std::string read_all(net::Transport& from) {
    std::string got;
    std::array<char, 4096> buffer;
    for (;;) {
      last = from.read(buffer);
      if (last.state != net::IoState::ok) return got;
      got.append(buffer.data(), last.bytes);
    }
  }

  // Everything, however little the socket takes at once. Returns what has arrived.
  std::string send(net::Transport& from, std::string_view content, net::Transport& to) {
    std::string got;
    const std::size_t size = content.size();
    for (int turn = 0; turn < kTurns && got.size() < size; ++turn) {
      if (!content.empty()) {
        const net::IoResult sent = write(from, content);
        REQUIRE(sent.state != net::IoState::closed);
        content.remove_prefix(sent.bytes);
        was_held |= sent.is_holding;
      }
      got += read_all(to);
      worker_.run_ready(); // what is held goes out
    }
    return got;
  }

  net::TlsTransport server;
  std::string note; // in the ticket that the server gives
  net::IoResult last;
  bool was_held = false;

private:
  static constexpr int kTurns = 10000; // far more than anything takes

  net::Worker& worker_;
};

} // namespace selvedge::test
