// A transport to a server: its name resolved, a connection made, TLS shaken hands over.
// Thread: one worker.
#pragma once

#include <selvedge/net/connecting.hpp>
#include <selvedge/net/resolver.hpp>
#include <selvedge/net/tls_client_context.hpp>
#include <selvedge/net/transport.hpp>

#include <memory>
#include <string>

namespace selvedge::net {

struct ServerPlace {
  std::string host; // a name or a literal address
  std::uint16_t port = 0;
  TlsClientContextPtr tls;            // null: cleartext
  std::string tls_name;               // that the certificate has to have; empty: the host
  base::Millis connect_timeout{3000}; // with the resolution of the name
  base::Millis tls_timeout{3000};
};

struct OpenedTransport {
  std::unique_ptr<Transport> transport;
  std::string protocol; // chosen by the server (ALPN); empty: none
};

// "host:port" or "[v6]:port". Requires: config has checked it.
ServerPlace parse_server(const std::string& address);

// Everything passed in outlives the coroutine. Errors: as Resolver::resolve(), connect() and
// handshake_error() have them; connect_timeout for each of the two times.
boost::asio::awaitable<base::Result<OpenedTransport>> open_transport(Worker& worker,
                                                                     Resolver& resolver,
                                                                     const ServerPlace& place,
                                                                     Connecting& connecting);

} // namespace selvedge::net
