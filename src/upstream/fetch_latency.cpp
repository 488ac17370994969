#include <selvedge/upstream/fetch_latency.hpp>

#include <algorithm>
#include <bit>

namespace selvedge::upstream {

namespace {

// Four buckets for each power of two: bucket i holds what is above bound(i - 1).
std::size_t bucket_of(std::uint64_t us) {
  if (us < 4) return us;
  const auto power = static_cast<unsigned>(std::bit_width(us)) - 1;
  return 4 * (power - 1) + ((us >> (power - 2)) & 3);
}

std::uint64_t bound(std::size_t bucket) {
  if (bucket < 4) return bucket;
  const std::size_t power = bucket / 4 + 1;
  const std::uint64_t quarter = std::uint64_t{1} << (power - 2);
  return (4 + bucket % 4 + 1) * quarter - 1;
}

} // namespace

void FetchLatency::note(std::chrono::microseconds latency) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  counts_[std::min(bucket_of(us), kBuckets - 1)] += 1;
  total_ += 1;
  if (total_ < kMost) return;
  for (float& count : counts_) count /= 2;
  total_ /= 2;
}

std::optional<std::chrono::microseconds> FetchLatency::quantile(double share) const {
  if (total_ < kEnough) return {};
  const auto wanted = static_cast<float>(share) * total_;
  float seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::chrono::microseconds(bound(i));
  }
  return std::chrono::microseconds(bound(kBuckets - 1));
}

} // namespace selvedge::upstream
