#include <selvedge/net/tls_context.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace selvedge::net {

namespace {

[[noreturn]] void fail(const std::string& what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  throw std::runtime_error(what + (reason != nullptr ? ": " + std::string(reason) : ""));
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

// The DNS names of the leaf certificate (RFC 6125: subjectAltName only).
std::vector<std::string> names_of(SSL_CTX* context) {
  std::vector<std::string> names;
  X509* leaf = SSL_CTX_get0_certificate(context);
  auto* all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  if (all == nullptr) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all, i);
    if (one->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName));
    names.push_back(lower({text, static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName))}));
  }
  GENERAL_NAMES_free(all);
  return names;
}

int choose_certificate(SSL* ssl, int*, void* argument) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto* self = static_cast<const TlsContext*>(argument);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  if (const auto* found = self->certificate_for(name)) SSL_set_SSL_CTX(ssl, found->context);
  return SSL_TLSEXT_ERR_OK;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned in_length, void* argument) {
  const auto* ours = static_cast<const std::vector<unsigned char>*>(argument);
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_length, ours->data(),
                                          static_cast<unsigned>(ours->size()), in, in_length);
  // RFC 7301, 3.2: without an overlap the handshake fails.
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* make_context(const TlsOptions& options, const CertificateOptions& files,
                      const TicketKeys& keys) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context, options.allow_tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  // Mozilla's intermediate profile, the cheapest first; ChaCha20 where the client puts it first.
  SSL_CTX_set_ciphersuites(
      context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                   "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                   "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305");
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  // Tickets only: no session cache of the server's, nothing shared to lock.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // One of them: a client of HTTP/2 opens one connection, and each ticket costs a twentieth of a
  // handshake.
  SSL_CTX_set_num_tickets(context, 1);
  static constexpr unsigned char kSessionContext[] = "selvedge";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  TicketKeys copy = keys;
  SSL_CTX_set_tlsext_ticket_keys(context, copy.bytes.data(), static_cast<long>(copy.bytes.size()));

  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    SSL_CTX_free(context);
    fail("cannot use certificate '" + files.certificate + "'");
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    SSL_CTX_free(context);
    fail("cannot use key '" + files.key + "'");
  }
  return context;
}

} // namespace

TicketKeys::TicketKeys() : bytes{} {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) fail("no random bytes");
}

TlsContext::TlsContext(const TlsOptions& options, const TicketKeys& keys) {
  if (options.certificates.empty()) throw std::runtime_error("TLS needs a certificate");
  static constexpr unsigned char kH2[] = "\x02h2";
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  if (options.h2) alpn_.insert(alpn_.end(), kH2, kH2 + 3);
  alpn_.insert(alpn_.end(), kHttp11, kHttp11 + 9);
  try {
    for (const CertificateOptions& files : options.certificates) {
      SSL_CTX* context = make_context(options, files, keys);
      certificates_.push_back({context, names_of(context)});
      SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
      SSL_CTX_set_tlsext_servername_arg(context, this);
      SSL_CTX_set_alpn_select_cb(context, choose_protocol, &alpn_);
    }
  } catch (...) {
    for (const Certificate& one : certificates_) SSL_CTX_free(one.context);
    throw;
  }
}

TlsContext::~TlsContext() {
  for (const Certificate& one : certificates_) SSL_CTX_free(one.context);
}

SSL* TlsContext::new_connection() const {
  SSL* ssl = SSL_new(certificates_.front().context);
  if (ssl == nullptr) throw std::bad_alloc();
  return ssl;
}

const TlsContext::Certificate* TlsContext::certificate_for(std::string_view name) const {
  const std::string wanted = lower(std::string(name));
  const std::size_t dot = wanted.find('.');
  const std::string wildcard = dot == std::string::npos ? "" : "*" + wanted.substr(dot);
  const Certificate* by_wildcard = nullptr;
  for (const Certificate& one : certificates_) {
    for (const std::string& has : one.names) {
      if (has == wanted) return &one;
      if (!wildcard.empty() && has == wildcard && by_wildcard == nullptr) by_wildcard = &one;
    }
  }
  return by_wildcard;
}

} // namespace selvedge::net
