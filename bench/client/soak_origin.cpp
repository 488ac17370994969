// The origin of ./dev soak: content that follows from the URL (soak_content.hpp), with lifetimes,
// validation and single ranges, and faults as it is told on its input, a word a line:
//
//   ok       all is well, as at the start
//   stall    requests are read and not answered until another word comes
//   slow     answers of 1 KiB each 50 ms and connection
//   errors   500 and 503 in turns
//   cut      the connection is closed within the content
//   reset    the same with RST
//   short    as many bytes as announced but one, then the connection is closed
//   garbage  chunks whose size is no number
//   heads    heads that are none
//
//   selvedge_soak_origin PORT
//
// Says its port (PORT 0: any) and serves until its input ends.
#include "epoll.hpp"
#include "program.hpp"
#include "soak_response.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unordered_map>

namespace selvedge::bench {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// The descriptor, and the port that it listens at.
std::pair<int, std::uint16_t> listening_socket(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  socklen_t size = sizeof at;
  constexpr int kBacklog = 4096;
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&at), size) != 0) fail("bind");
  if (::listen(descriptor, kBacklog) != 0) fail("listen");
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&at), &size);
  return {descriptor, ntohs(at.sin_port)};
}

struct Client {
  explicit Client(int of) : descriptor(of) {}
  ~Client() { ::close(descriptor); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int descriptor;
  std::string input;
  std::string unsent;
  std::optional<SoakResponse> response; // the one that is being sent
  Clock::time_point rests_until;        // when it is sent slowly
};

class SoakOrigin {
public:
  explicit SoakOrigin(std::uint16_t port) {
    const auto [descriptor, actual] = listening_socket(port);
    listener_ = descriptor;
    epoll_.add(listener_, kListener);
    ::fcntl(STDIN_FILENO, F_SETFL, ::fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    epoll_.add(STDIN_FILENO, kInput);
    std::printf("%d\n", actual);
    std::fflush(stdout);
  }

  void run() {
    auto next_round = Clock::now();
    while (!is_over_) {
      for (const epoll_event& event : epoll_.wait(kRound)) {
        if (event.data.u64 == kListener) {
          accept_all();
        } else if (event.data.u64 == kInput) {
          take_words();
        } else {
          on_event(event.data.u64);
        }
      }
      if (Clock::now() < next_round) continue;
      next_round = Clock::now() + kRound;
      go_on_all();
    }
  }

private:
  static constexpr std::size_t kListener = 0, kInput = 1;
  static constexpr std::chrono::milliseconds kRound{50};
  static constexpr std::size_t kSlowly = 1024;

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

  void take_words() {
    std::array<char, 256> buffer;
    for (;;) {
      const ssize_t bytes = ::read(STDIN_FILENO, buffer.data(), buffer.size());
      if (bytes < 0) break;
      is_over_ |= bytes == 0;
      if (bytes == 0) break;
      words_.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
    for (std::size_t end = words_.find('\n'); end != std::string::npos; end = words_.find('\n')) {
      fault_ = soak_fault(std::string_view(words_).substr(0, end));
      words_.erase(0, end + 1);
    }
    go_on_all();
  }

  // Those that were stalled or are slow.
  void go_on_all() {
    std::erase_if(clients_, [&](const auto& item) { return !go_on(*item.second); });
  }

  void on_event(std::size_t number) {
    const auto found = clients_.find(number);
    if (found == clients_.end()) return;
    Client& client = *found->second;
    std::array<char, 16384> buffer;
    for (;;) {
      const ssize_t bytes = ::recv(client.descriptor, buffer.data(), buffer.size(), 0);
      if (bytes < 0 && errno == EAGAIN) break;
      if (bytes <= 0) {
        clients_.erase(found);
        return;
      }
      client.input.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
    if (!go_on(client)) clients_.erase(found);
  }

  // False: its connection ends now.
  bool go_on(Client& client) {
    while (fault_ != SoakFault::stall) {
      if (!client.response) {
        const std::size_t end = client.input.find("\r\n\r\n");
        if (end == std::string::npos) return true;
        const std::string_view head = std::string_view(client.input).substr(0, end + 2);
        client.response.emplace(head, fault_, ++requests_);
        client.input.erase(0, end + 4);
      }
      if (!send(client)) return client.unsent.empty() ? finish(client) : true;
      client.response.reset();
    }
    return true;
  }

  // True: the whole response is sent, and the connection stays. False: look at `unsent`.
  bool send(Client& client) {
    const bool is_slow = fault_ == SoakFault::slow;
    for (;;) {
      if (client.unsent.empty()) client.unsent = client.response->next();
      if (client.unsent.empty()) return !client.response->closes();
      if (is_slow && client.rests_until > Clock::now()) return false;
      const std::size_t most =
          is_slow ? std::min(kSlowly, client.unsent.size()) : client.unsent.size();
      const ssize_t sent = ::send(client.descriptor, client.unsent.data(), most, MSG_NOSIGNAL);
      if (sent <= 0) return false; // a client that went away is found out by reading
      client.unsent.erase(0, static_cast<std::size_t>(sent));
      client.rests_until = Clock::now() + kRound;
    }
  }

  // Only of a response that closes: all of it is sent.
  static bool finish(Client& client) {
    if (client.response->resets()) {
      const linger at_once{1, 0};
      ::setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    return false;
  }

  int listener_ = -1;
  Epoll epoll_;
  std::size_t last_ = kInput; // the number of the newest client
  std::unordered_map<std::size_t, std::unique_ptr<Client>> clients_;
  std::string words_;
  SoakFault fault_ = SoakFault::ok;
  std::uint64_t requests_ = 0;
  bool is_over_ = false;
};

int run(int argc, char** argv) {
  if (argc != 2) throw std::runtime_error("usage: selvedge_soak_origin PORT");
  SoakOrigin(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10))).run();
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_soak_origin", selvedge::bench::run, argc, argv);
}
