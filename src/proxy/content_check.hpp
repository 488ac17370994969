// Whether content is what a manifest says, while it comes. Pure. Thread: one.
#pragma once

#include <selvedge/bundle/integrity.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::proxy {

inline constexpr std::string_view kReprDigest = "repr-digest"; // RFC 9530, 3

struct ExpectedContent {
  bundle::Digest digest;
  std::uint64_t size = 0; // bytes
};

class ContentCheck {
public:
  // Throws std::bad_alloc.
  explicit ContentCheck(const ExpectedContent& expected)
      : expected_(expected), sum_(expected.digest.algorithm) {
    // By which content is known here; and what caches and clients may compare by themselves has a
    // registered name (RFC 9530, 5.1).
    if (expected.digest.algorithm != bundle::DigestAlgorithm::sha256) {
      second_.emplace(bundle::DigestAlgorithm::sha256);
    }
    if (expected.size == 0) judge();
  }

  // False: it is something else. Asked before the bytes are shown to anybody, so that nobody has
  // all of what is wrong.
  bool add(std::string_view bytes) {
    if (bytes.size() > expected_.size - seen_) return false;
    seen_ += bytes.size();
    sum_.add(bytes);
    if (second_) second_->add(bytes);
    if (seen_ == expected_.size) judge();
    return !is_judged_ || is_right_;
  }
  // All of it has come, and it is right.
  bool is_right() const { return is_judged_ && is_right_; }
  std::uint64_t size() const { return expected_.size; }
  const bundle::Digest& digest() const { return expected_.digest; }
  std::string entity_tag() const { return '"' + expected_.digest.integrity() + '"'; }
  // For Repr-Digest; empty: of content that has not come yet no registered digest is known.
  std::string repr_digest() const {
    if (expected_.digest.algorithm != bundle::DigestAlgorithm::sha384) {
      return expected_.digest.repr_digest();
    }
    return sha256_ ? sha256_->repr_digest() : std::string();
  }
  // Requires: is_right().
  const bundle::Digest& sha256() const { return sha256_ ? *sha256_ : expected_.digest; }

private:
  void judge() {
    is_judged_ = true;
    is_right_ = sum_.digest() == expected_.digest;
    if (second_) sha256_ = second_->digest();
  }

  const ExpectedContent expected_;
  bundle::DigestSum sum_;
  std::optional<bundle::DigestSum> second_;
  std::optional<bundle::Digest> sha256_;
  std::uint64_t seen_ = 0;
  bool is_judged_ = false;
  bool is_right_ = false;
};

} // namespace selvedge::proxy
