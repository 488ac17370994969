// Keys that sign tokens as issuers do, and the tokens.
#pragma once

#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace selvedge::test {

inline std::string base64url(std::string_view bytes) {
  std::string text(4 * (bytes.size() / 3 + 1) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  text.erase(text.find_last_not_of('=') + 1);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

class TokenKey {
public:
  static TokenKey rsa(unsigned bits = 2048) { return {"RS256", EVP_RSA_gen(bits)}; }
  static TokenKey p256() { return {"ES256", EVP_EC_gen("P-256")}; }
  static TokenKey ed25519() { return {"EdDSA", EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}; }
  static TokenKey secret(std::string_view bytes) {
    TokenKey key("HS256", EVP_PKEY_new_raw_private_key(
                              EVP_PKEY_HMAC, nullptr,
                              reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
    key.secret_ = bytes;
    return key;
  }

  const std::string& algorithm() const { return algorithm_; }

  // The public half, or the secret.
  nlohmann::json jwk(const std::string& id) const {
    nlohmann::json key{{"kid", id}};
    if (algorithm_ == "RS256") {
      key.update({{"kty", "RSA"}, {"n", number(OSSL_PKEY_PARAM_RSA_N, 0)}});
      key["e"] = number(OSSL_PKEY_PARAM_RSA_E, 0);
    } else if (algorithm_ == "ES256") {
      key.update({{"kty", "EC"}, {"crv", "P-256"}, {"x", number(OSSL_PKEY_PARAM_EC_PUB_X, 32)}});
      key["y"] = number(OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    } else if (algorithm_ == "EdDSA") {
      std::array<char, 32> bytes{};
      std::size_t size = bytes.size();
      REQUIRE(EVP_PKEY_get_raw_public_key(
                  key_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1);
      key.update({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64url({bytes.data(), size})}});
    } else {
      key.update({{"kty", "oct"}, {"k", base64url(secret_)}});
    }
    return key;
  }

  // With a header that is the texts given and nothing else.
  std::string sign_texts(std::string_view header, std::string_view claims) const {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(signature(text));
  }
  // With alg and, when given, kid.
  std::string sign(const nlohmann::json& claims, const std::string& id = "") const {
    nlohmann::json header{{"alg", algorithm_}, {"typ", "JWT"}};
    if (!id.empty()) header["kid"] = id;
    return sign_texts(header.dump(), claims.dump());
  }

private:
  TokenKey(std::string algorithm, EVP_PKEY* key)
      : algorithm_(std::move(algorithm)), key_(key, EVP_PKEY_free) {
    REQUIRE(key_ != nullptr);
  }

  std::string number(const char* name, int least) const {
    BIGNUM* read = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key_.get(), name, &read) == 1);
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> value(read, BN_free);
    const int size = std::max(least, BN_num_bytes(read));
    std::string bytes(static_cast<std::size_t>(size), '\0');
    REQUIRE(BN_bn2binpad(read, reinterpret_cast<unsigned char*>(bytes.data()), size) == size);
    return base64url(bytes);
  }

  std::string signature(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(),
                                                                         EVP_MD_CTX_free);
    const EVP_MD* hash = algorithm_ == "EdDSA" ? nullptr : EVP_sha256();
    REQUIRE(EVP_DigestSignInit(digest.get(), nullptr, hash, nullptr, key_.get()) == 1);
    std::string bytes(1024, '\0');
    std::size_t size = bytes.size();
    REQUIRE(EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    bytes.resize(size);
    return algorithm_ == "ES256" ? side_by_side(bytes) : bytes;
  }

  static std::string side_by_side(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
    REQUIRE(pair != nullptr);
    std::string bytes(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(bytes.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + 32, 32);
    return bytes;
  }

  std::string algorithm_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::string secret_;
};

// A JWK Set of them.
inline std::string jwks(std::initializer_list<nlohmann::json> keys) {
  return nlohmann::json{{"keys", nlohmann::json::array_t(keys)}}.dump();
}

} // namespace selvedge::test
