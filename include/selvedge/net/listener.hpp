// A listening address: one socket for each worker (SO_REUSEPORT), so that the kernel spreads
// connections and no worker accepts for another.
#pragma once

#include <selvedge/net/handed_sockets.hpp>
#include <selvedge/net/options.hpp>
#include <selvedge/net/tls_context.hpp>
#include <selvedge/net/transport.hpp>
#include <selvedge/net/worker.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <stdexcept>
#include <vector>

namespace selvedge::net {

// The address is taken or not ours. what(): "cannot listen on 127.0.0.1:80: Permission denied".
class BindError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

// "host:port", "[v6]:port" or ":port" (every address, both families). Throws BindError.
boost::asio::ip::tcp::endpoint parse_endpoint(const std::string& address);

// Gets each new connection, on the worker that accepted it.
class ConnectionAcceptor {
public:
  virtual ~ConnectionAcceptor() = default;
  virtual void on_connection(Worker& worker, std::unique_ptr<Transport> transport) = 0;
};

class Listener {
public:
  // Binds and listens at once, or goes on with the sockets that were `handed`, which it owns;
  // throws BindError. `workers` are those that accept. `acceptor` outlives the listener's use by
  // the workers.
  Listener(const ListenerOptions& options, std::vector<Worker*> workers,
           ConnectionAcceptor& acceptor, TlsContextPtr tls, std::vector<int> handed = {});
  ~Listener();

  const std::string& name() const { return options_.name; }
  const std::string& address() const { return bound_; } // with the real port
  bool is_tls() const { return options_.is_tls(); }
  // Its sockets, for the process that takes its place. Thread: any, before stop().
  HandedListener handed() const;
  // Starts accepting. Thread: the maker's, before or after the workers run.
  void start();
  // New connections use this from now on. Thread: any.
  void set_tls(TlsContextPtr tls);
  // Stops accepting. Connections already in the queue are taken first, or left to the process that
  // has the same sockets. Thread: any, while the workers run; returns when every worker has closed
  // its socket.
  enum class Queue : std::uint8_t { is_taken, is_left };
  void stop(WorkerPool& pool, Queue queue = Queue::is_taken);

private:
  struct Socket;
  void listen(const std::vector<Worker*>& workers, const TlsContextPtr& tls);
  void go_on(const std::vector<Worker*>& workers, const TlsContextPtr& tls,
             const std::vector<int>& handed);
  void accept_next(Socket& socket);
  void accept_after(Socket& socket, std::chrono::milliseconds pause);
  int take(Socket& socket, int most);

  ListenerOptions options_;
  std::string bound_;
  ConnectionAcceptor& acceptor_;
  std::vector<std::unique_ptr<Socket>> sockets_;
};

} // namespace selvedge::net
