// Digests of content: how subresource integrity writes them ("sha384-...", W3C SRI), how a response
// field does (RFC 9530), and how they are computed as content comes. Thread: one a sum; values any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace selvedge::bundle {

enum class DigestAlgorithm : std::uint8_t { sha256, sha384, sha512 };

struct Digest {
  DigestAlgorithm algorithm = DigestAlgorithm::sha384;
  std::array<unsigned char, 64> bytes{};

  std::size_t size() const;        // of `bytes`, that count
  std::string integrity() const;   // "sha384-..."
  std::string repr_digest() const; // "sha-384=:...:"
  friend bool operator==(const Digest&, const Digest&) = default;
};

// The strongest of one or more, with white space between; options behind a '?' are ignored, and so
// are algorithms that are not known. Nothing when none is left, or one that is known is not of its
// length.
std::optional<Digest> parse_integrity(std::string_view text);

// Throws std::bad_alloc when OpenSSL cannot make one.
class DigestSum {
public:
  explicit DigestSum(DigestAlgorithm algorithm);
  void add(std::string_view content);
  Digest digest(); // of all of it; once

private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  DigestAlgorithm algorithm_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

} // namespace selvedge::bundle
