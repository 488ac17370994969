// Many clients that are slow on purpose, on connections of their own: every other one asks for a
// large answer and reads 1 KiB of it a second, the others send a request's head at a byte a second.
// Says READY when all are connected, goes on until its input ends, then says how many are still
// open.
//
//   selvedge_slow_clients PORT COUNT PATH SOURCE SOURCES
//
// SOURCE is the address 127.x.y.z of the first, SOURCES how many addresses they use in turns.
#include "connection.hpp"
#include "program.hpp"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace selvedge::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadEachTime = 1024;
// As on a network. With loopback's the kernel lets a server's socket hold hundreds of KiB, and ten
// thousand of them want more than it has for all of TCP.
constexpr int kSegment = 1400;
constexpr std::chrono::milliseconds kRound{1000}; // each client has one turn
constexpr std::chrono::seconds kPatience{30};     // to connect

class SlowClient {
public:
  SlowClient(const Connection::Options& options, std::string request, bool is_reader)
      : connection_(options), request_(std::move(request)), is_reader_(is_reader) {
    // A small buffer, or the kernel takes most of the answer on the client's behalf.
    const int bytes = 4096;
    ::setsockopt(connection_.descriptor(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }

  int descriptor() const { return connection_.descriptor(); }
  bool is_closed() const { return is_closed_; }
  bool is_connected() { return connection_.open() == Io::ok; }

  void take_turn() {
    if (is_closed_) return;
    if (!request_.empty()) {
      const std::string_view whole = request_;
      const Transfer sent = connection_.write(is_reader_ ? whole : whole.substr(0, 1));
      is_closed_ = sent.state == Io::closed;
      request_.erase(0, sent.bytes);
    }
    std::array<char, kReadEachTime> buffer;
    if (connection_.read(buffer).state == Io::closed) is_closed_ = true;
  }

private:
  Connection connection_;
  std::string request_;
  bool is_reader_;
  bool is_closed_ = false;
};

struct Crowd {
  std::uint16_t port = 0;
  std::size_t count = 0;
  std::string path;
  std::uint32_t source = 0; // the three last octets of the first address
  std::uint32_t sources = 1;
};

using Clients = std::vector<std::unique_ptr<SlowClient>>;

Clients connect_all(const Crowd& crowd) {
  const std::string request = "GET " + crowd.path +
                              " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(crowd.port) +
                              "\r\n\r\n";
  const auto deadline = Clock::now() + kPatience;
  Clients clients;
  clients.reserve(crowd.count);
  for (std::size_t i = 0; i < crowd.count; ++i) {
    const auto source = crowd.source + static_cast<std::uint32_t>(i % crowd.sources);
    const Connection::Options options{.port = crowd.port, .source = source, .segment = kSegment};
    clients.push_back(std::make_unique<SlowClient>(options, request, i % 2 == 0));
    // One after the other: how fast they come is not what is measured.
    while (!clients.back()->is_connected()) {
      pollfd ready{clients.back()->descriptor(), POLLOUT, 0};
      ::poll(&ready, 1, 100);
      if (Clock::now() > deadline) throw std::runtime_error("clients do not connect in time");
    }
  }
  return clients;
}

bool has_input_ended(std::chrono::milliseconds wait) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, static_cast<int>(std::max<std::int64_t>(0, wait.count()))) <= 0) {
    return false;
  }
  std::array<char, 64> ignored;
  return ::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
}

// The turns are spread over a round, so that the clients are no burst.
void go_on_until_input_ends(Clients& clients) {
  constexpr std::size_t kParts = 100;
  auto next = Clock::now();
  for (std::size_t part = 0;; part = (part + 1) % kParts) {
    for (std::size_t i = part; i < clients.size(); i += kParts) clients[i]->take_turn();
    next += kRound / kParts;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now());
    if (has_input_ended(left)) return;
  }
}

int run(int argc, char** argv) {
  if (argc != 6) {
    throw std::runtime_error("usage: selvedge_slow_clients PORT COUNT PATH SOURCE SOURCES");
  }
  in_addr source{};
  if (::inet_pton(AF_INET, argv[4], &source) != 1) throw std::runtime_error("SOURCE is no address");
  const Crowd crowd{
      .port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
      .count = std::strtoul(argv[2], nullptr, 10),
      .path = argv[3],
      .source = ntohl(source.s_addr) & 0xffffff,
      .sources = static_cast<std::uint32_t>(std::strtoul(argv[5], nullptr, 10)),
  };
  if (crowd.count == 0 || crowd.sources == 0) throw std::runtime_error("COUNT or SOURCES is 0");
  allow_descriptors(crowd.count + 64);
  Clients clients = connect_all(crowd);
  std::printf("READY %zu\n", clients.size());
  std::fflush(stdout);
  go_on_until_input_ends(clients);
  const auto is_open = [](const auto& client) { return !client->is_closed(); };
  std::size_t open = 0;
  for (const auto& client : clients) open += is_open(client) ? 1 : 0;
  std::printf("OPEN %zu\n", open);
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_slow_clients", selvedge::bench::run, argc, argv);
}
