// Client connections: made from accepted transports, kept in one set a worker, counted, drained.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/downstream/client_seats.hpp>
#include <selvedge/downstream/options.hpp>
#include <selvedge/downstream/stream.hpp>
#include <selvedge/net/listener.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace selvedge::downstream {

// Written by one worker, read by anyone.
struct Counters {
  base::Counter accepted;
  base::Counter refused_node_full;    // over the limit of connections
  base::Counter refused_client_limit; // over that of one client
  base::Counter closed;
  base::Counter timed_out;
  base::Counter h1_requests;
  base::Counter h2_requests;
  base::Counter bytes_read;
  base::Counter bytes_written;
  base::Counter handshakes_resumed; // clients came with a ticket
  base::Counter handshakes_full;
  base::Counter crowded_bodies;   // requests with content that there was no memory for
  base::Counter crowded_streams;  // of HTTP/2, refused since all connections had too many
  base::Counter deferred_streams; // of HTTP/2, refused after they had waited too long
  base::Counter abandoned;        // connections whose clients left while they waited to be read
};

class ConnectionSet;

// All client connections of the node. Thread: its maker's unless said otherwise.
class Connections {
public:
  explicit Connections(net::WorkerPool& workers);
  ~Connections();

  // New connections live by these limits. Thread: any, while the workers run, or before they do.
  void set_limits(const Limits& limits);
  // No new requests: idle connections close, others once they have answered what they have begun.
  void begin_drain();
  // Ends every connection now.
  void close_all();
  std::size_t open() const { return open_.load(std::memory_order_relaxed); }
  // With those that have said nothing yet.
  std::size_t all() const { return seats_.taken(); }
  const Counters& counters(std::size_t worker) const;
  // Thread: that of the worker.
  ConnectionSet& set_of(std::size_t worker) { return *sets_[worker]; }
  ClientSeats& seats() { return seats_; }

private:
  net::WorkerPool& workers_;
  ClientSeats seats_;
  std::atomic<std::size_t> open_{0};
  std::vector<std::unique_ptr<ConnectionSet>> sets_;
};

// Turns a listener's transports into connections that speak to a handler: HTTP/2 where the client
// begins with its preface, HTTP/1 otherwise.
class Acceptor final : public net::ConnectionAcceptor {
public:
  // `handlers`: one for each worker. `is_shared`: see net::ListenerOptions::shared.
  Acceptor(Connections& connections, std::string listener, std::vector<RequestHandler*> handlers,
           bool is_shared = false);
  void on_connection(net::Worker& worker, std::unique_ptr<net::Transport> transport) override;
  const std::string& listener() const { return listener_; }

private:
  Connections& connections_;
  std::string listener_;
  std::vector<RequestHandler*> handlers_;
  bool is_shared_;
};

} // namespace selvedge::downstream
