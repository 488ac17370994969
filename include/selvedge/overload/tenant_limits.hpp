// How many requests each tenant may make, and may have under way, by each rule that limits them.
// One table for all workers of a node, so that a limit is that of the node. Its memory is bounded:
// tenants can be made up, and a table that grew with them would be the next thing to run out.
// Owner: the node; it outlives every TenantPlace. Thread: any.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/counter.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace selvedge::overload {

// So many requests a second, and a burst at once: a token bucket (see TokenBucket) whose state is
// one instant, the one at which it is full again. Immutable; made once for a rule. Precise to a
// nanosecond a token, never to the tenant's favour.
class TenantRate {
public:
  // `burst` 0: a second's worth, one at least. A burst that would take longer than 73 years to
  // come back is cut to that. Requires: the rate is finite and more than 0.
  explicit TenantRate(double rate, std::uint32_t burst = 0);

  std::uint32_t burst() const { return burst_; }
  // One token comes in each.
  std::chrono::nanoseconds interval() const { return interval_; }
  // In which an empty bucket fills.
  std::chrono::nanoseconds window() const { return interval_ * burst_; }

  // The rate as a quota of a window of whole seconds, rounded down, for RateLimit-Policy: the burst
  // and its window, or where that is less than a second, what comes in a second.
  struct Quota {
    std::uint64_t requests = 0;
    std::chrono::seconds window{1};
  };
  Quota quota() const;

private:
  std::chrono::nanoseconds interval_;
  std::uint32_t burst_;
};

struct TenantKey {
  // A number of the rule, of any size. It should stay with its rule over a reload: whoever gets it
  // next inherits what was taken and is under way.
  std::uint32_t rule = 0;
  std::uint64_t tenant = 0; // a keyed hash: two tenants that share one share their limits
};

struct RateVerdict {
  bool is_allowed = false;
  std::uint32_t limit = 0;                // the burst
  std::uint32_t remaining = 0;            // whole tokens, after this one
  std::chrono::nanoseconds until_next{0}; // until a request would be allowed; 0: now
  // For RateLimit's `t`: the time in which the remaining tokens come in by the rate, so that who
  // spreads them over it keeps to the rate; until_next when there is none.
  std::chrono::nanoseconds effective_window{0};
};

class TenantLimits;

// One request of a tenant that is under way, counted until this is destroyed or released.
// Move-only; empty when nothing is counted. Thread: any, one at a time.
class TenantPlace {
public:
  TenantPlace() = default;
  TenantPlace(TenantPlace&& other) noexcept
      : limits_(std::exchange(other.limits_, nullptr)), entry_(other.entry_) {}
  TenantPlace& operator=(TenantPlace&& other) noexcept {
    if (this == &other) return *this;
    release();
    limits_ = std::exchange(other.limits_, nullptr);
    entry_ = other.entry_;
    return *this;
  }
  TenantPlace(const TenantPlace&) = delete;
  TenantPlace& operator=(const TenantPlace&) = delete;
  ~TenantPlace() { release(); }

  // Does nothing when it is empty.
  void release();
  bool is_counted() const { return limits_ != nullptr; }

private:
  friend class TenantLimits;
  TenantPlace(TenantLimits& limits, std::size_t entry) : limits_(&limits), entry_(entry) {}

  TenantLimits* limits_ = nullptr;
  std::size_t entry_ = 0;
};

struct ConcurrencyVerdict {
  bool is_allowed = false;
  std::uint32_t remaining = 0; // places left, after this one
  TenantPlace place{};         // empty when refused, and when there was no room to count it
};

struct TenantLimitsOptions {
  std::size_t capacity = 65536; // tenants by rule, 32 bytes each; rounded up to a multiple of 16

  friend bool operator==(const TenantLimitsOptions&, const TenantLimitsOptions&) = default;
};

// A key belongs into one set of 16 entries. Where the set has no entry of a key, the key gets one
// that says nothing (its bucket is full, nothing is under way), else the least recently used one
// with nothing under way, whose tenant has a full bucket then. With something under way in all of
// them the request is allowed and not counted: the table being too small is not the tenant's fault.
//
// Workers read the clock once a turn, so their times differ a little. The table goes by the latest
// time that any of them has told (by stripe), so no tokens come twice.
class TenantLimits {
public:
  explicit TenantLimits(const TenantLimitsOptions& options = {});
  ~TenantLimits();
  TenantLimits(const TenantLimits&) = delete;
  TenantLimits& operator=(const TenantLimits&) = delete;

  // Takes a token if there is one. A rule's rate may change from one call to the next: what was
  // taken before is owed in time, so the bucket is empty at worst.
  RateVerdict take(const TenantKey& key, const TenantRate& rate, base::Steady now);
  // Takes one of `limit` places if there is one. Before take(), when a request needs both: a place
  // can be given back, a token cannot. Requires: limit > 0.
  ConcurrencyVerdict acquire(const TenantKey& key, std::uint32_t limit, base::Steady now);

  std::size_t capacity() const { return sets_count_ * kWays; }
  struct Stats {
    std::uint64_t uncounted = 0; // requests allowed without being counted, for want of an entry
    std::uint64_t forgotten = 0; // entries that gave way to others though they said something
  };
  Stats stats() const { return {uncounted_.value(), forgotten_.value()}; }

private:
  friend class TenantPlace;
  static constexpr std::size_t kWays = 16;
  static constexpr std::size_t kStripes = 64;
  struct Entry;
  struct Set;
  struct Stripe;

  std::size_t set_of(const TenantKey& key) const;
  Stripe& stripe_of(std::size_t set) const;
  // The key's own entry, or one made its own; null when all have something under way. Requires: the
  // lock of the stripe, which is that of the set.
  Entry* entry_of(const TenantKey& key, std::size_t set, Stripe& stripe);
  void release(std::size_t entry);

  std::size_t sets_count_;
  std::unique_ptr<Set[]> sets_;
  std::unique_ptr<Stripe[]> stripes_;
  // Away from what every call reads: a flood of tenants writes them all the time.
  alignas(64) base::SharedCounter uncounted_;
  base::SharedCounter forgotten_;
};

inline void TenantPlace::release() {
  if (limits_ != nullptr) std::exchange(limits_, nullptr)->release(entry_);
}

} // namespace selvedge::overload
