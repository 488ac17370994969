// The program: a node, its admin API, its logs, and what signals do to them.
#pragma once

#include <selvedge/config/config.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace selvedge::server {

struct ServerOptions {
  std::string version;
  std::string ready_file;                 // written once the node is ready; empty: none
  std::function<config::Config()> reload; // reads the configuration again; empty: HUP is refused
};

struct BoundListener {
  std::string name;
  std::string address; // with the real port
  bool is_tls = false;
};

// Thread: the one that runs it.
class Server {
public:
  // Opens and binds everything. Throws net::BindError or std::runtime_error.
  Server(const config::Config& config, ServerOptions options);
  ~Server();

  std::vector<BoundListener> listeners() const;
  std::string admin_address() const; // empty without one

  // Serves until a signal says otherwise. HUP reload, USR1 reopen the logs, USR2 start the program
  // again on the same sockets and drain, QUIT drain, TERM and INT stop.
  void run();

private:
  class State;
  std::unique_ptr<State> state_;
};

} // namespace selvedge::server
