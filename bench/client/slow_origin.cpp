// An origin whose answers take as long as it is told, for scenarios in which it slows down. It
// counts how many requests it has under way at once, which is what a proxy's limit must bound.
//
//   selvedge_slow_origin PORT SIZE [DELAY_MS]
//
// Every GET is answered with SIZE bytes that may be cached for an hour, but for
//   /size/BYTES/...     of that size, at most 16 MiB
//   /control/delay/MS   from now on; 0: at once
//   /control/stats      {"requests": since the start, "in_flight": now, "most_in_flight": ...}
//   /control/reset      most_in_flight begins anew
// It serves until TERM. Connections are served one request at a time.
#include "epoll.hpp"
#include "program.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <queue>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unordered_map>
#include <vector>

namespace selvedge::bench {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int listening_socket(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  constexpr int kBacklog = 4096;
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) fail("bind");
  if (::listen(descriptor, kBacklog) != 0) fail("listen");
  return descriptor;
}

struct Client {
  explicit Client(int of) : descriptor(of) {}
  ~Client() { ::close(descriptor); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int descriptor;
  std::string input;
  std::string unsent;
  bool is_waiting = false; // its request is under way
  std::size_t size = 0;    // of the answer to it
};

class SlowOrigin {
public:
  SlowOrigin(std::uint16_t port, std::size_t size, std::chrono::milliseconds delay)
      : listener_(listening_socket(port)), size_(size), content_(kLargest, 'x'), delay_(delay) {
    epoll_.add(listener_, kListener);
  }

  [[noreturn]] void run() {
    for (;;) {
      for (const epoll_event& event : epoll_.wait(patience())) {
        if (event.data.u64 == kListener) {
          accept_all();
        } else {
          on_event(event.data.u64);
        }
      }
      answer_due();
    }
  }

private:
  static constexpr std::size_t kListener = 0;
  struct Due {
    Clock::time_point at;
    std::size_t client;
    bool operator>(const Due& other) const { return at > other.at; }
  };

  // Until the next answer is due: rounded up, so that it is due then.
  std::chrono::nanoseconds patience() const {
    constexpr std::chrono::nanoseconds kLongest = std::chrono::seconds{1};
    if (due_.empty()) return kLongest;
    return std::clamp<std::chrono::nanoseconds>(due_.top().at - Clock::now(), {}, kLongest);
  }

  void accept_all() {
    for (;;) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      clients_.emplace(++last_, std::make_unique<Client>(descriptor));
      epoll_.add(descriptor, last_);
    }
  }

  void on_event(std::size_t number) {
    const auto found = clients_.find(number);
    if (found == clients_.end()) return;
    Client& client = *found->second;
    char buffer[16384];
    for (;;) {
      const ssize_t bytes = ::recv(client.descriptor, buffer, sizeof buffer, 0);
      if (bytes < 0 && errno == EAGAIN) break;
      if (bytes <= 0) {
        end(number);
        return;
      }
      client.input.append(buffer, static_cast<std::size_t>(bytes));
    }
    go_on(number, client);
  }

  void end(std::size_t number) {
    const auto found = clients_.find(number);
    // A request whose client went away is under way no more.
    if (found->second->is_waiting) --in_flight_;
    clients_.erase(found);
  }

  void go_on(std::size_t number, Client& client) {
    send(client);
    while (!client.is_waiting && client.unsent.empty()) {
      const std::size_t head_end = client.input.find("\r\n\r\n");
      if (head_end == std::string::npos) return;
      const std::size_t from = client.input.find(' ') + 1;
      const std::string target = client.input.substr(from, client.input.find(' ', from) - from);
      client.input.erase(0, head_end + 4);
      if (target.starts_with(kControl)) {
        answer(client, control(std::string_view(target).substr(kControl.size())));
        continue;
      }
      client.is_waiting = true;
      client.size = size_of(target);
      ++requests_;
      most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
      if (delay_.count() > 0) {
        due_.push({Clock::now() + delay_, number});
      } else {
        answer_waiting(client);
      }
    }
  }

  void answer_due() {
    while (!due_.empty() && due_.top().at <= Clock::now()) {
      const auto found = clients_.find(due_.top().client);
      due_.pop();
      if (found == clients_.end() || !found->second->is_waiting) continue;
      answer_waiting(*found->second);
      go_on(found->first, *found->second);
    }
  }

  void answer_waiting(Client& client) {
    client.is_waiting = false;
    --in_flight_;
    answer(client, std::string_view(content_).substr(0, client.size));
  }

  std::size_t size_of(std::string_view target) const {
    constexpr std::string_view kSize = "/size/";
    std::size_t size = size_;
    if (target.starts_with(kSize)) {
      target.remove_prefix(kSize.size());
      std::from_chars(target.data(), target.data() + target.size(), size);
    }
    return std::min(size, kLargest);
  }

  static void answer(Client& client, std::string_view content) {
    client.unsent += "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=3600\r\n"
                     "Content-Type: application/octet-stream\r\nContent-Length: " +
                     std::to_string(content.size()) + "\r\n\r\n";
    client.unsent += content;
    send(client);
  }

  // A client that went away is found out by reading.
  static void send(Client& client) {
    while (!client.unsent.empty()) {
      const ssize_t sent =
          ::send(client.descriptor, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      client.unsent.erase(0, static_cast<std::size_t>(sent));
    }
  }

  std::string control(std::string_view what) {
    constexpr std::string_view kDelay = "delay/";
    if (what.starts_with(kDelay)) {
      delay_ = std::chrono::milliseconds{
          std::strtol(std::string(what.substr(kDelay.size())).c_str(), nullptr, 10)};
    } else if (what == "reset") {
      most_in_flight_ = in_flight_;
    }
    return "{\"requests\": " + std::to_string(requests_) +
           ", \"in_flight\": " + std::to_string(in_flight_) +
           ", \"most_in_flight\": " + std::to_string(most_in_flight_) + "}\n";
  }

  static constexpr std::string_view kControl = "/control/";
  static constexpr std::size_t kLargest = std::size_t{16} << 20;

  int listener_;
  std::size_t size_;
  std::string content_;
  std::chrono::milliseconds delay_;
  Epoll epoll_;
  std::size_t last_ = kListener; // the number of the newest client
  std::unordered_map<std::size_t, std::unique_ptr<Client>> clients_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t requests_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t most_in_flight_ = 0;
};

int run(int argc, char** argv) {
  if (argc < 3) throw std::runtime_error("usage: selvedge_slow_origin PORT SIZE [DELAY_MS]");
  const auto port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
  const std::chrono::milliseconds delay{argc > 3 ? std::strtol(argv[3], nullptr, 10) : 0};
  SlowOrigin(port, std::strtoul(argv[2], nullptr, 10), delay).run();
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_slow_origin", selvedge::bench::run, argc, argv);
}
