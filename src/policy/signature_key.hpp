// A key that says whether a signature is right. It has one algorithm, so that no token can have its
// bytes used in another way (RFC 8725, 2.1). Immutable; thread: any.
#pragma once

#include <selvedge/policy/options.hpp>

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace selvedge::policy {

class SignatureKey {
public:
  static constexpr int kRsaBits = 2048;           // at least (RFC 7518, 3.3)
  static constexpr int kMostRsaBits = 16384;      // OpenSSL refuses to verify with more
  static constexpr std::size_t kSecretBytes = 32; // at least (RFC 7518, 3.2)

  // The numbers are big-endian bytes. Each throws std::runtime_error that says what is wrong.
  static SignatureKey of_rsa(std::string_view modulus, std::string_view exponent);
  static SignatureKey of_p256(std::string_view x, std::string_view y);
  static SignatureKey of_ed25519(std::string_view x);
  static SignatureKey of_secret(std::string_view secret);

  SignatureKey named(std::string id) &&; // kid

  const std::string& id() const { return id_; } // empty: it has none
  JwtAlgorithm algorithm() const { return algorithm_; }
  // `signature` as RFC 7518, 3 and RFC 8037, 3.1 have it. Leaves no error in OpenSSL's queue, which
  // the connections of this thread read too.
  bool verifies(std::string_view text, std::string_view signature) const;

private:
  struct Free {
    void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
  };
  using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
  SignatureKey(JwtAlgorithm algorithm, KeyPtr key) : algorithm_(algorithm), key_(std::move(key)) {}
  static KeyPtr key_from(const char* type, OSSL_PARAM* parameters);

  JwtAlgorithm algorithm_;
  KeyPtr key_;
  std::string id_;
};

// "HS256", "RS256", "ES256", "EdDSA", in exactly these letters.
std::optional<JwtAlgorithm> jwt_algorithm_of(std::string_view text);
std::string_view text_of(JwtAlgorithm algorithm);

} // namespace selvedge::policy
