#include "signature_key.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace selvedge::policy {

namespace {

template <auto Release> struct Freed {
  template <typename T> void operator()(T* object) const { Release(object); }
};
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using ParametersPtr = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;

constexpr std::size_t kCoordinate = 32;
constexpr std::size_t kMostDer = 72; // of two numbers of 32 bytes

// What fails in between leaves no trace in the thread's queue of errors.
class NoErrors {
public:
  NoErrors() { ::ERR_set_mark(); }
  ~NoErrors() { ::ERR_pop_to_mark(); }
  NoErrors(const NoErrors&) = delete;
  NoErrors& operator=(const NoErrors&) = delete;
};

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

NumberPtr number_of(std::string_view text) {
  return NumberPtr(::BN_bin2bn(bytes(text), static_cast<int>(text.size()), nullptr));
}

bool is_mac(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  std::array<unsigned char, 32> mac{};
  std::size_t size = mac.size();
  if (signature.size() != size) return false;
  const DigestPtr digest(::EVP_MD_CTX_new());
  return ::EVP_DigestSignInit(digest.get(), nullptr, ::EVP_sha256(), nullptr, key) == 1 &&
         ::EVP_DigestSign(digest.get(), mac.data(), &size, bytes(text), text.size()) == 1 &&
         size == mac.size() && ::CRYPTO_memcmp(mac.data(), signature.data(), size) == 0;
}

bool is_signed(EVP_PKEY* key, const EVP_MD* hash, std::string_view text,
               std::string_view signature) {
  const DigestPtr digest(::EVP_MD_CTX_new());
  return ::EVP_DigestVerifyInit(digest.get(), nullptr, hash, nullptr, key) == 1 &&
         ::EVP_DigestVerify(digest.get(), bytes(signature), signature.size(), bytes(text),
                            text.size()) == 1;
}

// OpenSSL reads DER; a token has the two numbers side by side (RFC 7518, 3.4).
bool is_signed_by_curve(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  if (signature.size() != 2 * kCoordinate) return false;
  const SignaturePtr pair(::ECDSA_SIG_new());
  NumberPtr r = number_of(signature.substr(0, kCoordinate));
  NumberPtr s = number_of(signature.substr(kCoordinate));
  if (!pair || !r || !s || ::ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  std::array<unsigned char, kMostDer> der{};
  const int size = ::i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0 || static_cast<std::size_t>(size) > der.size()) return false;
  unsigned char* end = der.data();
  ::i2d_ECDSA_SIG(pair.get(), &end);
  const std::string_view written(reinterpret_cast<const char*>(der.data()),
                                 static_cast<std::size_t>(size));
  return is_signed(key, ::EVP_sha256(), text, written);
}

} // namespace

SignatureKey::KeyPtr SignatureKey::key_from(const char* type, OSSL_PARAM* parameters) {
  const NoErrors none;
  const ContextPtr context(::EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || parameters == nullptr || ::EVP_PKEY_fromdata_init(context.get()) != 1 ||
      ::EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    return nullptr;
  }
  KeyPtr key(made);
  const ContextPtr check(::EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!check || ::EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return key;
}

SignatureKey SignatureKey::of_rsa(std::string_view modulus, std::string_view exponent) {
  const NumberPtr n = number_of(modulus);
  const NumberPtr e = number_of(exponent);
  const int bits = n ? ::BN_num_bits(n.get()) : 0;
  if (bits < kRsaBits || bits > kMostRsaBits) {
    throw std::runtime_error(
        fmt::format("an RSA key of {} bits; it needs {} to {}", bits, kRsaBits, kMostRsaBits));
  }
  const BuilderPtr builder(::OSSL_PARAM_BLD_new());
  ::OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  ::OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  const ParametersPtr parameters(::OSSL_PARAM_BLD_to_param(builder.get()));
  KeyPtr key = key_from("RSA", parameters.get());
  if (!key) throw std::runtime_error("an RSA key that is not valid");
  return {JwtAlgorithm::rs256, std::move(key)};
}

SignatureKey SignatureKey::of_p256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) {
    throw std::runtime_error("x and y of a P-256 key have 32 bytes each");
  }
  constexpr char kUncompressed = 4; // SEC 1, 2.3.3
  std::string point(1, kUncompressed);
  point.append(x).append(y);
  const BuilderPtr builder(::OSSL_PARAM_BLD_new());
  ::OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  ::OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
  const ParametersPtr parameters(::OSSL_PARAM_BLD_to_param(builder.get()));
  KeyPtr key = key_from("EC", parameters.get());
  if (!key) throw std::runtime_error("a P-256 key that is no point of the curve");
  return {JwtAlgorithm::es256, std::move(key)};
}

SignatureKey SignatureKey::of_ed25519(std::string_view x) {
  const NoErrors none;
  KeyPtr key(::EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(x), x.size()));
  if (!key) throw std::runtime_error("x of an Ed25519 key has 32 bytes");
  return {JwtAlgorithm::eddsa, std::move(key)};
}

SignatureKey SignatureKey::of_secret(std::string_view secret) {
  if (secret.size() < kSecretBytes) {
    throw std::runtime_error(
        fmt::format("a secret of {} bytes; HS256 needs {} at least", secret.size(), kSecretBytes));
  }
  const NoErrors none;
  KeyPtr key(::EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, nullptr, bytes(secret), secret.size()));
  if (!key) throw std::runtime_error("a secret that is not valid");
  return {JwtAlgorithm::hs256, std::move(key)};
}

SignatureKey SignatureKey::named(std::string id) && {
  id_ = std::move(id);
  return std::move(*this);
}

bool SignatureKey::verifies(std::string_view text, std::string_view signature) const {
  const NoErrors none;
  switch (algorithm_) {
  case JwtAlgorithm::hs256:
    return is_mac(key_.get(), text, signature);
  case JwtAlgorithm::rs256:
    return is_signed(key_.get(), ::EVP_sha256(), text, signature);
  case JwtAlgorithm::es256:
    return is_signed_by_curve(key_.get(), text, signature);
  case JwtAlgorithm::eddsa:
    return is_signed(key_.get(), nullptr, text, signature);
  }
  return false;
}

std::optional<JwtAlgorithm> jwt_algorithm_of(std::string_view text) {
  for (const JwtAlgorithm algorithm :
       {JwtAlgorithm::hs256, JwtAlgorithm::rs256, JwtAlgorithm::es256, JwtAlgorithm::eddsa}) {
    if (text == text_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

std::string_view text_of(JwtAlgorithm algorithm) {
  switch (algorithm) {
  case JwtAlgorithm::hs256:
    return "HS256";
  case JwtAlgorithm::rs256:
    return "RS256";
  case JwtAlgorithm::es256:
    return "ES256";
  case JwtAlgorithm::eddsa:
    return "EdDSA";
  }
  return "";
}

} // namespace selvedge::policy
