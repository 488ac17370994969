#include <selvedge/net/poller.hpp>

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace selvedge::net {

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Poller::~Poller() {
  ::close(fd_);
}

bool Poller::add(int fd, Watched& watched) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watched;
  return ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::remove(int fd, const Watched& watched) {
  epoll_event unused{};
  ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, &unused);
  for (std::size_t i = next_; i < count_; ++i) {
    if (events_[i].data.ptr == &watched) events_[i].data.ptr = nullptr;
  }
}

std::size_t Poller::poll() {
  const int found = ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), 0);
  if (found <= 0) return 0;
  count_ = static_cast<std::size_t>(found);
  for (next_ = 0; next_ < count_;) {
    const epoll_event& event = events_[next_++];
    auto* watched = static_cast<Watched*>(event.data.ptr);
    if (watched == nullptr) continue;
    const bool ended = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    watched->on_ready({.readable = ended || (event.events & EPOLLIN) != 0,
                       .writable = ended || (event.events & EPOLLOUT) != 0,
                       .ended = ended});
  }
  const std::size_t handled = count_;
  next_ = count_ = 0;
  return handled;
}

} // namespace selvedge::net
