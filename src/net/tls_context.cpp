#include <selvedge/net/tls_context.hpp>

#include "tls_settings.hpp"
#include "tls_transport.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <stdexcept>

namespace selvedge::net {

namespace {

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

int on_client_hello(SSL* ssl, int*, void*) {
  return TlsTransport::of(ssl).on_hello() ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_RETRY;
}

bool start_hmac(EVP_MAC_CTX* hmac, TicketKey& key) {
  std::array<char, 7> digest{"SHA256"};
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.signing.data(), key.signing.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(hmac, parameters.data()) == 1;
}

// As SSL_CTX_set_tlsext_ticket_key_evp_cb(3) has it: 1 the key is there, 0 it is not, 2 it is an
// old one, -1 nothing works.
int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* hmac, int is_sealing) {
  const auto& keys = *static_cast<const TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (is_sealing != 0) {
    TicketKey key = keys.current();
    std::copy(key.name.begin(), key.name.end(), name);
    const int size = EVP_CIPHER_get_iv_length(EVP_aes_256_cbc());
    const bool is_started =
        RAND_bytes(iv, size) == 1 &&
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.sealing.data(), iv) == 1 &&
        start_hmac(hmac, key);
    return is_started ? 1 : -1;
  }
  auto found = keys.find({name, TicketKey::kNameBytes});
  if (!found) return 0;
  const bool is_started =
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->key.sealing.data(), iv) == 1 &&
      start_hmac(hmac, found->key);
  if (!is_started) return -1;
  return found->is_current ? 1 : 2;
}

int write_ticket_note(SSL* ssl, void*) {
  const std::string& note = TlsTransport::of(ssl).note_to_give();
  SSL_SESSION* session = SSL_get_session(ssl);
  return note.empty() ? 1 : SSL_SESSION_set1_ticket_appdata(session, note.data(), note.size());
}

SSL_TICKET_RETURN read_ticket_note(SSL* ssl, SSL_SESSION* session, const unsigned char*,
                                   std::size_t, SSL_TICKET_STATUS status, void*) {
  if (status == SSL_TICKET_EMPTY || status == SSL_TICKET_NO_DECRYPT) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  void* note = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &note, &size) == 1 && note != nullptr) {
    TlsTransport::of(ssl).take_note({static_cast<const char*>(note), size});
  }
  return status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

void ask_for_certificate(SSL_CTX* context, const TlsOptions& options) {
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.client_ca.c_str());
  if (names == nullptr ||
      SSL_CTX_load_verify_locations(context, options.client_ca.c_str(), nullptr) != 1) {
    throw_tls_error("cannot read client authorities from '" + options.client_ca + "'");
  }
  SSL_CTX_set_client_CA_list(context, names);
  const int required = options.client_certificate_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | required, nullptr);
}

SSL_CTX* make_context(const TlsOptions& options, const CertificateOptions& files,
                      const TicketKeys& keys) {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> owned(SSL_CTX_new(TLS_server_method()),
                                                          SSL_CTX_free);
  SSL_CTX* context = owned.get();
  if (context == nullptr) throw std::bad_alloc();
  set_common_options(context);
  if (!options.allow_tls_1_2) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  // ChaCha20 where the client puts it first: it has no AES in hardware.
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Tickets only: no session cache of the server's, nothing shared to lock.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // None in the handshake: it is given once it is known whose connection it is (give_ticket()).
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_ticket_cb(context, write_ticket_note, read_ticket_note, nullptr);
  SSL_CTX_set_client_hello_cb(context, on_client_hello, nullptr);
  static constexpr unsigned char kSessionContext[] = "selvedge";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_app_data(context, const_cast<TicketKeys*>(&keys));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key);
  use_certificate(context, files);
  if (!options.client_ca.empty()) ask_for_certificate(context, options);
  return owned.release();
}

} // namespace

TlsContext::TlsContext(const TlsOptions& options, const TicketKeys& keys) : keys_(keys) {
  if (options.certificates.empty()) throw std::runtime_error("TLS needs a certificate");
  std::vector<std::string> protocols;
  if (options.h2) protocols.push_back("h2");
  protocols.push_back("http/1.1");
  alpn_ = alpn_list(protocols);
  try {
    for (const CertificateOptions& files : options.certificates) {
      SSL_CTX* context = make_context(options, files, keys_);
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
