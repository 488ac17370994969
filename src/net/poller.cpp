#include <selvedge/net/poller.hpp>

#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace selvedge::net {

namespace {

constexpr std::uint32_t kInterest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
// Who is kept waiting and goes on sending is not listened to any more: each of its segments would
// cost a look. What it sends then fills its window, and costs nothing.
constexpr std::uint8_t kMutedAfter = 2;

} // namespace

Poller::Poller(overload::ReadyLists& lists) : lists_(lists), fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Poller::~Poller() {
  ::close(fd_);
}

bool Poller::add(int fd, Watched& watched) {
  epoll_event event{};
  event.events = kInterest;
  event.data.ptr = &watched;
  watched.poller_ = this;
  watched.fd_ = fd;
  return ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::remove(int fd, Watched& watched) {
  epoll_event unused{};
  ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, &unused);
  watched.leave();
}

void Poller::mute(Watched& watched) {
  epoll_event event{};
  event.events = EPOLLET;
  event.data.ptr = &watched;
  watched.is_muted_ = ::epoll_ctl(fd_, EPOLL_CTL_MOD, watched.fd_, &event) == 0;
}

// What has changed meanwhile is reported by the next poll().
void Poller::unmute(Watched& watched) {
  watched.is_muted_ = false;
  epoll_event event{};
  event.events = kInterest;
  event.data.ptr = &watched;
  ::epoll_ctl(fd_, EPOLL_CTL_MOD, watched.fd_, &event);
}

void Poller::Watched::on_turn() {
  edges_ = 0;
  if (is_muted_) poller_->unmute(*this);
  on_ready(std::exchange(ready_, {}));
}

std::size_t Poller::poll(base::Steady now) {
  const int found = ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), 0);
  if (found <= 0) return 0;
  const auto count = static_cast<std::size_t>(found);
  for (std::size_t i = 0; i < count; ++i) {
    const epoll_event& event = events_[i];
    auto& watched = *static_cast<Watched*>(event.data.ptr);
    const bool ended = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    watched.ready_.readable |= ended || (event.events & EPOLLIN) != 0;
    watched.ready_.writable |= ended || (event.events & EPOLLOUT) != 0;
    watched.ready_.ended |= ended;
    if (!watched.is_ready()) {
      lists_.add(watched, watched.lane_, watched.tenant_, now);
    } else if (++watched.edges_ >= kMutedAfter && !watched.is_muted_) {
      mute(watched);
    }
  }
  return count;
}

} // namespace selvedge::net
