// 128-bit keyed hash (XXH3 with a random seed), the name of a stored response in every index. Two
// keys may share one: whoever matches a fingerprint compares the full key too.
#pragma once

#include <cstdint>
#include <string_view>

namespace selvedge::base {

struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// Seeded once per process from the system's random source. Thread: any.
Fingerprint fingerprint(std::string_view text);

struct FingerprintHash {
  // Already uniform; boost's flat maps need no second mixing.
  using is_avalanching = void;
  std::size_t operator()(const Fingerprint& f) const noexcept { return f.low; }
};

} // namespace selvedge::base
