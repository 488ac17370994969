#include <selvedge/net/tls_client_context.hpp>

#include "tls_settings.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <new>
#include <utility>

namespace selvedge::net {

namespace {

// An origin has few names. Connections of more than these do without resumption.
constexpr std::size_t kMaxNames = 256;

// Whom to trust.
void set_authorities(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
      throw_tls_error("cannot use the system's certificate authorities");
    }
    return;
  }
  if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    throw_tls_error("cannot use certificate authorities '" + ca_file + "'");
  }
  // Who names a file trusts what is in it, be it an intermediate authority.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
}

// "[::1]" is an address in a URL, and a dot at the end is of DNS only (RFC 6066, 3).
std::string_view bare(std::string_view name) {
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    return name.substr(1, name.size() - 2);
  }
  if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
  return name;
}

// Only subjectAltNames count, and a wildcard stands for a whole label (RFC 9525, 6.3). Addresses
// are compared as such, and never sent as SNI (RFC 6066, 3). False: it is neither of both.
bool expect_name(SSL* connection, const std::string& name) {
  X509_VERIFY_PARAM* wanted = SSL_get0_param(connection);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                              X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  std::array<unsigned char, 16> address{};
  std::size_t size = 0;
  if (::inet_pton(AF_INET, name.c_str(), address.data()) == 1) size = 4;
  if (::inet_pton(AF_INET6, name.c_str(), address.data()) == 1) size = 16;
  if (size > 0) return X509_VERIFY_PARAM_set1_ip(wanted, address.data(), size) == 1;
  return X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(connection, name.c_str()) == 1;
}

} // namespace

base::Error handshake_error(TlsFailure failure) {
  using base::ErrorCode;
  if (failure == TlsFailure::certificate) {
    return {ErrorCode::certificate, base::ErrorSource::upstream, base::Retry::never};
  }
  return {ErrorCode::tls_failed, base::ErrorSource::upstream, base::Retry::yes};
}

void TlsClientContext::Free::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

void TlsClientContext::Free::operator()(SSL_SESSION* session) const {
  SSL_SESSION_free(session);
}

void TlsClientContext::Free::operator()(SSL* connection) const {
  SSL_free(connection);
}

TlsClientContext::TlsClientContext(const TlsClientOptions& options)
    : verify_(options.verify), context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = context_.get();
  if (context == nullptr) throw std::bad_alloc();
  set_common_options(context);
  SSL_CTX_set_verify(context, verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (verify_) set_authorities(context, options.ca_file);
  if (!options.certificate.certificate.empty()) use_certificate(context, options.certificate);
  const std::vector<unsigned char> offered = alpn_list(options.protocols);
  // Unlike the others, this one returns 0 when it has worked.
  if (!offered.empty() && SSL_CTX_set_alpn_protos(context, offered.data(),
                                                  static_cast<unsigned>(offered.size())) != 0) {
    throw_tls_error("cannot offer these protocols");
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, remember);
}

TlsClientContext::~TlsClientContext() = default;

SSL* TlsClientContext::new_connection(const std::string& server_name) const {
  const std::string name(bare(server_name));
  // Without a name OpenSSL would accept a certificate for any.
  if (name.empty()) return nullptr;
  std::unique_ptr<SSL, Free> connection(SSL_new(context_.get()));
  if (!connection) throw std::bad_alloc();
  if (!expect_name(connection.get(), name)) {
    ERR_clear_error();
    return nullptr;
  }
  resume(connection.get(), name);
  return connection.release();
}

void TlsClientContext::resume(SSL* connection, const std::string& name) const {
  auto found = sessions_.find(name);
  if (found == sessions_.end()) {
    if (sessions_.size() >= kMaxNames) return;
    found = sessions_.emplace(name, nullptr).first;
  }
  Session& newest = found->second;
  SSL_set_app_data(connection, &newest);
  if (!newest) return;
  // A connection that fails with a session marks it, so that the next one begins afresh.
  if (SSL_SESSION_is_resumable(newest.get()) != 1) return newest.reset();
  SSL_set_session(connection, newest.get());
}

int TlsClientContext::remember(SSL* connection, SSL_SESSION* session) {
  auto* newest = static_cast<Session*>(SSL_get_app_data(connection));
  // A copy, for OpenSSL spoils the session of a connection that ends without a goodbye, which says
  // nothing against its ticket.
  if (newest != nullptr) newest->reset(SSL_SESSION_dup(session));
  return 0; // the session itself was not taken
}

} // namespace selvedge::net
