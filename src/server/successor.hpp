// The process that takes the place of this one: the same command, and so perhaps a newer program,
// started on the listening sockets that are open here. While it starts, this one serves; when it
// serves, this one may end.
// Thread: the main one.
#pragma once

#include <selvedge/net/handed_sockets.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace selvedge::server {

class Successor {
public:
  static constexpr std::chrono::seconds kStartTime{60}; // then it has failed

  explicit Successor(boost::asio::io_context& io) : pipe_(io), late_(io) {}
  ~Successor(); // ends it when it does not serve yet

  // `done` is called once: with "" when it serves; else with what went wrong, and it has ended.
  // Throws std::runtime_error when it cannot be started. Requires: !is_starting().
  void start(const std::vector<std::string>& command,
             const std::vector<net::HandedListener>& sockets,
             std::function<void(const std::string& problem)> done);
  // Ends it, should it not serve yet; `done` is not called.
  void stop();
  bool is_starting() const { return is_starting_; }
  pid_t pid() const { return pid_; }

private:
  void read_word();
  void fail(const std::string& why);
  void end(const std::string& problem);

  boost::asio::posix::stream_descriptor pipe_; // on which it says that it serves
  boost::asio::steady_timer late_;
  std::function<void(const std::string&)> done_;
  pid_t pid_ = 0;
  bool is_starting_ = false;
  char word_ = 0;
};

// Of a process that was started so: tells the one before that it serves. False for others.
bool tell_predecessor();

// The command that this program was started with, its path first. Empty where /proc is missing.
std::vector<std::string> own_command();

} // namespace selvedge::server
