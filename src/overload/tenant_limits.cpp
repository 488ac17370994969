#include <selvedge/overload/tenant_limits.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>

namespace selvedge::overload {

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// No window is longer, so that it can be added to any time: 73 years.
constexpr std::int64_t kLongestWindow = std::int64_t{1} << 61;

nanoseconds interval_of(double rate) {
  SELVEDGE_ASSERT(std::isfinite(rate) && rate > 0);
  // Rounded up, so that the rate is not exceeded, but for what the division itself may have added.
  const double interval = std::ceil(1e9 / rate * (1 - 1e-12));
  if (interval >= static_cast<double>(kLongestWindow)) return nanoseconds{kLongestWindow};
  return nanoseconds{std::max<std::int64_t>(static_cast<std::int64_t>(interval), 1)};
}

std::uint32_t burst_of(double rate, std::uint32_t burst, nanoseconds interval) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (burst == 0) burst = static_cast<std::uint32_t>(std::clamp(rate, 1.0, double{kMost}));
  const std::int64_t longest = kLongestWindow / interval.count();
  return longest < burst ? static_cast<std::uint32_t>(longest) : burst;
}

// `debt`: until the bucket is full, at most its window.
RateVerdict verdict_on(const TenantRate& rate, nanoseconds debt) {
  RateVerdict verdict{.limit = rate.burst()};
  const nanoseconds saved = rate.window() - debt;
  verdict.is_allowed = saved >= rate.interval();
  const nanoseconds left = verdict.is_allowed ? saved - rate.interval() : saved;
  verdict.remaining = static_cast<std::uint32_t>(left / rate.interval());
  if (verdict.remaining == 0) verdict.until_next = rate.interval() - left;
  verdict.effective_window =
      verdict.remaining == 0 ? verdict.until_next : rate.interval() * verdict.remaining;
  return verdict;
}

} // namespace

// --- TenantRate

TenantRate::TenantRate(double rate, std::uint32_t burst)
    : interval_(interval_of(rate)), burst_(burst_of(rate, burst, interval_)) {}

TenantRate::Quota TenantRate::quota() const {
  if (window() >= seconds{1}) return {burst_, std::chrono::ceil<seconds>(window())};
  return {static_cast<std::uint64_t>(nanoseconds{seconds{1}} / interval_), seconds{1}};
}

// --- TenantLimits

// As it is made it says nothing, which is all that distinguishes an unused one.
struct TenantLimits::Entry {
  std::uint64_t tenant = 0;
  std::uint32_t rule = 0;
  std::uint32_t under_way = 0;
  base::Steady full_at = base::Steady::min(); // of the bucket
  std::uint64_t last_use = 0;                 // numbered by the stripe

  bool is_of(const TenantKey& key) const { return tenant == key.tenant && rule == key.rule; }
  bool says_nothing(base::Steady now) const { return under_way == 0 && full_at <= now; }
};

struct alignas(64) TenantLimits::Set {
  std::array<Entry, kWays> entries;
};

// Its mutex guards the sets of the stripe, and what is here: `latest` never goes back.
struct alignas(64) TenantLimits::Stripe {
  std::mutex mutex;
  base::Steady latest = base::Steady::min();
  std::uint64_t uses = 0;

  base::Steady advance(base::Steady now) {
    latest = std::max(latest, now);
    return latest;
  }
};

TenantLimits::TenantLimits(const TenantLimitsOptions& options)
    : sets_count_(std::max<std::size_t>((options.capacity + kWays - 1) / kWays, 1)),
      sets_(std::make_unique<Set[]>(sets_count_)), stripes_(std::make_unique<Stripe[]>(kStripes)) {
  static_assert(sizeof(Entry) == 32);
  SELVEDGE_ASSERT(sets_count_ <= std::numeric_limits<std::uint32_t>::max());
}

TenantLimits::~TenantLimits() = default;

std::size_t TenantLimits::set_of(const TenantKey& key) const {
  // The tenant is a hash already, but the rules of one tenant have to be spread too. The upper half
  // of a product depends on all bits of the lower halves of its factors.
  std::uint64_t hash = key.tenant ^ (key.rule * std::uint64_t{0x9e3779b97f4a7c15});
  hash = (hash ^ (hash >> 32)) * 0xbf58476d1ce4e5b9;
  return static_cast<std::size_t>(((hash >> 32) * sets_count_) >> 32);
}

TenantLimits::Stripe& TenantLimits::stripe_of(std::size_t set) const {
  return stripes_[set % kStripes];
}

TenantLimits::Entry* TenantLimits::entry_of(const TenantKey& key, std::size_t set, Stripe& stripe) {
  ++stripe.uses;
  auto& entries = sets_[set].entries;
  const auto own =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.is_of(key); });
  if (own != entries.end()) {
    own->last_use = stripe.uses;
    return own;
  }
  Entry* given_up = nullptr;
  for (Entry& entry : entries) {
    if (entry.under_way > 0) continue;
    if (entry.says_nothing(stripe.latest)) {
      given_up = &entry;
      break;
    }
    if (given_up == nullptr || entry.last_use < given_up->last_use) given_up = &entry;
  }
  if (given_up == nullptr) return nullptr;
  if (!given_up->says_nothing(stripe.latest)) forgotten_.add();
  *given_up = {.tenant = key.tenant, .rule = key.rule, .last_use = stripe.uses};
  return given_up;
}

RateVerdict TenantLimits::take(const TenantKey& key, const TenantRate& rate, base::Steady now) {
  const std::size_t set = set_of(key);
  nanoseconds debt{0};
  {
    Stripe& stripe = stripe_of(set);
    const std::lock_guard lock(stripe.mutex);
    now = stripe.advance(now);
    Entry* const entry = entry_of(key, set, stripe);
    if (entry == nullptr) {
      uncounted_.add();
    } else {
      // More than the window is owed only after the rate has changed.
      debt = std::min(std::max(entry->full_at, now) - now, rate.window());
      const bool is_taken = rate.window() - debt >= rate.interval();
      entry->full_at = now + debt + (is_taken ? rate.interval() : nanoseconds{0});
    }
  }
  return verdict_on(rate, debt); // it divides: not under the lock
}

ConcurrencyVerdict TenantLimits::acquire(const TenantKey& key, std::uint32_t limit,
                                         base::Steady now) {
  SELVEDGE_ASSERT(limit > 0);
  const std::size_t set = set_of(key);
  Stripe& stripe = stripe_of(set);
  const std::lock_guard lock(stripe.mutex);
  stripe.advance(now);
  Entry* const entry = entry_of(key, set, stripe);
  if (entry == nullptr) {
    uncounted_.add();
    return {.is_allowed = true, .remaining = limit - 1};
  }
  if (entry->under_way >= limit) return {};
  ++entry->under_way;
  const auto index = static_cast<std::size_t>(entry - sets_[set].entries.data());
  return {.is_allowed = true,
          .remaining = limit - entry->under_way,
          .place = TenantPlace(*this, set * kWays + index)};
}

void TenantLimits::release(std::size_t entry) {
  const std::size_t set = entry / kWays;
  const std::lock_guard lock(stripe_of(set).mutex);
  std::uint32_t& under_way = sets_[set].entries[entry % kWays].under_way;
  SELVEDGE_ASSERT(under_way > 0);
  --under_way;
}

} // namespace selvedge::overload
