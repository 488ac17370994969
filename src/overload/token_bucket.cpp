#include <selvedge/overload/token_bucket.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace selvedge::overload {

namespace {

// What many small additions may have lost by rounding is not held against anybody.
constexpr double kRounding = 1e-6;

// In nanoseconds, 95 years: what takes longer might not fit into a duration.
constexpr double kNever = 3e18;

} // namespace

TokenBucket::TokenBucket(double rate, double burst, base::Steady now)
    : rate_(rate), burst_(burst), tokens_(burst), filled_at_(now) {
  SELVEDGE_ASSERT(std::isfinite(rate) && rate >= 0 && std::isfinite(burst) && burst >= 0);
}

bool TokenBucket::take(base::Steady now, double tokens) {
  refill(now);
  if (tokens_ + kRounding < tokens) return false;
  tokens_ = std::max(tokens_ - tokens, 0.0);
  return true;
}

std::chrono::nanoseconds TokenBucket::time_until(base::Steady now, double tokens) {
  refill(now);
  const double missing = tokens - tokens_;
  if (missing <= kRounding) return std::chrono::nanoseconds{0};
  if (tokens > burst_ || missing * 1e9 > kNever * rate_) return std::chrono::nanoseconds::max();
  const double nanoseconds = std::ceil(missing * 1e9 / rate_);
  return std::chrono::nanoseconds{static_cast<std::int64_t>(nanoseconds)};
}

double TokenBucket::available(base::Steady now) {
  refill(now);
  return tokens_;
}

void TokenBucket::refill(base::Steady now) {
  if (now <= filled_at_) return;
  const std::chrono::duration<double> passed = now - filled_at_;
  tokens_ = std::min(tokens_ + passed.count() * rate_, burst_);
  filled_at_ = now;
}

} // namespace selvedge::overload
