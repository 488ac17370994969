#include <selvedge/base/fingerprint.hpp>

#include <random>
#include <xxhash.h>

namespace selvedge::base {

Fingerprint fingerprint(std::string_view text) {
  static const std::uint64_t seed = [] {
    std::random_device random;
    return (std::uint64_t{random()} << 32) | random();
  }();
  const XXH128_hash_t h = XXH3_128bits_withSeed(text.data(), text.size(), seed);
  return {h.low64, h.high64};
}

} // namespace selvedge::base
