// What the server learns of a client before it asks for something: whose ticket it offers, what
// that ticket was made to remember.
#include <src/net/client_hello.hpp>
#include <tests/support/certificates.hpp>
#include <tests/support/tls_pair.hpp>

#include <openssl/ssl.h>

#include <vector>

using namespace selvedge;
using net::IoState;
using test::TlsPair;

namespace {

constexpr const char* kName = "origin.test";

struct Scene {
  Scene() {
    net::TlsClientOptions options;
    options.ca_file = files.write(authority.certificate());
    client = std::make_shared<const net::TlsClientContext>(options);
  }

  // Whether the server took the client's ticket for its own when it read the hello. The client gets
  // a ticket for the next time, with that note.
  bool resumes(int version = TLS1_3_VERSION, const std::string& note = {}) {
    SSL* connection = client->new_connection(kName);
    SSL_set_max_proto_version(connection, version);
    net::TlsOptions options;
    options.certificates = {files.write(authority.issue({}))};
    const auto server = std::make_shared<const net::TlsContext>(options, keys);
    TlsPair pair(worker, server, client, connection);
    pair.note = note;
    REQUIRE(pair.shake_hands() == IoState::ok);
    if (pair.last.state == IoState::blocked) pair.send(pair.client, "a question", pair.server);
    came_back = pair.server.tls_peer()->note;
    const bool has_told = pair.server.tls_peer()->resumes;
    pair.client.close();
    return has_told;
  }

  base::SystemClock clock;
  net::Worker worker{0, clock};
  test::Authority authority;
  test::CertificateFiles files;
  net::TicketKeys keys;
  net::TlsClientContextPtr client;
  std::string came_back; // the note of the ticket before
};

} // namespace

TEST_CASE("a ticket of ours is known from the hello", "[net][tls]") {
  Scene scene;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(version);
  CHECK_FALSE(scene.resumes(version));
  CHECK(scene.resumes(version));
}

TEST_CASE("a ticket of another process is a stranger's", "[net][tls]") {
  Scene scene;
  CHECK_FALSE(scene.resumes());
  scene.keys = net::TicketKeys();
  CHECK_FALSE(scene.resumes());
}

TEST_CASE("a ticket is good for one turn of the keys after its own", "[net][tls]") {
  using std::chrono::hours;
  Scene scene;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(version);
  const base::Steady begin{};
  scene.keys = net::TicketKeys(begin);
  CHECK_FALSE(scene.resumes(version));
  CHECK_FALSE(scene.keys.rotate(begin + hours(11)));
  CHECK(scene.resumes(version));
  CHECK(scene.keys.rotate(begin + hours(12)));
  CHECK(scene.resumes(version)); // by the key before, and the client gets a new ticket
  CHECK(scene.keys.rotate(begin + hours(24)));
  // OpenSSL's clients do not keep the new one of TLS 1.2.
  CHECK(scene.resumes(version) == (version == TLS1_3_VERSION));
  CHECK(scene.keys.rotate(begin + hours(36)));
  CHECK(scene.keys.rotate(begin + hours(48)));
  CHECK_FALSE(scene.resumes(version));
}

TEST_CASE("keys that nobody turned for long are no key of before", "[net][tls]") {
  const base::Steady begin{};
  net::TicketKeys keys(begin);
  const net::TicketKey old = keys.current();
  CHECK(keys.rotate(begin + std::chrono::hours(24)));
  CHECK_FALSE(keys.find(old.name));
}

TEST_CASE("a ticket with the right name and a forged signature is nobody's", "[net][tls]") {
  const net::TicketKeys keys;
  std::vector<unsigned char> ticket(192, 0x5a);
  std::ranges::copy(keys.current().name, ticket.begin()); // the name is no secret: clients see it
  CHECK_FALSE(net::is_own_ticket(ticket, keys));
  for (std::size_t size = 0; size < 64; ++size) {
    CAPTURE(size);
    CHECK_FALSE(net::is_own_ticket(std::span(ticket).first(size), keys));
  }
}

TEST_CASE("a ticket brings back what it was made to remember", "[net][tls]") {
  Scene scene;
  CHECK_FALSE(scene.resumes(TLS1_3_VERSION, "whose it was"));
  CHECK(scene.came_back.empty());
  CHECK(scene.resumes(TLS1_3_VERSION, std::string(100, 'x')));
  CHECK(scene.came_back == "whose it was");
  CHECK(scene.resumes());
  CHECK(scene.came_back == std::string(net::TlsPeer::kNoteBytes, 'x'));
  scene.keys = net::TicketKeys();
  CHECK_FALSE(scene.resumes());
  CHECK(scene.came_back.empty()); // of a ticket that cannot be read
}
