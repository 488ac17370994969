// Readiness of many sockets for one worker, asked of the kernel once a socket: edge-triggered epoll
// for both directions, so that waiting, reading and writing on need no system call of their own.
// (Asio's reactor takes one epoll_ctl for each wait, a fifteenth of the cost of a small hit.) The
// poller's own descriptor becomes readable when there are events: the worker's loop waits for that.
// A socket that is ready waits for its turn in the worker's lists. Thread: one.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/overload/ready_lists.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
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
  class Watched : public overload::ReadyItem {
  public:
    // Something changed since the last call. It may remove and destroy itself, and others.
    virtual void on_ready(Ready ready) = 0;
    // Where it waits for its turns from now on.
    void set_turn(overload::Lane lane, std::uint64_t tenant) {
      lane_ = lane;
      tenant_ = tenant;
    }
    overload::Lane lane() const { return lane_; }
    std::uint64_t tenant() const { return tenant_; }

  protected:
    ~Watched() = default;

  private:
    friend class Poller;
    void on_turn() final;

    Poller* poller_ = nullptr;
    std::uint64_t tenant_ = 0;
    int fd_ = -1;
    overload::Lane lane_ = overload::Lane::control;
    Ready ready_;
    std::uint8_t edges_ = 0; // while it waits for its turn
    bool is_muted_ = false;
  };

  explicit Poller(overload::ReadyLists& lists); // throws std::system_error
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  int fd() const { return fd_; }
  // Until remove(). False: the kernel has no memory for it.
  bool add(int fd, Watched& watched);
  // Requires: added; called before the descriptor is closed.
  void remove(int fd, Watched& watched);
  // Puts everything that has changed into the lists, at most kBatch of them. Returns how many.
  std::size_t poll(base::Steady now);

  static constexpr std::size_t kBatch = 256;

private:
  void mute(Watched& watched);
  void unmute(Watched& watched);

  overload::ReadyLists& lists_;
  int fd_;
  std::array<epoll_event, kBatch> events_;
};

} // namespace selvedge::net
