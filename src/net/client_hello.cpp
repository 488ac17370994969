#include "client_hello.hpp"

#include <selvedge/net/tls_context.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

namespace selvedge::net {

namespace {

using Bytes = std::span<const unsigned char>;

constexpr std::size_t kHmacBytes = 32; // SHA-256

Bytes extension(ssl_st* hello, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(hello, type, &data, &size) != 1) return {};
  return {data, size};
}

std::size_t number(Bytes two) {
  return static_cast<std::size_t>(two[0]) << 8 | two[1];
}

} // namespace

std::string server_name_of(ssl_st* hello) {
  const Bytes data = extension(hello, TLSEXT_TYPE_server_name);
  constexpr std::size_t kHead = 5; // length of the list, type, length of the name
  if (data.size() < kHead || data[2] != TLSEXT_NAMETYPE_host_name) return {};
  const std::size_t length = number(data.subspan(3));
  if (length > data.size() - kHead || length > TLSEXT_MAXLEN_host_name) return {};
  std::string name(reinterpret_cast<const char*>(data.data() + kHead), length);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return name;
}

bool is_own_ticket(Bytes ticket, const TicketKeys& keys) {
  if (ticket.size() < TicketKey::kNameBytes + kHmacBytes) return false;
  const auto found = keys.find(ticket.first(TicketKey::kNameBytes));
  if (!found) return false; // of another process, or too old
  const Bytes told = ticket.last(kHmacBytes);
  const Bytes signed_part = ticket.first(ticket.size() - kHmacBytes);
  std::array<unsigned char, EVP_MAX_MD_SIZE> hmac;
  unsigned size = 0;
  const auto& key = found->key.signing;
  return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), signed_part.data(),
              signed_part.size(), hmac.data(), &size) != nullptr &&
         size == kHmacBytes && CRYPTO_memcmp(hmac.data(), told.data(), kHmacBytes) == 0;
}

bool offers_own_ticket(ssl_st* hello, const TicketKeys& keys) {
  const Bytes psk = extension(hello, TLSEXT_TYPE_psk);
  constexpr std::size_t kHead = 4; // length of the identities, length of the first one
  if (psk.size() >= kHead) {
    const std::size_t length = number(psk.subspan(2));
    return length <= psk.size() - kHead && is_own_ticket(psk.subspan(kHead, length), keys);
  }
  return is_own_ticket(extension(hello, TLSEXT_TYPE_session_ticket), keys);
}

} // namespace selvedge::net
