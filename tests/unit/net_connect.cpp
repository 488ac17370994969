// Connections to servers with several addresses, on loopback sockets. The clock is the test's.
#include <selvedge/net/connect.hpp>
#include <tests/support/catch.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace selvedge;
using base::ErrorCode;
using boost::asio::ip::tcp;
using net::Addresses;
using net::Connected;

namespace {

namespace ip = boost::asio::ip;
using base::Millis;
using Outcome = std::optional<base::Result<Connected>>;

const ip::address kLoopback = ip::address_v4::loopback();

// A port of this machine: nobody listens on it, or somebody does, or somebody whose queue is full,
// so that no more is heard from there.
class Port {
public:
  explicit Port(const ip::address& address = kLoopback)
      : socket_(::socket(family(address), SOCK_STREAM, 0)) {
    tcp::endpoint any(address, 0);
    REQUIRE(::bind(socket_, any.data(), static_cast<socklen_t>(any.size())) == 0);
    auto size = static_cast<socklen_t>(endpoint_.capacity());
    REQUIRE(::getsockname(socket_, endpoint_.data(), &size) == 0);
    endpoint_.resize(size);
  }
  ~Port() {
    for (const int one : queued_) ::close(one);
    ::close(socket_);
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  Port& listen(int backlog = 16) {
    REQUIRE(::listen(socket_, backlog) == 0);
    return *this;
  }
  Port& be_silent() {
    listen(0);
    for (int i = 0; i < 4; ++i) {
      const int one = ::socket(family(endpoint_.address()), SOCK_STREAM | SOCK_NONBLOCK, 0);
      ::connect(one, endpoint_.data(), static_cast<socklen_t>(endpoint_.size()));
      queued_.push_back(one);
    }
    return *this;
  }
  const tcp::endpoint& endpoint() const { return endpoint_; }
  int socket() const { return socket_; }

private:
  static int family(const ip::address& address) { return address.is_v4() ? AF_INET : AF_INET6; }

  int socket_;
  tcp::endpoint endpoint_;
  std::vector<int> queued_;
};

class Node {
public:
  Node() { await_sockets(); }

  std::shared_ptr<Outcome> begin(const Addresses& addresses, bool ipv4_first = false) {
    net::ConnectOptions options;
    options.ipv4_first = ipv4_first;
    auto outcome = std::make_shared<Outcome>();
    co_spawn(worker.io(), connect(addresses, options, outcome), boost::asio::detached);
    settle();
    return outcome;
  }
  // Until it has an outcome, or for as long as something happens within a few seconds.
  base::Result<Connected>& await(const std::shared_ptr<Outcome>& outcome) {
    worker.io().restart();
    while (!*outcome && worker.io().run_one_for(std::chrono::seconds(10)) > 0) {
    }
    REQUIRE(outcome->has_value());
    return **outcome;
  }
  void settle() {
    worker.io().restart();
    while (worker.io().poll() > 0) worker.io().restart();
  }
  void advance(Millis by) {
    clock.advance(by);
    worker.tick();
    settle();
  }

  base::ManualClock clock;
  net::Worker worker{0, clock};
  net::Connecting connecting{worker.io().get_executor()};

private:
  boost::asio::awaitable<void> connect(Addresses addresses, net::ConnectOptions options,
                                       std::shared_ptr<Outcome> outcome) {
    base::Result<Connected> made =
        co_await net::connect(worker, std::move(addresses), options, connecting);
    outcome->emplace(std::move(made));
  }
  // As the worker's own loop does.
  void await_sockets() {
    sockets_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (error) return;
                          worker.run_ready();
                          await_sockets();
                        });
  }
  boost::asio::posix::stream_descriptor sockets_{worker.io(), ::dup(worker.poller().fd())};
};

std::size_t open_descriptors() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

} // namespace

TEST_CASE("a connection is a socket that is ready for a transport", "[net][connect]") {
  Node node;
  Port server;
  server.listen();
  const auto outcome = node.begin({server.endpoint()});
  auto& connected = node.await(outcome);
  REQUIRE(connected.has_value());
  CHECK(connected->peer() == server.endpoint());
  CHECK(connected->peer_address() == "127.0.0.1");
  CHECK(connected->is_ipv4());
  const int socket = connected->take();
  REQUIRE(socket >= 0);
  CHECK(connected->take() == -1);
  CHECK((::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(socket, F_GETFD) & FD_CLOEXEC) != 0);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  REQUIRE(::getsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0);
  CHECK(no_delay != 0);
  CHECK(::send(socket, "x", 1, MSG_NOSIGNAL) == 1);
  ::close(socket);
}

TEST_CASE("a server that does not listen refuses", "[net][connect]") {
  Node node;
  Port dead, other;
  const bool are_two = GENERATE(false, true);
  Addresses addresses{dead.endpoint()};
  if (are_two) addresses.push_back(other.endpoint());
  const auto outcome = node.begin(addresses);
  const auto& connected = node.await(outcome);
  REQUIRE(connected.has_error());
  CHECK(connected.error().code == ErrorCode::connect_refused);
  CHECK(connected.error().source == base::ErrorSource::upstream);
  CHECK(connected.error().retry == base::Retry::yes);
  CHECK(connected.error().os_error == ECONNREFUSED);
}

TEST_CASE("no address at all is a server that refuses", "[net][connect]") {
  Node node;
  const auto outcome = node.begin({});
  CHECK(node.await(outcome).error().code == ErrorCode::connect_refused);
}

TEST_CASE("RFC 8305, 5: the next address follows at once when one fails", "[net][connect]") {
  Node node;
  Port dead, server, after;
  server.listen();
  after.listen();
  const tcp::endpoint nowhere(ip::make_address("255.255.255.255"), 80); // fails before it begins
  const bool is_dead = GENERATE(true, false);
  const tcp::endpoint first = is_dead ? dead.endpoint() : nowhere;
  CAPTURE(first);
  const auto outcome = node.begin({first, first, server.endpoint(), after.endpoint()});
  auto& connected = node.await(outcome); // the clock stands still
  REQUIRE(connected.has_value());
  CHECK(connected->peer() == server.endpoint());
}

TEST_CASE("RFC 8305, 5: the next address follows after a while when one is silent",
          "[net][connect]") {
  Node node;
  Port silent, server;
  silent.be_silent();
  server.listen();
  const auto outcome = node.begin({silent.endpoint(), server.endpoint()});
  node.advance(Millis(200));
  CHECK_FALSE(outcome->has_value());
  node.advance(Millis(100));
  auto& connected = node.await(outcome);
  REQUIRE(connected.has_value());
  CHECK(connected->peer() == server.endpoint());
}

TEST_CASE("a failure hurries the next address though another is silent", "[net][connect]") {
  Node node;
  Port silent, dead, server;
  silent.be_silent();
  server.listen();
  const auto outcome = node.begin({silent.endpoint(), dead.endpoint(), server.endpoint()});
  node.advance(Millis(300));
  auto& connected = node.await(outcome); // the clock stands still
  REQUIRE(connected.has_value());
  CHECK(connected->peer() == server.endpoint());
}

TEST_CASE("connecting has an end when nobody answers", "[net][connect]") {
  Node node;
  Port one, two, three;
  Addresses addresses{one.be_silent().endpoint()};
  if (GENERATE(false, true)) {
    addresses.push_back(two.be_silent().endpoint());
    addresses.push_back(three.be_silent().endpoint());
  }
  const auto before = open_descriptors();
  const auto outcome = node.begin(addresses);
  for (int i = 0; i < 29; ++i) node.advance(Millis(100));
  CHECK_FALSE(outcome->has_value());
  CHECK(open_descriptors() == before + addresses.size());
  node.advance(Millis(200));
  const auto& connected = node.await(outcome);
  REQUIRE(connected.has_error());
  CHECK(connected.error().code == ErrorCode::connect_timeout);
  CHECK(connected.error().retry == base::Retry::yes);
  CHECK(open_descriptors() == before);
}

TEST_CASE("connecting can be cancelled at any time", "[net][connect]") {
  Node node;
  Port silent, server;
  silent.be_silent();
  server.listen();
  const auto before = open_descriptors();
  const Millis when = GENERATE(Millis(-1), Millis(0), Millis(300));
  CAPTURE(when.count());
  if (when < Millis(0)) node.connecting.cancel();
  const auto outcome = node.begin({silent.endpoint(), silent.endpoint()});
  if (when > Millis(0)) node.advance(when);
  if (when >= Millis(0)) {
    CHECK_FALSE(outcome->has_value());
    node.connecting.cancel();
  }
  CHECK(node.await(outcome).error().code == ErrorCode::cancelled);
  CHECK(open_descriptors() == before);
  const auto later = node.begin({server.endpoint()});
  CHECK(node.await(later).error().code == ErrorCode::cancelled);
}

TEST_CASE("a connection that nobody wants is closed, as are those that lost", "[net][connect]") {
  Node node;
  Port silent, server;
  silent.be_silent();
  server.listen();
  const auto before = open_descriptors();
  auto outcome = node.begin({silent.endpoint(), silent.endpoint(), server.endpoint()});
  node.advance(Millis(300));
  node.advance(Millis(300));
  REQUIRE(node.await(outcome).has_value());
  CHECK(open_descriptors() == before + 1);
  outcome.reset();
  CHECK(open_descriptors() == before);
}

TEST_CASE("the same over IPv6, which goes first unless IPv4 did it last", "[net][connect]") {
  const int probe = ::socket(AF_INET6, SOCK_STREAM, 0);
  const tcp::endpoint any(ip::address_v6::loopback(), 0);
  const bool has_ipv6 =
      probe >= 0 && ::bind(probe, any.data(), static_cast<socklen_t>(any.size())) == 0;
  if (probe >= 0) ::close(probe);
  if (!has_ipv6) {
    WARN("this machine has no IPv6 loopback");
    return;
  }
  Node node;
  Port six(ip::address_v6::loopback()), four;
  four.listen();
  const bool ipv4_first = GENERATE(false, true);
  const bool six_listens = GENERATE(false, true);
  CAPTURE(ipv4_first, six_listens);
  if (six_listens) six.listen();
  const auto outcome = node.begin({four.endpoint(), six.endpoint()}, ipv4_first);
  auto& connected = node.await(outcome);
  REQUIRE(connected.has_value());
  const bool expects_six = six_listens && !ipv4_first;
  CHECK(connected->peer_address() == (expects_six ? "::1" : "127.0.0.1"));
  CHECK(connected->is_ipv4() == !expects_six);
}

TEST_CASE("without descriptors the node is overloaded, not the server down", "[net][connect]") {
  Node node;
  Port server;
  server.listen();
  rlimit allowed{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &allowed) == 0);
  rlimit none = allowed;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto outcome = node.begin({server.endpoint()});
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &allowed) == 0);
  const auto& connected = node.await(outcome);
  REQUIRE(connected.has_error());
  CHECK(connected.error().code == ErrorCode::overloaded);
  CHECK(connected.error().source == base::ErrorSource::internal);
  CHECK(connected.error().os_error == EMFILE);
}

TEST_CASE("RFC 9293, 3.5: a connection may reach itself", "[net][connect]") {
  Port port;
  const int self = ::dup(port.socket());
  const tcp::endpoint at = port.endpoint();
  REQUIRE(::connect(self, at.data(), static_cast<socklen_t>(at.size())) == 0);
  CHECK(net::is_connected_to_itself(self));
  ::close(self);

  Port server;
  server.listen();
  Node node;
  const auto outcome = node.begin({server.endpoint()});
  auto& connected = node.await(outcome);
  REQUIRE(connected.has_value());
  const int other = connected->take();
  CHECK_FALSE(net::is_connected_to_itself(other));
  ::close(other);
}

TEST_CASE("RFC 8305, 4: families take turns", "[net][connect]") {
  const auto [given, ipv4_first, expected] = GENERATE(table<std::string, bool, std::string>({
      {"4a 4b 6a 6b", false, "6a 4a 6b 4b"},
      {"4a 4b 6a 6b", true, "4a 6a 4b 6b"},
      {"4a 4b 4c 6a", false, "6a 4a 4b 4c"},
      {"6a 6b", true, "6a 6b"},
      {"4a", false, "4a"},
      {"", false, ""},
  }));
  const auto endpoint_of = [](char family, char letter) {
    const auto port = static_cast<unsigned short>(letter);
    return family == '4' ? tcp::endpoint(kLoopback, port)
                         : tcp::endpoint(ip::address_v6::loopback(), port);
  };
  Addresses addresses;
  for (std::size_t i = 0; i < given.size(); i += 3) {
    addresses.push_back(endpoint_of(given[i], given[i + 1]));
  }
  std::string order;
  for (const auto& one : net::interleaved(addresses, ipv4_first)) {
    if (!order.empty()) order += ' ';
    order += one.address().is_v4() ? '4' : '6';
    order += static_cast<char>(one.port());
  }
  CHECK(order == expected);
}
