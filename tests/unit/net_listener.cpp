// Connections that clients make faster than the node works: they wait in the kernel's queue.
#include <selvedge/net/listener.hpp>
#include <tests/support/catch.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <vector>

using namespace selvedge;
using boost::asio::ip::tcp;

namespace {

struct Taken final : net::ConnectionAcceptor {
  void on_connection(net::Worker&, std::unique_ptr<net::Transport> transport) override {
    all.push_back(std::move(transport));
  }
  std::vector<std::unique_ptr<net::Transport>> all;
};

} // namespace

// A worker that is busy has a turn for its listener once a millisecond. With four a turn a
// flood filled the kernel's queue, and whoever came then had to wait for a second (TCP's first
// retransmission).
TEST_CASE("a turn takes many of those who wait, and not all", "[net][listener]") {
  const base::ManualClock clock;
  net::WorkerPool workers{1, clock};
  Taken taken;
  net::ListenerOptions options;
  options.address = "127.0.0.1:0";
  net::Listener listener(options, {&workers[0]}, taken, nullptr);
  boost::asio::io_context clients;
  std::vector<tcp::socket> waiting;
  for (int i = 0; i < 70; ++i) {
    waiting.emplace_back(clients).connect(net::parse_endpoint(listener.address()));
  }
  listener.start();
  while (taken.all.empty()) workers[0].io().run_one();
  CHECK(taken.all.size() == 32);
  while (taken.all.size() == 32) workers[0].io().run_one();
  CHECK(taken.all.size() == 64);
  while (taken.all.size() == 64) workers[0].io().run_one();
  CHECK(taken.all.size() == 70);
}
