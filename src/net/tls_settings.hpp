// What TLS has in common on both sides: versions and ciphers, certificates from files, the list of
// protocols for ALPN.
// Thread: any.
#pragma once

#include <selvedge/net/options.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

namespace selvedge::net {

// Throws std::runtime_error that says `what`, and why if OpenSSL knows.
[[noreturn]] void throw_tls_error(const std::string& what);

// TLS 1.2 or later with Mozilla's intermediate profile, and the buffering that TlsTransport needs.
void set_common_options(ssl_ctx_st* context);

// Throws std::runtime_error that names the file when one cannot be used.
void use_certificate(ssl_ctx_st* context, const CertificateOptions& files);

// RFC 7301, 3.1: each name after its length. Requires: names of 1 to 255 bytes.
std::vector<unsigned char> alpn_list(std::span<const std::string> protocols);

} // namespace selvedge::net
