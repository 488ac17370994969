#include <selvedge/overload/concurrency_limiter.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <cmath>

namespace selvedge::overload {

namespace {

constexpr double kRoomParts = 10000; // in integers 70% of 10 is 7

constexpr double kSmoothing = 0.2;     // of a new limit in the limit that follows
constexpr double kTolerance = 1.5;     // latencies up to so many times the usual are well
constexpr double kLeastGradient = 0.5; // outliers take no more than half, before smoothing
constexpr double kLeastQueue = 4;      // fetches that may queue at the server
constexpr double kLongWindow = 600;    // samples in the usual latency
constexpr std::uint32_t kWarmUp = 10;  // samples whose plain mean is the first usual latency
constexpr std::uint32_t kFetchesASample = 10;
constexpr double kShortestSample = 50e6; // nanoseconds
constexpr double kLongestSample = 1e9;

// Latencies that are higher while the limit is in use may be the queue that the limit itself has
// let grow: taken for usual too soon, they would let it grow further, without end. But a server may
// also just have become slower, and is not to be squeezed for ever. So they count, but less.
constexpr double kLoadedShare = 0.25;

// The usual latency falls faster than its window when the real one is less than half of it: after
// overload it must not pass for usual.
constexpr double kFarBelow = 2;
constexpr double kFastDecay = 0.9;

} // namespace

ConcurrencyLimiter::ConcurrencyLimiter(const ConcurrencyLimits& limits)
    : limits_(limits), limit_(limits.initial) {
  SELVEDGE_ASSERT(1 <= limits.min && limits.min <= limits.initial && limits.initial <= limits.max);
  set_rooms(kDefaultConcurrencyRooms);
}

void ConcurrencyLimiter::set_rooms(const ConcurrencyRooms& rooms) {
  std::transform(rooms.begin(), rooms.end(), rooms_.begin(), [](double room) {
    return static_cast<std::uint32_t>(std::lround(std::clamp(room, 0.0, 1.0) * kRoomParts));
  });
}

std::uint32_t ConcurrencyLimiter::room_for(Importance importance) const {
  constexpr auto kParts = static_cast<std::uint64_t>(kRoomParts);
  const std::uint64_t share = std::uint64_t{limit()} * rooms_[index_of(importance)] / kParts;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(share, 1));
}

bool ConcurrencyLimiter::try_acquire(Importance importance) {
  if (!has_room(importance)) {
    note_refusal();
    return false;
  }
  ++in_flight_;
  sample_.most_in_flight = std::max(sample_.most_in_flight, in_flight_);
  return true;
}

void ConcurrencyLimiter::release() {
  SELVEDGE_ASSERT(in_flight_ > 0);
  --in_flight_;
}

void ConcurrencyLimiter::on_answered(base::Steady now, std::chrono::nanoseconds latency) {
  ++sample_.answered;
  sample_.latency_sum += std::max(static_cast<double>(latency.count()), 1.0);
  end_sample_if_due(now);
}

void ConcurrencyLimiter::on_dropped(base::Steady now) {
  ++sample_.dropped;
  end_sample_if_due(now);
}

std::chrono::nanoseconds ConcurrencyLimiter::usual_latency() const {
  return std::chrono::nanoseconds{std::llround(usual_latency_)};
}

void ConcurrencyLimiter::end_sample_if_due(base::Steady now) {
  const std::uint32_t fetches = sample_.answered + sample_.dropped;
  // A sample that is shorter than a fetch could not see what the one before has changed.
  const double length = std::clamp(usual_latency_, kShortestSample, kLongestSample);
  const auto age = std::chrono::duration<double, std::nano>(now - sample_.since).count();
  if (fetches < kFetchesASample || age < length) return;
  if (sample_.answered > 0) learn_usual_latency(sample_.latency_sum / sample_.answered);
  if (is_in_use()) adjust_limit();
  sample_ = {.since = now, .most_in_flight = in_flight_};
}

// A limit that nobody comes near says nothing about the server: it must neither grow nor shrink.
// The less important come near theirs long before half of the whole: being refused counts as well.
bool ConcurrencyLimiter::is_in_use() const {
  return sample_.was_refused || sample_.most_in_flight >= limit_ / 2;
}

void ConcurrencyLimiter::learn_usual_latency(double latency) {
  if (warm_samples_ < kWarmUp) {
    ++warm_samples_;
    usual_latency_ += (latency - usual_latency_) / warm_samples_;
    return;
  }
  double weight = 2 / (kLongWindow + 1);
  if (latency > usual_latency_ && is_in_use()) weight *= kLoadedShare;
  usual_latency_ += (latency - usual_latency_) * weight;
  if (usual_latency_ > latency * kFarBelow) usual_latency_ *= kFastDecay;
}

// By how much the limit is too high: 1, not at all. Drops count by their share of the fetches.
double ConcurrencyLimiter::gradient() const {
  const double fetches = sample_.answered + sample_.dropped;
  double gradient = 1 - sample_.dropped / fetches;
  if (sample_.answered > 0) {
    const double latency = sample_.latency_sum / sample_.answered;
    gradient = std::min(gradient, kTolerance * usual_latency_ / latency);
  }
  return std::max(gradient, kLeastGradient);
}

void ConcurrencyLimiter::adjust_limit() {
  // More may queue at a large server: the square root grows the limit in seconds, not minutes.
  const double queue = std::max(kLeastQueue, std::sqrt(limit_));
  const double target = limit_ * gradient() + queue;
  const double smoothed = limit_ * (1 - kSmoothing) + target * kSmoothing;
  limit_ = std::clamp<double>(smoothed, limits_.min, limits_.max);
}

} // namespace selvedge::overload
