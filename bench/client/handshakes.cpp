// Makes full TLS 1.3 handshakes (X25519, no resumption), many at a time, and ends each connection
// as soon as the server has finished its part too: close_notify and FIN, then the server's end.
// Prints how many and how long they took.
//
//   selvedge_handshakes PORT COUNT [PARALLEL]
#include "connection.hpp"
#include "epoll.hpp"
#include "program.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace selvedge::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kSources = 8; // addresses: closed connections keep their ports for a minute
constexpr std::chrono::seconds kPatience{10}; // without one handshake

class Handshake {
public:
  explicit Handshake(const Connection::Options& options) : connection_(options) {}

  int descriptor() const { return connection_.descriptor(); }

  // Goes on as far as possible; true when the server has ended the connection as well.
  bool advance() {
    if (!is_open_) {
      const Io state = connection_.open();
      if (state == Io::closed) throw std::runtime_error("a handshake failed");
      if (state != Io::ok) return false;
      require_full(connection_.tls());
      is_open_ = true;
      connection_.end_output();
    }
    std::array<char, 16384> buffer;
    for (;;) {
      const Transfer got = connection_.read(buffer);
      if (got.state == Io::closed) return true;
      if (got.state != Io::ok) return false;
    }
  }

private:
  static void require_full(SSL* tls) {
    const bool is_full = SSL_session_reused(tls) == 0 && SSL_version(tls) == TLS1_3_VERSION &&
                         SSL_get_negotiated_group(tls) == NID_X25519;
    if (!is_full) throw std::runtime_error("not a full TLS 1.3 handshake with X25519");
  }

  Connection connection_;
  bool is_open_ = false;
};

double run_all(std::uint16_t port, std::size_t count, std::size_t parallel) {
  const TlsContext context = client_context("http/1.1");
  std::vector<std::unique_ptr<Handshake>> slots(parallel);
  Epoll epoll;
  std::size_t begun = 0;
  std::size_t done = 0;
  const auto begin = [&](std::size_t slot) {
    slots[slot].reset();
    if (begun == count) return;
    const auto source = static_cast<std::uint32_t>(1 + begun % kSources);
    ++begun;
    slots[slot] = std::make_unique<Handshake>(
        Connection::Options{.port = port, .source = source, .context = context.get()});
    epoll.add(slots[slot]->descriptor(), slot);
  };
  const auto start = Clock::now();
  auto last = start;
  for (std::size_t slot = 0; slot < parallel; ++slot) begin(slot);
  while (done < count) {
    for (const epoll_event& event : epoll.wait(std::chrono::seconds{1})) {
      const std::size_t slot = event.data.u64;
      if (!slots[slot] || !slots[slot]->advance()) continue;
      ++done;
      last = Clock::now();
      begin(slot);
    }
    if (Clock::now() - last > kPatience) {
      throw std::runtime_error("only " + std::to_string(done) + " handshakes, then none");
    }
  }
  return std::chrono::duration<double>(last - start).count();
}

int run(int argc, char** argv) {
  if (argc < 3) throw std::runtime_error("usage: selvedge_handshakes PORT COUNT [PARALLEL]");
  const auto port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
  const std::size_t count = std::strtoul(argv[2], nullptr, 10);
  const std::size_t parallel = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 32;
  allow_descriptors(parallel + 64);
  const double seconds = run_all(port, count, parallel);
  std::printf("{\"handshakes\": %zu, \"seconds\": %.6f}\n", count, seconds);
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_handshakes", selvedge::bench::run, argc, argv);
}
