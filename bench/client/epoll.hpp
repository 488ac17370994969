// An epoll instance whose descriptors are reported once a change, by an index of the caller's.
// Owned and called by one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>

namespace selvedge::bench {

class Epoll {
public:
  Epoll() : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  ~Epoll() { ::close(descriptor_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  // Closing the descriptor takes it out again.
  void add(int descriptor, std::size_t index) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = index;
    if (::epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  // The indices (data.u64) of those that have changed; valid until the next call.
  std::span<epoll_event> wait(std::chrono::nanoseconds longest) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const timespec patience{longest.count() / kSecond, longest.count() % kSecond};
    const int room = static_cast<int>(events_.size());
    const int count = ::epoll_pwait2(descriptor_, events_.data(), room, &patience, nullptr);
    return {events_.data(), static_cast<std::size_t>(std::max(0, count))};
  }

private:
  int descriptor_;
  std::array<epoll_event, 256> events_{};
};

} // namespace selvedge::bench
