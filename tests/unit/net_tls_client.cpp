// TLS towards origins: whom it believes, what it offers, and how each failure is told. Both ends
// are ours, but for those that speak no TLS.
#include <selvedge/net/tls_client_context.hpp>
#include <tests/support/certificates.hpp>
#include <tests/support/tls_pair.hpp>

#include <openssl/ssl.h>

using namespace selvedge;
using net::IoState;
using net::TlsFailure;
using test::Leaf;
using test::TlsClientEnd;
using test::TlsPair;

namespace {

constexpr const char* kName = "origin.test";

net::TlsClientContextPtr client_context(const net::TlsClientOptions& options) {
  return std::make_shared<const net::TlsClientContext>(options);
}

// An authority, and servers with its certificates.
struct Scene {
  net::TlsContextPtr server(const Leaf& leaf, bool h2 = true) {
    net::TlsOptions options;
    options.certificates = {files.write(authority.issue(leaf))};
    options.h2 = h2;
    return std::make_shared<const net::TlsContext>(options, keys);
  }
  // Trusts the authority.
  net::TlsClientOptions client() {
    net::TlsClientOptions options;
    options.ca_file = files.write(authority.certificate());
    return options;
  }

  base::SystemClock clock;
  net::Worker worker{0, clock};
  test::Authority authority;
  test::CertificateFiles files;
  net::TicketKeys keys;
};

std::string error_of(const net::TlsClientOptions& options) {
  try {
    const net::TlsClientContext context(options);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

} // namespace

TEST_CASE("A certificate of a trusted authority and the right name is accepted", "[net][tls]") {
  Scene scene;
  using Row = std::pair<const char*, const char*>;
  const auto [names, name] = GENERATE(values<Row>({
      {"DNS:origin.test", "origin.test"},
      {"DNS:origin.test", "ORIGIN.test"},
      {"DNS:origin.test", "origin.test."}, // RFC 6066, 3: without the dot
      {"DNS:other.test,DNS:origin.test", "origin.test"},
      {"DNS:*.origin.test", "a.origin.test"}, // RFC 9525, 6.3: one whole label
      {"IP:127.0.0.1", "127.0.0.1"},
      {"IP:::1", "::1"},
      {"IP:::1", "[0:0::1]"},
  }));
  CAPTURE(names, name);
  const auto context = client_context(scene.client());
  TlsPair pair(scene.worker, scene.server({.names = names}), context,
               context->new_connection(name));
  CHECK(pair.shake_hands() == IoState::ok);
  CHECK(pair.send(pair.client, "a question", pair.server) == "a question");
  CHECK(pair.send(pair.server, "an answer", pair.client) == "an answer");
  CHECK(pair.client.failure() == TlsFailure::none);
  CHECK(pair.client.is_secure());
}

TEST_CASE("RFC 9525, 6: any other certificate ends the handshake", "[net][tls]") {
  Scene scene;
  using Row = std::tuple<Leaf, const char*, const char*>;
  const auto [leaf, name, what] = GENERATE(values<Row>({
      {{.names = "DNS:other.test"}, "origin.test", "hostname mismatch"},
      // 6.3: a wildcard is a whole label, and only one
      {{.names = "DNS:a*.origin.test"}, "ab.origin.test", "hostname mismatch"},
      {{.names = "DNS:*.origin.test"}, "b.a.origin.test", "hostname mismatch"},
      {{.names = "DNS:*.origin.test"}, "origin.test", "hostname mismatch"},
      // 2: the subject's common name says nothing
      {{.names = "", .common_name = "origin.test"}, "origin.test", "hostname mismatch"},
      {{.names = "DNS:127.0.0.1"}, "127.0.0.1", "IP address mismatch"},
      {{.names = "IP:127.0.0.1"}, "127.0.0.2", "IP address mismatch"},
      {{.names = "IP:127.0.0.1"}, "origin.test", "hostname mismatch"},
      {{.ends_in = -60}, "origin.test", "certificate has expired"},
  }));
  CAPTURE(leaf.names, name);
  const auto context = client_context(scene.client());
  TlsPair pair(scene.worker, scene.server(leaf), context, context->new_connection(name));
  CHECK(pair.shake_hands() == IoState::closed);
  CHECK(pair.client.failure() == TlsFailure::certificate);
  CHECK(pair.client.failure_text() == "certificate verify failed");
  CHECK_THAT(pair.client.verify_error(), Catch::Contains(what, Catch::CaseSensitive::No));
  CHECK(test::write(pair.client, "a secret").state == IoState::closed);
  CHECK(pair.read_all(pair.server).empty());
}

TEST_CASE("A certificate of an unknown authority ends the handshake", "[net][tls]") {
  Scene scene;
  const test::Authority other;
  const std::string ca_file = GENERATE(as<std::string>(), "of another", "of the system");
  CAPTURE(ca_file);
  net::TlsClientOptions options;
  if (ca_file == "of another") options.ca_file = scene.files.write(other.certificate());
  const auto context = client_context(options);
  TlsPair pair(scene.worker, scene.server({}), context, context->new_connection(kName));
  CHECK(pair.shake_hands() == IoState::closed);
  CHECK(pair.client.failure() == TlsFailure::certificate);
  CHECK_THAT(pair.client.verify_error(), Catch::Contains("issuer certificate"));
}

TEST_CASE("Without verification any certificate will do", "[net][tls]") {
  Scene scene;
  net::TlsClientOptions options;
  options.verify = false;
  const auto context = client_context(options);
  const Leaf leaf = GENERATE(values<Leaf>({{.names = "DNS:other.test"}, {.ends_in = -60}}));
  TlsPair pair(scene.worker, scene.server(leaf), context, context->new_connection(kName));
  CHECK(pair.shake_hands() == IoState::ok);
  CHECK(pair.client.verify_error().empty());
}

TEST_CASE("The server chooses among the protocols that are offered", "[net][tls]") {
  Scene scene;
  using Row = std::tuple<std::vector<std::string>, bool, const char*>;
  const auto [offered, server_has_h2, chosen] = GENERATE(values<Row>({
      {{"h2", "http/1.1"}, true, "h2"},
      {{"h2", "http/1.1"}, false, "http/1.1"},
      {{"http/1.1"}, true, "http/1.1"},
      {{}, true, ""},
  }));
  CAPTURE(offered, server_has_h2);
  net::TlsClientOptions options = scene.client();
  options.protocols = offered;
  const auto context = client_context(options);
  TlsPair pair(scene.worker, scene.server({}, server_has_h2), context,
               context->new_connection(kName));
  CHECK(pair.shake_hands() == IoState::ok);
  CHECK(pair.client.protocol() == chosen);
}

TEST_CASE("RFC 7301, 3.2: without a common protocol there is no connection", "[net][tls]") {
  Scene scene;
  net::TlsClientOptions options = scene.client();
  options.protocols = {"h2"};
  const auto context = client_context(options);
  TlsPair pair(scene.worker, scene.server({}, false), context, context->new_connection(kName));
  CHECK(pair.shake_hands() == IoState::closed);
  CHECK(pair.client.failure() == TlsFailure::protocol);
  CHECK_THAT(std::string(pair.client.failure_text()), Catch::Contains("no application protocol"));
}

TEST_CASE("A later connection to the same name resumes the session", "[net][tls]") {
  Scene scene;
  const auto server = scene.server({.names = "DNS:origin.test,DNS:other.test"});
  const auto context = client_context(scene.client());
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const bool says_goodbye = GENERATE(true, false);
  CAPTURE(version, says_goodbye);
  const auto is_resumed = [&](const std::string& name) {
    SSL* connection = context->new_connection(name);
    SSL_set_max_proto_version(connection, version);
    TlsPair pair(scene.worker, server, context, connection);
    REQUIRE(pair.shake_hands() == IoState::ok);
    REQUIRE(SSL_version(connection) == version);
    if (says_goodbye) pair.client.close();
    return SSL_session_reused(connection) == 1;
  };
  CHECK_FALSE(is_resumed("origin.test"));
  CHECK(is_resumed("origin.test"));
  CHECK_FALSE(is_resumed("other.test"));
  CHECK(is_resumed("other.test"));
  if (says_goodbye) CHECK(is_resumed("origin.test"));
}

TEST_CASE("A server that forgot the session gets a whole handshake", "[net][tls]") {
  Scene scene;
  const auto context = client_context(scene.client());
  for (int i = 0; i < 3; ++i) {
    scene.keys = net::TicketKeys();
    SSL* connection = context->new_connection(kName);
    TlsPair pair(scene.worker, scene.server({}), context, connection);
    CHECK(pair.shake_hands() == IoState::ok);
    CHECK(SSL_session_reused(connection) == 0);
  }
}

TEST_CASE("RFC 6066, 3: a host name is sent as SNI, an address is not", "[net][tls]") {
  Scene scene;
  const auto context = client_context(scene.client());
  const auto sni = [&](const std::string& name) {
    const std::unique_ptr<SSL, test::OpenSslFree<SSL_free>> ssl(context->new_connection(name));
    REQUIRE(ssl != nullptr);
    const char* sent = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
    return std::string(sent != nullptr ? sent : "none");
  };
  CHECK(sni("origin.test") == "origin.test");
  CHECK(sni("origin.test.") == "origin.test");
  CHECK(sni("192.0.2.1") == "none");
  CHECK(sni("[2001:db8::1]") == "none");
  CHECK(context->new_connection("") == nullptr);
  CHECK(context->new_connection(std::string("a.test\0b", 8)) == nullptr);
  CHECK(context->new_connection(std::string(256, 'a')) == nullptr);
}

TEST_CASE("A certificate of ours is shown to servers that ask for it", "[net][tls]") {
  Scene scene;
  const bool has_one = GENERATE(true, false);
  CAPTURE(has_one);
  const auto server = scene.server({});
  SSL_CTX* asking = server->certificate_for(kName)->context;
  REQUIRE(SSL_CTX_load_verify_file(asking, scene.client().ca_file.c_str()) == 1);
  SSL_CTX_set_verify(asking, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  net::TlsClientOptions options = scene.client();
  if (has_one) options.certificate = scene.files.write(scene.authority.issue({}));
  const auto context = client_context(options);
  TlsPair pair(scene.worker, server, context, context->new_connection(kName));
  // RFC 8446, 4.4.2.4: the server's refusal comes after the client has finished.
  CHECK(pair.shake_hands() == IoState::ok);
  CHECK(pair.last.state == (has_one ? IoState::blocked : IoState::closed));
  CHECK(pair.client.failure() == (has_one ? TlsFailure::none : TlsFailure::protocol));
}

TEST_CASE("A peer that goes away during the handshake, after so much of it", "[net][tls]") {
  Scene scene;
  const auto context = client_context(scene.client());
  TlsClientEnd end(scene.worker, context, context->new_connection(kName));
  const bool hears_hello = GENERATE(true, false);
  CAPTURE(hears_hello);
  if (hears_hello) REQUIRE(end.client.handshake() == IoState::blocked);
  end.close_peer();
  CHECK(end.client.handshake() == IoState::closed);
  CHECK(end.client.failure() == TlsFailure::closed);
  CHECK(end.client.verify_error().empty());
}

TEST_CASE("A peer that speaks no TLS", "[net][tls]") {
  Scene scene;
  const auto context = client_context(scene.client());
  TlsClientEnd end(scene.worker, context, context->new_connection(kName));
  REQUIRE(end.client.handshake() == IoState::blocked);
  end.say("HTTP/1.1 400 Bad Request\r\n\r\n");
  CHECK(end.client.handshake() == IoState::closed);
  CHECK(end.client.failure() == TlsFailure::protocol);
  CHECK(end.client.failure_text() == "wrong version number");
}

TEST_CASE("RFC 9209, 2.3: what a failed handshake is for the request", "[net][tls]") {
  using base::ErrorCode;
  using base::Retry;
  const base::Error refused = net::handshake_error(TlsFailure::certificate);
  CHECK(refused.code == ErrorCode::certificate);
  CHECK(refused.retry == Retry::never);
  for (const TlsFailure failure : {TlsFailure::protocol, TlsFailure::closed}) {
    const base::Error failed = net::handshake_error(failure);
    CHECK(failed.code == ErrorCode::tls_failed);
    CHECK(failed.retry == Retry::yes);
    CHECK(failed.source == base::ErrorSource::upstream);
  }
}

TEST_CASE("A write before the end of the handshake waits for it", "[net][tls]") {
  Scene scene;
  const auto context = client_context(scene.client());
  TlsPair pair(scene.worker, scene.server({}), context, context->new_connection(kName));
  CHECK(test::write(pair.client, "a question").state == IoState::blocked);
  CHECK(test::write(pair.client, "a question").bytes == 0);
  CHECK(pair.client.failure() == TlsFailure::none);
  CHECK(pair.shake_hands() == IoState::ok);
  CHECK(pair.send(pair.client, "a question", pair.server) == "a question");
}

TEST_CASE("More than the socket takes at once arrives whole, both ways", "[net][tls]") {
  Scene scene;
  const auto context = client_context(scene.client());
  TlsPair pair(scene.worker, scene.server({}), context, context->new_connection(kName));
  REQUIRE(pair.shake_hands() == IoState::ok);
  std::string content(std::size_t{4} << 20, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 % 251);
  CHECK((pair.send(pair.client, content, pair.server) == content));
  CHECK(pair.was_held);
  pair.was_held = false;
  CHECK((pair.send(pair.server, content, pair.client) == content));
  CHECK(pair.was_held);
}

TEST_CASE("RFC 9112, 9.8: an end without a goodbye may have cut something off", "[net][tls]") {
  Scene scene;
  const auto context = client_context(scene.client());
  TlsPair pair(scene.worker, scene.server({}), context, context->new_connection(kName));
  REQUIRE(pair.shake_hands() == IoState::ok);
  REQUIRE(test::write(pair.server, "an answer").bytes == 9);
  const bool says_goodbye = GENERATE(true, false);
  CAPTURE(says_goodbye);
  if (says_goodbye) {
    pair.server.shut_down_output();
  } else {
    pair.server.TcpTransport::shut_down_output();
  }
  CHECK(pair.read_all(pair.client) == "an answer");
  CHECK(pair.last.state == IoState::closed);
  CHECK(pair.last.is_cut_off == !says_goodbye);
  CHECK(pair.client.failure() == (says_goodbye ? TlsFailure::none : TlsFailure::closed));
}

TEST_CASE("Files that cannot be used are named", "[net][tls]") {
  Scene scene;
  net::TlsClientOptions options;
  const std::string empty = scene.files.write("");
  options.ca_file = empty;
  CHECK_THAT(error_of(options), Catch::StartsWith("cannot use certificate authorities '" + empty));
  options = scene.client();
  options.certificate = scene.files.write(scene.authority.issue({}));
  CHECK(error_of(options) == "no error");
  options.certificate.key = scene.files.write(scene.authority.issue({})).key;
  CHECK_THAT(error_of(options), Catch::StartsWith("cannot use key '" + options.certificate.key));
  options.certificate.certificate = "/nowhere.pem";
  CHECK_THAT(error_of(options), Catch::StartsWith("cannot use certificate '/nowhere.pem'"));
}
