// Readiness of many sockets for one worker, asked of the kernel once a socket: edge-triggered epoll
// for both directions, so that waiting, reading and writing on need no system call of their own.
// (Asio's reactor takes one epoll_ctl for each wait, a fifteenth of the cost of a small hit.) The
// poller's own descriptor becomes readable when there are events: the worker's loop waits for that.
// Thread: one.
#pragma once

#include <array>
#include <cstddef>
#include <sys/epoll.h>

namespace selvedge::net {

class Poller {
public:
  struct Ready {
    bool readable = false;
    bool writable = false;
    bool ended = false; // the peer will send nothing more, or the connection is broken
  };

  // A socket that is watched.
  class Watched {
  public:
    // Something changed since the last call. It may remove and destroy itself, and others.
    virtual void on_ready(Ready ready) = 0;

  protected:
    ~Watched() = default;
  };

  Poller(); // throws std::system_error
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  int fd() const { return fd_; }
  // Until remove(). False: the kernel has no memory for it.
  bool add(int fd, Watched& watched);
  // Requires: added; called before the descriptor is closed.
  void remove(int fd, const Watched& watched);
  // Calls on_ready() for everything that is ready now, at most kBatch of them. Returns how many
  // there were.
  std::size_t poll();

  static constexpr std::size_t kBatch = 256;

private:
  int fd_;
  // Of the call under way: who is removed meanwhile is struck out.
  std::array<epoll_event, kBatch> events_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

} // namespace selvedge::net
