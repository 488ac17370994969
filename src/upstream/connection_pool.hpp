// Connections to the servers of an origin that wait for their next request. The one used last goes
// first, so that the others can age.
// Thread: one worker.
#pragma once

#include "server_connection.hpp"

#include <memory>
#include <vector>

namespace selvedge::upstream {

class ConnectionPool {
public:
  ConnectionPool(net::Worker& worker, const OriginOptions& options, OriginCounters& counters);

  // An open connection that was used before, or null.
  std::shared_ptr<ServerConnection> take(std::size_t server);
  void give_back(std::size_t server, std::shared_ptr<ServerConnection> connection);
  void close_idle();

private:
  struct Idle {
    std::shared_ptr<ServerConnection> connection;
    base::Steady since;
  };
  struct Sweep final : base::Timer {
    explicit Sweep(ConnectionPool& p) : pool(p) {}
    void on_timeout() override { pool.sweep(); }
    ConnectionPool& pool;
  };
  void sweep();

  net::Worker& worker_;
  const OriginOptions& options_;
  OriginCounters& counters_;
  std::vector<std::vector<Idle>> servers_;
  Sweep sweep_{*this};
};

} // namespace selvedge::upstream
