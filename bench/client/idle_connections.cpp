// Holds many idle HTTP/2 connections over TLS: each has done a full handshake, exchanged SETTINGS
// and had one request answered. Says READY when all are there, holds them until its input ends,
// then says how many are still open.
//
//   selvedge_idle_connections PORT COUNT PATH [SECONDS]
#include "connection.hpp"
#include "epoll.hpp"
#include "h2_frames.hpp"
#include "program.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace selvedge::bench {

namespace {

constexpr std::size_t kInParallel = 64;
constexpr std::size_t kPerSource = 5000; // so that no source address runs out of ports
constexpr std::uint32_t kStream = 1;

class IdleConnection {
public:
  IdleConnection(const Connection::Options& options, std::string request)
      : connection_(options), unsent_(h2_opening() + std::move(request)) {}

  int descriptor() const { return connection_.descriptor(); }
  bool is_idle() const { return is_idle_; }

  // Goes on as far as possible. Throws std::runtime_error when that is nowhere.
  void advance() {
    if (!is_open_) {
      const Io state = connection_.open();
      if (state == Io::closed) throw std::runtime_error("a handshake failed");
      if (state != Io::ok) return;
      is_open_ = true;
    }
    send();
    receive();
    send();
    const bool is_answered = std::ranges::count(answers_.ended, kStream) > 0;
    is_idle_ = is_answered && answers_.has_settings && answers_.is_acknowledged && unsent_.empty();
  }

private:
  void send() {
    unsent_ += std::exchange(answers_.reply, {});
    const Transfer sent = connection_.write(unsent_);
    if (sent.state == Io::closed) throw std::runtime_error("a connection was closed");
    unsent_.erase(0, sent.bytes);
    if (unsent_.empty()) unsent_.shrink_to_fit();
  }

  void receive() {
    std::array<char, 16384> buffer;
    for (;;) {
      const Transfer got = connection_.read(buffer);
      if (got.state == Io::closed) throw std::runtime_error("a connection was closed");
      if (got.state != Io::ok) return;
      answers_.receive({buffer.data(), got.bytes});
      if (answers_.failures > 0) throw std::runtime_error("a request failed");
    }
  }

  Connection connection_;
  H2Answers answers_;
  std::string unsent_;
  bool is_open_ = false;
  bool is_idle_ = false;
};

using Connections = std::vector<std::unique_ptr<IdleConnection>>;

Connections open_all(std::uint16_t port, std::size_t count, const std::string& path,
                     std::chrono::seconds limit) {
  const TlsContext context = client_context("h2");
  const std::string request =
      h2_request(kStream, "https", "127.0.0.1:" + std::to_string(port), path);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  Epoll epoll;
  Connections all;
  all.reserve(count);
  std::size_t idle = 0;
  while (idle < count) {
    while (all.size() < count && all.size() - idle < kInParallel) {
      const auto source = static_cast<std::uint32_t>(1 + all.size() / kPerSource);
      const Connection::Options options{.port = port, .source = source, .context = context.get()};
      all.push_back(std::make_unique<IdleConnection>(options, request));
      epoll.add(all.back()->descriptor(), all.size() - 1);
    }
    for (const epoll_event& event : epoll.wait(std::chrono::seconds{1})) {
      IdleConnection& one = *all[event.data.u64];
      const bool was_idle = one.is_idle();
      one.advance();
      if (one.is_idle() && !was_idle) ++idle;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("only " + std::to_string(idle) + " connections in time");
    }
  }
  return all;
}

// Those of whose end the kernel knows nothing.
std::size_t count_open(const Connections& all) {
  std::vector<pollfd> asked;
  for (const auto& one : all) asked.push_back({one->descriptor(), POLLRDHUP, 0});
  ::poll(asked.data(), asked.size(), 0);
  return static_cast<std::size_t>(std::ranges::count(asked, 0, &pollfd::revents));
}

void wait_for_end_of_input() {
  std::array<char, 64> ignored;
  while (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
}

int run(int argc, char** argv) {
  if (argc < 4)
    throw std::runtime_error("usage: selvedge_idle_connections PORT COUNT PATH [SECONDS]");
  const auto port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
  const std::size_t count = std::strtoul(argv[2], nullptr, 10);
  const std::chrono::seconds limit{argc > 4 ? std::strtol(argv[4], nullptr, 10) : 120};
  allow_descriptors(count + 64);
  const Connections all = open_all(port, count, argv[3], limit);
  std::printf("READY %zu\n", all.size());
  std::fflush(stdout);
  wait_for_end_of_input();
  const std::size_t open = count_open(all);
  std::printf("OPEN %zu\n", open);
  return open == count ? 0 : 1;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_idle_connections", selvedge::bench::run, argc,
                                      argv);
}
