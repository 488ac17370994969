#include <selvedge/bundle/integrity.hpp>

#include "base64.hpp"
#include "version_text.hpp"

#include <openssl/evp.h>

#include <new>

namespace selvedge::bundle {

namespace {

struct Algorithm {
  std::string_view in_integrity;
  std::string_view in_field; // RFC 9530, 7.2 names sha-256 and sha-512; sha-384 follows them
  std::size_t size;
};

constexpr std::array<Algorithm, 3> kAlgorithms{{
    {"sha256", "sha-256", 32},
    {"sha384", "sha-384", 48},
    {"sha512", "sha-512", 64},
}};

const Algorithm& of(DigestAlgorithm algorithm) {
  return kAlgorithms[static_cast<std::size_t>(algorithm)];
}

} // namespace

std::size_t Digest::size() const {
  return of(algorithm).size;
}

std::string Digest::integrity() const {
  return std::string(of(algorithm).in_integrity) + '-' + base64({bytes.data(), size()});
}

std::string Digest::repr_digest() const {
  return std::string(of(algorithm).in_field) + "=:" + base64({bytes.data(), size()}) + ':';
}

std::optional<Digest> parse_integrity(std::string_view text) {
  std::optional<Digest> strongest;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    std::size_t end = 0;
    while (end < text.size() && !is_space(text[end])) ++end;
    std::string_view one = text.substr(0, end);
    text.remove_prefix(end);
    one = one.substr(0, one.find('?'));
    const std::size_t dash = one.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
      if (one.substr(0, dash) != kAlgorithms[i].in_integrity) continue;
      Digest digest;
      digest.algorithm = static_cast<DigestAlgorithm>(i);
      const std::span<unsigned char> into(digest.bytes.data(), kAlgorithms[i].size);
      if (!decode_base64(one.substr(dash + 1), into)) return std::nullopt;
      if (!strongest || digest.algorithm > strongest->algorithm) strongest = digest;
    }
  }
  return strongest;
}

void DigestSum::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

DigestSum::DigestSum(DigestAlgorithm algorithm)
    : algorithm_(algorithm), context_(EVP_MD_CTX_new()) {
  const EVP_MD* kind = algorithm == DigestAlgorithm::sha256   ? EVP_sha256()
                       : algorithm == DigestAlgorithm::sha384 ? EVP_sha384()
                                                              : EVP_sha512();
  if (!context_ || EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1) throw std::bad_alloc();
}

void DigestSum::add(std::string_view content) {
  EVP_DigestUpdate(context_.get(), content.data(), content.size());
}

Digest DigestSum::digest() {
  Digest digest;
  digest.algorithm = algorithm_;
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), &size);
  return digest;
}

} // namespace selvedge::bundle
