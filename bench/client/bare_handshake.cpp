// What a full TLS 1.3 handshake costs the server when there are no sockets: two ends in this
// process, joined by memory; the operations in it that no server can avoid; and the memory that
// the server's end holds afterwards. Prints microseconds of this thread's processor time and bytes.
//
//   selvedge_bare_handshake CERTIFICATE KEY [COUNT]
#include "connection.hpp"
#include "program.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <stdexcept>
#include <time.h>
#include <utility>
#include <vector>

namespace selvedge::bench {

namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Tls = std::unique_ptr<SSL, FreeTls>;

double thread_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void require(bool is_done, const char* what) {
  if (!is_done) throw std::runtime_error(what);
}

TlsContext server_context(const char* certificate, const char* key, std::size_t tickets) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  require(context != nullptr, "SSL_CTX_new");
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), tickets);
  SSL_CTX_set1_groups_list(context.get(), "X25519");
  require(SSL_CTX_use_certificate_chain_file(context.get(), certificate) == 1, "the certificate");
  require(SSL_CTX_use_PrivateKey_file(context.get(), key, SSL_FILETYPE_PEM) == 1, "the key");
  return context;
}

struct Ends {
  Tls client;
  Tls server;
};

// One handshake; adds the server's share of the time to `us`. What is written at one end is read at
// the other.
Ends shake_hands(SSL_CTX* server_side, SSL_CTX* client_side, double& us) {
  BIO* server_end = nullptr;
  BIO* client_end = nullptr;
  require(BIO_new_bio_pair(&server_end, 0, &client_end, 0) == 1, "BIO_new_bio_pair");
  Tls client(SSL_new(client_side));
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_connect_state(client.get());

  double begin = thread_us();
  Tls server(SSL_new(server_side));
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_accept_state(server.get());
  us += thread_us() - begin;
  while (SSL_is_init_finished(client.get()) == 0 || SSL_is_init_finished(server.get()) == 0) {
    SSL_do_handshake(client.get());
    begin = thread_us();
    const int result = SSL_do_handshake(server.get());
    us += thread_us() - begin;
    require(result == 1 || SSL_get_error(server.get(), result) == SSL_ERROR_WANT_READ,
            "a handshake in memory");
  }
  return {std::move(client), std::move(server)};
}

double handshake_us(const char* certificate, const char* key, std::size_t tickets, int count) {
  const TlsContext server_side = server_context(certificate, key, tickets);
  const TlsContext client_side = client_context("http/1.1");
  double us = 0;
  const auto once = [&] {
    Ends ends = shake_hands(server_side.get(), client_side.get(), us);
    const double begin = thread_us();
    ends.server.reset();
    us += thread_us() - begin;
  };
  for (int i = 0; i < count / 10; ++i) once();
  us = 0;
  for (int i = 0; i < count; ++i) once();
  return us / count;
}

// Bytes in use by glibc's account for each idle end of a server's, without a socket.
double held_bytes(const char* certificate, const char* key) {
  constexpr std::size_t kFirst = 100;
  constexpr std::size_t kHeld = 1000;
  const TlsContext server_side = server_context(certificate, key, 2);
  const TlsContext client_side = client_context("http/1.1");
  SSL_CTX_set_mode(server_side.get(), SSL_MODE_RELEASE_BUFFERS);
  std::vector<Tls> held;
  held.reserve(kFirst + kHeld);
  std::size_t before = 0;
  double ignored = 0;
  for (std::size_t i = 0; i < kFirst + kHeld; ++i) {
    if (i == kFirst) before = ::mallinfo2().uordblks;
    Ends ends = shake_hands(server_side.get(), client_side.get(), ignored);
    char nothing = 0;
    SSL_read(ends.server.get(), &nothing, 1); // finds nothing, and gives its buffer back
    SSL_set_bio(ends.server.get(), nullptr, nullptr);
    held.push_back(std::move(ends.server));
  }
  return static_cast<double>(::mallinfo2().uordblks - before) / kHeld;
}

template <typename Operation> double average_us(int count, Operation operation) {
  for (int i = 0; i < count / 10; ++i) operation();
  const double begin = thread_us();
  for (int i = 0; i < count; ++i) operation();
  return (thread_us() - begin) / count;
}

double sign_us(SSL_CTX* context, int count) {
  EVP_PKEY* key = SSL_CTX_get0_privatekey(context);
  const std::array<unsigned char, 130> signed_text{}; // RFC 8446, 4.4.3: 64 + 33 + 1 + 32
  return average_us(count, [&] {
    std::array<unsigned char, 128> signature;
    std::size_t size = signature.size();
    EVP_MD_CTX* context_of_one = EVP_MD_CTX_new();
    const bool is_done =
        EVP_DigestSignInit(context_of_one, nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestSign(context_of_one, signature.data(), &size, signed_text.data(),
                       signed_text.size()) == 1;
    EVP_MD_CTX_free(context_of_one);
    require(is_done, "EVP_DigestSign");
  });
}

double key_generation_us(int count) {
  return average_us(count, [] {
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
    require(key != nullptr, "EVP_PKEY_Q_keygen");
  });
}

double derivation_us(int count) {
  const Key ours(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  const Key theirs(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  return average_us(count, [&] {
    std::array<unsigned char, 32> secret;
    std::size_t size = secret.size();
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(ours.get(), nullptr);
    const bool is_done = EVP_PKEY_derive_init(context) == 1 &&
                         EVP_PKEY_derive_set_peer(context, theirs.get()) == 1 &&
                         EVP_PKEY_derive(context, secret.data(), &size) == 1;
    EVP_PKEY_CTX_free(context);
    require(is_done, "EVP_PKEY_derive");
  });
}

int run(int argc, char** argv) {
  if (argc < 3) {
    throw std::runtime_error("usage: selvedge_bare_handshake CERTIFICATE KEY [COUNT]");
  }
  const int count = argc > 3 ? std::atoi(argv[3]) : 2000;
  require(count > 0, "COUNT is a number");
  const TlsContext context = server_context(argv[1], argv[2], 2);
  std::printf("{\"handshake_us\": %.2f, \"handshake_one_ticket_us\": %.2f, "
              "\"handshake_no_ticket_us\": %.2f, \"sign_us\": %.2f, \"generate_us\": %.2f, "
              "\"derive_us\": %.2f, \"held_bytes\": %.0f}\n",
              handshake_us(argv[1], argv[2], 2, count), handshake_us(argv[1], argv[2], 1, count),
              handshake_us(argv[1], argv[2], 0, count), sign_us(context.get(), count),
              key_generation_us(count), derivation_us(count), held_bytes(argv[1], argv[2]));
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_bare_handshake", selvedge::bench::run, argc, argv);
}
