// How many fetches a server may have under way at once, learnt from how long they take: the
// Gradient2 limit of Netflix's concurrency-limits. While latencies stay near their long-term mean
// the limit grows by what a short queue holds; as they rise above it the limit shrinks in
// proportion, at most by a tenth a step. It never squeezes the limit only to measure.
// Owner: what fetches from one server. Thread: one; each worker has its own.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/overload/importance.hpp>

#include <array>
#include <chrono>
#include <cstdint>

namespace selvedge::overload {

// With three equal numbers the limit is fixed.
struct ConcurrencyLimits {
  std::uint32_t initial = 64;
  // The allowed queue keeps an adaptive limit from falling below 8 in any case.
  std::uint32_t min = 8;
  std::uint32_t max = 1024;

  friend bool operator==(const ConcurrencyLimits&, const ConcurrencyLimits&) = default;
};

// Shares of a limit that each importance sees.
using ConcurrencyRooms = std::array<double, kImportances>;
inline constexpr ConcurrencyRooms kDefaultConcurrencyRooms{1, 0.7, 0.4, 0.1};

class ConcurrencyLimiter {
public:
  // Requires: 1 <= min <= initial <= max.
  explicit ConcurrencyLimiter(const ConcurrencyLimits& limits);

  // From now on; what is under way stays so. Shares beyond 0 to 1 count as the nearer of these.
  void set_rooms(const ConcurrencyRooms& rooms);
  // True: one more is under way, and release() follows. Each importance sees a share of the limit,
  // its room, which is at least 1, and all that is under way counts against it: there is always
  // room left for those who matter more.
  bool try_acquire(Importance importance);
  // What try_acquire() would say. Asking is no demand, it teaches the limit nothing.
  bool has_room(Importance importance) const { return in_flight_ < room_for(importance); }
  // Somebody would have come here if has_room() had said otherwise. As a try_acquire() that fails.
  void note_refusal() { sample_.was_refused = true; }
  // Ends what try_acquire() began, once, however it ended.
  void release();

  // Before release(), at most one of these two; neither when a fetch was given up by its client.
  // It took `latency` from its start to the head of its answer, which did not speak of overload.
  void on_answered(base::Steady now, std::chrono::nanoseconds latency);
  // The server had no time for it: a timeout, REFUSED_STREAM, 429 or 503. How long such a thing
  // takes says nothing about how busy the server is; that it happened does.
  void on_dropped(base::Steady now);

  std::uint32_t limit() const { return static_cast<std::uint32_t>(limit_); }
  std::uint32_t in_flight() const { return in_flight_; }
  // The long-term mean that latencies are compared with; 0 before the first sample.
  std::chrono::nanoseconds usual_latency() const;

private:
  // One sample of Gradient2: the fetches that ended within a short time. Means of them are compared
  // rather than single fetches, whose latencies differ by what they ask for.
  struct Sample {
    base::Steady since{};
    std::uint32_t answered = 0;
    std::uint32_t dropped = 0;
    double latency_sum = 0; // of those answered, in nanoseconds
    std::uint32_t most_in_flight = 0;
    bool was_refused = false; // somebody found no room
  };

  std::uint32_t room_for(Importance importance) const;
  void end_sample_if_due(base::Steady now);
  bool is_in_use() const;
  void learn_usual_latency(double latency);
  double gradient() const;
  void adjust_limit();

  ConcurrencyLimits limits_;
  std::array<std::uint32_t, kImportances> rooms_; // in parts of 10000
  double limit_;
  std::uint32_t in_flight_ = 0;
  Sample sample_;
  double usual_latency_ = 0;       // nanoseconds
  std::uint32_t warm_samples_ = 0; // counted up to the length of the warm-up
};

} // namespace selvedge::overload
