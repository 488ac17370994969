#include <selvedge/net/listener.hpp>

#include "tcp_transport.hpp"
#include "tls_transport.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace selvedge::net {

using boost::asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds kPauseAfterError{100}; // no descriptor or memory left
// Then others have their turns. Fewer, and floods of connections fill the kernel's queue while the
// worker is busy with those it has: then nobody else gets in.
constexpr int kAcceptedInTurn = 32;
constexpr int kAcceptedAtOnce = 4; // then it is asked whether they took too long
constexpr std::chrono::microseconds kAcceptTime{200};
// When so many strangers wait for their handshake, no more are accepted: the kernel's queue, and
// then its silence, push back at no cost to those who are here.
constexpr std::size_t kMostStrangers = 1024;
constexpr std::chrono::milliseconds kPauseForStrangers{5};

constexpr int kMostUnsent = 128 * 1024;

using UnsentLimit = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// Of a peer, without the port; "" when it has none.
std::string address_of(const sockaddr_storage& from) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* address = nullptr;
  if (from.ss_family == AF_INET) address = &reinterpret_cast<const sockaddr_in&>(from).sin_addr;
  if (from.ss_family == AF_INET6) address = &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
  if (address == nullptr) return {};
  return ::inet_ntop(from.ss_family, address, text.data(), text.size()) != nullptr ? text.data()
                                                                                   : "";
}

std::string text_of(const tcp::endpoint& at) {
  const std::string host = at.address().to_string();
  const std::string port = std::to_string(at.port());
  return at.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

void throw_bind_error(const std::string& address, const boost::system::error_code& error) {
  throw BindError("cannot listen on " + address + ": " + error.message());
}

void prepare(tcp::acceptor& acceptor, const tcp::endpoint& at, bool share_port,
             const std::string& address) {
  boost::system::error_code error;
  acceptor.open(at.protocol(), error);
  if (error) throw_bind_error(address, error);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (share_port) acceptor.set_option(ReusePort(true), error);
  if (at.address().is_v6() && at.address().is_unspecified()) {
    acceptor.set_option(boost::asio::ip::v6_only(false), error);
  }
  if (error) throw_bind_error(address, error);
  acceptor.bind(at, error);
  if (error) throw_bind_error(address, error);
}

// Accepted sockets have them from the start, without a system call each.
void inherit_options(tcp::acceptor& acceptor, bool is_tls) {
  acceptor.set_option(tcp::no_delay(true));
  // Records wait here and not in the kernel for a client that reads slowly. It also costs less
  // (1 MiB: 9%): they are sent while the processor has them in its caches. Answers in cleartext are
  // sent from where they are stored, and cost more with less room (1 MiB, 128 KiB of room: 40%).
  if (is_tls) acceptor.set_option(UnsentLimit(kMostUnsent));
}

} // namespace

tcp::endpoint parse_endpoint(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  unsigned short port = 0;
  const char* last = address.data() + address.size();
  const bool has_port = colon != std::string::npos && colon + 1 < address.size() &&
                        std::from_chars(address.data() + colon + 1, last, port).ptr == last;
  if (!has_port) throw BindError("'" + address + "' is not an address (host:port)");
  std::string host = address.substr(0, colon);
  if (host.empty()) return {boost::asio::ip::address_v6::any(), port};
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(host, error);
  if (error) throw BindError("'" + address + "' is not an address (host:port)");
  return {parsed, port};
}

struct Listener::Socket {
  Socket(Worker& on, TlsContextPtr with)
      : worker(on), acceptor(on.io()), pause(on.io()), tls(with) {}
  Worker& worker;
  tcp::acceptor acceptor;
  boost::asio::steady_timer pause;
  TlsContextPtr tls; // worker's thread only, once started
};

Listener::Listener(const ListenerOptions& options, std::vector<Worker*> workers,
                   ConnectionAcceptor& acceptor, TlsContextPtr tls, std::vector<int> handed)
    : options_(options), acceptor_(acceptor) {
  if (handed.empty()) {
    listen(workers, tls);
  } else {
    go_on(workers, tls, handed);
  }
  for (const auto& socket : sockets_) {
    boost::system::error_code error;
    socket->acceptor.listen(options.backlog, error); // again, where it was handed: the queue's size
    if (error) throw_bind_error(options.address, error);
    socket->acceptor.non_blocking(true);
    inherit_options(socket->acceptor, tls != nullptr);
  }
  bound_ = text_of(sockets_.front()->acceptor.local_endpoint());
}

void Listener::listen(const std::vector<Worker*>& workers, const TlsContextPtr& tls) {
  tcp::endpoint at = parse_endpoint(options_.address);
  // SO_REUSEPORT would let a second instance take half of the connections: without it, a port in
  // use is an error, as everybody expects.
  {
    boost::asio::io_context probe_context;
    tcp::acceptor probe(probe_context);
    prepare(probe, at, false, options_.address);
  }
  for (Worker* worker : workers) {
    auto socket = std::make_unique<Socket>(*worker, tls);
    prepare(socket->acceptor, at, true, options_.address);
    at = socket->acceptor.local_endpoint(); // port 0: the others take the same
    sockets_.push_back(std::move(socket));
  }
}

// Each socket has a worker, whatever the number of workers was: what waits in its queue would be
// lost with it. Each worker has a socket: another one cannot always be bound (SO_REUSEPORT wants
// the user who bound the first), and two workers may wait for one.
void Listener::go_on(const std::vector<Worker*>& workers, const TlsContextPtr& tls,
                     const std::vector<int>& handed) {
  const std::size_t count = std::max(workers.size(), handed.size());
  const tcp protocol = parse_endpoint(options_.address).protocol();
  for (std::size_t i = 0; i < count; ++i) {
    auto socket = std::make_unique<Socket>(*workers[i % workers.size()], tls);
    const int descriptor =
        i < handed.size() ? handed[i] : ::fcntl(handed[i % handed.size()], F_DUPFD_CLOEXEC, 0);
    boost::system::error_code error;
    socket->acceptor.assign(protocol, descriptor, error);
    if (error) throw_bind_error(options_.address, error);
    sockets_.push_back(std::move(socket));
  }
}

HandedListener Listener::handed() const {
  HandedListener all{options_.name, options_.address, {}};
  for (const auto& socket : sockets_) {
    all.descriptors.push_back(socket->acceptor.native_handle());
  }
  return all;
}

Listener::~Listener() = default;

void Listener::start() {
  for (auto& socket : sockets_) {
    socket->worker.post([this, &socket = *socket] { accept_next(socket); });
  }
}

// Accepts what is in the queue, at most `most`. Returns the error that ended it, if any.
int Listener::take(Socket& socket, int most) {
  for (; most > 0; --most) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int accepted =
        ::accept4(socket.acceptor.native_handle(), reinterpret_cast<sockaddr*>(&from), &size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return errno;
    }
    std::unique_ptr<Transport> transport;
    if (socket.tls) {
      transport =
          std::make_unique<TlsTransport>(accepted, address_of(from), socket.worker, socket.tls);
    } else {
      transport = std::make_unique<TcpTransport>(accepted, address_of(from), socket.worker);
    }
    acceptor_.on_connection(socket.worker, std::move(transport));
  }
  return 0;
}

void Listener::accept_next(Socket& socket) {
  socket.acceptor.async_wait(tcp::acceptor::wait_read, [this, &socket](
                                                           const boost::system::error_code& error) {
    if (error || !socket.acceptor.is_open()) return;
    const bool is_full = socket.worker.lists().size(overload::Lane::handshake) >= kMostStrangers;
    if (is_full) return accept_after(socket, kPauseForStrangers);
    const base::Steady began = socket.worker.refresh_now().steady;
    int failed = 0;
    for (int taken = 0; taken < kAcceptedInTurn && failed == 0; taken += kAcceptedAtOnce) {
      failed = take(socket, kAcceptedAtOnce);
      if (socket.worker.refresh_now().steady - began > kAcceptTime) break;
    }
    if (failed == 0 || failed == EAGAIN || failed == EWOULDBLOCK) return accept_next(socket);
    accept_after(socket, kPauseAfterError);
  });
}

void Listener::accept_after(Socket& socket, std::chrono::milliseconds pause) {
  socket.pause.expires_after(pause);
  socket.pause.async_wait([this, &socket](const boost::system::error_code& stopped) {
    if (!stopped && socket.acceptor.is_open()) accept_next(socket);
  });
}

void Listener::set_tls(TlsContextPtr tls) {
  for (auto& socket : sockets_) {
    socket->worker.post([&socket = *socket, tls] { socket.tls = tls; });
  }
}

void Listener::stop(WorkerPool& pool, Queue queue) {
  pool.run_on_all([this, queue](Worker& worker) {
    for (auto& socket : sockets_) {
      if (&socket->worker != &worker || !socket->acceptor.is_open()) continue;
      boost::system::error_code error;
      if (queue == Queue::is_taken) take(*socket, std::numeric_limits<int>::max());
      socket->pause.cancel();
      // Not close(): Asio then leaves it to the kernel to forget the socket, which it does not
      // while another process has it.
      ::close(socket->acceptor.release(error));
    }
  });
}

} // namespace selvedge::net
