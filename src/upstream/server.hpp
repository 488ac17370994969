// One server of an origin as one worker sees it: its connections, and one attempt to ask it.
// Thread: one worker.
#pragma once

#include "h2_server_connection.hpp"
#include "server_connection.hpp"

#include <selvedge/net/open_transport.hpp>
#include <selvedge/upstream/origin.hpp>

#include <memory>
#include <vector>

namespace selvedge::upstream {

// What the servers of an origin share on one worker. It outlives them.
struct ServerSetting {
  const OriginOptions& options;
  net::Worker& worker;
  OriginCounters& counters;
  net::Resolver& resolver;
  net::TlsClientContextPtr tls; // null: cleartext
};

class Server final : public std::enable_shared_from_this<Server> {
public:
  Server(const ServerSetting& setting, std::shared_ptr<ServerState> state);
  ~Server();

  // Asks once, on a kept connection or a new one. A kept one that the server closes under the
  // request counts for nothing: another is opened where asking again is safe.
  boost::asio::awaitable<base::Result<OriginResponsePtr>> fetch(const FetchRequest& request);

  ServerState& state() { return *state_; }
  const OriginOptions& options() const { return setting_.options; }
  net::Worker& worker() { return setting_.worker; }
  bool speaks_h2() const { return speaks_h2_; } // as far as is known
  void count_received(std::size_t bytes);
  void give_back(ServerConnectionPtr connection);
  void close_idle();

private:
  using Fetched = base::Result<OriginResponsePtr>;
  struct Idle {
    ServerConnectionPtr connection;
    base::Steady since;
  };
  struct OpenH2 {
    H2ServerConnectionPtr connection;
    base::Steady used; // when a stream was last opened
  };
  struct Sweep final : base::Timer {
    explicit Sweep(Server& s) : server(s) {}
    void on_timeout() override { server.sweep(); }
    Server& server;
  };
  struct Opened { // one of the two
    ServerConnectionPtr h1;
    H2ServerConnectionPtr h2;
  };
  class Opening;
  class Awaiting;

  boost::asio::awaitable<Fetched> ask(const FetchRequest& request, bool may_reuse);
  boost::asio::awaitable<base::Result<Opened>> open(Cancellation* cancellation);
  ServerConnectionPtr take_idle();
  H2ServerConnectionPtr take_h2();
  void close_unused(base::Steady since);
  void sweep();

  const ServerSetting setting_;
  const std::shared_ptr<ServerState> state_;
  net::ServerPlace place_;
  std::vector<Idle> idle_; // the one used last goes first, so that the others can age
  std::vector<OpenH2> h2_;
  bool speaks_h2_;
  std::uint32_t opening_ = 0;
  std::vector<Awaiting*> awaiting_; // a connection that is being opened
  Sweep sweep_{*this};
};

} // namespace selvedge::upstream
