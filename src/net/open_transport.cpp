#include <selvedge/net/open_transport.hpp>

#include "tcp_transport.hpp"
#include "tls_transport.hpp"

#include <selvedge/net/connect.hpp>

#include <spdlog/spdlog.h>

namespace selvedge::net {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using boost::asio::awaitable;

namespace {

// Waits for the transport on behalf of whoever connects; the time it may take runs from its making.
class Waiting final : public TransportOwner, private base::Timer {
public:
  Waiting(Worker& worker, Connecting& connecting, base::Millis timeout) : connecting_(connecting) {
    worker.arm(*this, timeout);
  }
  void on_readable() override { connecting_.changed().set(); }
  void on_writable() override { connecting_.changed().set(); }
  bool is_late() const { return is_late_; }

private:
  void on_timeout() override {
    is_late_ = true;
    connecting_.changed().set();
  }
  Connecting& connecting_;
  bool is_late_ = false;
};

awaitable<base::Result<OpenedTransport>> shake_hands(std::unique_ptr<TlsTransport> transport,
                                                     Worker& worker, const ServerPlace& place,
                                                     Connecting& connecting) {
  const boost::intrusive_ptr<Waiting> waiting(new Waiting(worker, connecting, place.tls_timeout));
  for (;;) {
    const IoState state = transport->handshake();
    if (state == IoState::ok) break;
    if (state == IoState::closed) {
      spdlog::warn("TLS with {}:{} failed: {} {}", place.host, place.port,
                   transport->failure_text(), transport->verify_error());
      co_return handshake_error(transport->failure());
    }
    transport->wait(Direction::read, *waiting);
    co_await connecting.changed().wait();
    if (connecting.is_cancelled() || waiting->is_late()) {
      transport->close();
      if (connecting.is_cancelled()) co_return Error{ErrorCode::cancelled, ErrorSource::internal};
      co_return Error{ErrorCode::connect_timeout, ErrorSource::upstream, base::Retry::yes};
    }
  }
  std::string protocol(transport->protocol());
  co_return OpenedTransport{std::move(transport), std::move(protocol)};
}

} // namespace

ServerPlace parse_server(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  ServerPlace place;
  place.host = address.substr(0, colon);
  place.port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
  if (place.host.size() > 2 && place.host.front() == '[') {
    place.host = place.host.substr(1, place.host.size() - 2);
  }
  return place;
}

awaitable<base::Result<OpenedTransport>> open_transport(Worker& worker, Resolver& resolver,
                                                        const ServerPlace& place,
                                                        Connecting& connecting) {
  const base::Steady begun = worker.clock().now().steady;
  base::Result<Addresses> addresses = co_await resolver.resolve(place.host, place.port, connecting);
  if (!addresses) co_return addresses.error();
  const auto taken = std::chrono::ceil<base::Millis>(worker.clock().now().steady - begun);
  ConnectOptions options;
  options.timeout = std::max(place.connect_timeout - taken, base::Millis{1});
  base::Result<Connected> connected =
      co_await connect(worker, std::move(*addresses), options, connecting);
  if (!connected) co_return connected.error();

  std::string peer = connected->peer_address();
  if (!place.tls) {
    co_return OpenedTransport{
        std::make_unique<TcpTransport>(connected->take(), std::move(peer), worker), {}};
  }
  const std::string& name = place.tls_name.empty() ? place.host : place.tls_name;
  ssl_st* connection = place.tls->new_connection(name);
  if (connection == nullptr) co_return handshake_error(TlsFailure::certificate);
  auto transport = std::make_unique<TlsTransport>(connected->take(), std::move(peer), worker,
                                                  place.tls, connection);
  co_return co_await shake_hands(std::move(transport), worker, place, connecting);
}

} // namespace selvedge::net
