// The tokens that a worker has looked at. What names nobody lives in a quarter of its own, so that
// a flood of made-up tokens cannot push out those that are good. Thread: one.
#pragma once

#include "token_table.hpp"

#include <optional>

namespace selvedge::policy {

class TokenMemory {
public:
  static constexpr std::chrono::seconds kRefusalLife{30}; // then a bad token is looked at anew

  explicit TokenMemory(std::size_t capacity) : good_(capacity - capacity / 4), bad_(capacity / 4) {}

  // Nothing: not known, or no longer. Whether a good one is still valid, `until` says.
  std::optional<KnownToken> find(const base::Fingerprint& print, const base::Instant& now);
  void keep(const base::Fingerprint& print, const KnownToken& token) { good_.put(print, token); }
  // For its life, or until it becomes valid.
  void refuse(const base::Fingerprint& print, std::chrono::sys_seconds valid_from,
              const base::Instant& now);
  // What another identifier found counts for nothing.
  void belong_to(std::uint64_t identifier);
  std::size_t size() const { return good_.size() + bad_.size(); }

private:
  TokenTable good_;
  TokenTable bad_;
  std::uint64_t identifier_ = 0;
};

} // namespace selvedge::policy
