#include <selvedge/overload/load_controller.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace selvedge::overload {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr double kWindow = 200e6; // nanoseconds over which shares are smoothed
// Over which demand is, while there is clearly more of it, and what refusing strangers costs.
constexpr double kRisingWindow = 50e6;
constexpr double kCostSmoothing = 0.02; // what one turn counts
// A turn in which the machine stood still says nothing of what the work costs.
constexpr double kMostOfCost = 3;     // times what is known
constexpr double kFirstCost = 50'000; // nanoseconds, at most
constexpr double kProportional = 0.3;
constexpr double kIntegral = 0.1;
constexpr double kMostTrim = 0.3;
constexpr std::uint32_t kLargestRise = kCohorts / 10; // a tick
constexpr double kSavedRefusals = 20e6;               // nanoseconds of the budget, at most

// From calm up; falling back takes a tenth less, for kCalmDown.
constexpr double kElevated = 0.7;
constexpr double kHigh = 0.92;
constexpr nanoseconds kHighWait = milliseconds{5};
constexpr nanoseconds kCriticalWait = milliseconds{50};
constexpr nanoseconds kCalmDown = milliseconds{500};
// Once strangers wait, whether reading them would cost too much cannot be seen: it is tried again.
constexpr nanoseconds kDeferring = std::chrono::seconds{2};

std::uint64_t mixed(std::uint64_t x) { // as in ReadyLists
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

double smoothed(double old, double fresh, double weight) {
  return old + (fresh - old) * weight;
}

double learnt(double known, double cost) {
  return smoothed(known, std::min(cost, known * kMostOfCost), kCostSmoothing);
}

} // namespace

std::uint32_t cohort_of(std::uint64_t tenant, std::chrono::sys_seconds time,
                        std::chrono::seconds period) {
  const auto turn = time.time_since_epoch() / std::max(period, std::chrono::seconds{1});
  return static_cast<std::uint32_t>(
      mixed(tenant + static_cast<std::uint64_t>(turn) * 0x9e3779b97f4a7c15u) % kCohorts);
}

bool LoadController::may_refuse_known() {
  if (refuse_credit_ < refuse_cost_) return false;
  refuse_credit_ -= refuse_cost_;
  return true;
}

nanoseconds LoadController::serve_cost(Importance importance) const {
  return nanoseconds{std::llround(serve_cost_[index_of(importance)])};
}

nanoseconds LoadController::refuse_cost() const {
  return nanoseconds{std::llround(refuse_cost_)};
}

nanoseconds LoadController::refused_time() const {
  return nanoseconds{std::llround(refused_time_)};
}

// A turn that did one kind of thing tells what that costs; others cannot be told apart.
void LoadController::note_turn(const TurnWork& work, nanoseconds spent) {
  const auto ns = static_cast<double>(spent.count());
  refused_time_ += work.refused * refuse_cost_;
  std::size_t kinds = 0;
  std::size_t kind = 0;
  for (std::size_t i = 0; i < kImportances; ++i) {
    if (work.served[i] == 0) continue;
    ++kinds;
    kind = i;
  }
  if (kinds == 1 && work.refused == 0) {
    const double cost = ns / work.served[kind];
    double& known = serve_cost_[kind];
    known = known == 0 ? std::min(cost, kFirstCost) : learnt(known, cost);
  } else if (kinds == 0 && work.refused > 0) {
    refuse_cost_ = learnt(refuse_cost_, ns / work.refused);
  }
}

void LoadController::learn_demand(double elapsed, double weight) {
  std::uint64_t asked = 0;
  for (const std::uint32_t count : asked_) asked += count;
  const double rate = static_cast<double>(asked) / elapsed;
  if (rate > asked_rate_ * 1.05) weight = 1 - std::exp(-elapsed / kRisingWindow);
  asked_rate_ = smoothed(asked_rate_, rate, weight);
  for (std::size_t level = 0; level < kLevels; ++level) {
    demand_[level] = smoothed(demand_[level], asked_[level] / elapsed, weight);
  }
  asked_.fill(0);
}

// Of whom nobody was served yet: as much as others.
double LoadController::cost_of(std::size_t importance) const {
  double cost = serve_cost_[importance];
  for (std::size_t i = 0; cost == 0 && i < kImportances; ++i) cost = serve_cost_[i];
  return std::max(cost, refuse_cost_);
}

void LoadController::decide_admitted(const LoadSample& sample, double elapsed) {
  const double target = static_cast<double>(options_.target_delay.count());
  const double weight = 1 - std::exp(-elapsed / kWindow);
  delay_ = smoothed(delay_, static_cast<double>(sample.most_important_delay.count()), weight);
  const double error = std::clamp((delay_ - target) / target, -1.0, 1.0);
  delay_integral_ = std::clamp(delay_integral_ + error * kIntegral, -kMostTrim, kMostTrim);
  const double trim = std::clamp(kProportional * error + delay_integral_, 0.0, kMostTrim);
  const double others =
      static_cast<double>((sample.handshakes + sample.background).count()) / elapsed;
  const double budget = std::max(options_.cpu_budget - trim - others, 0.05);
  // What it costs to serve those up to a level and to refuse the rest: at first, to refuse all.
  double sum = 0;
  for (const double rate : demand_) sum += rate * refuse_cost_;
  std::uint32_t fits = kLevels - 1;
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    sum += demand_[level] * (cost_of(level / kCohorts) - refuse_cost_);
    if (sum <= budget) continue;
    fits = level == 0 ? 0 : level - 1;
    break;
  }
  fits = std::max(fits, kCohorts - 1); // the most important are never turned away by this
  admitted_ = std::min(fits, admitted_ + kLargestRise);
}

void LoadController::decide_unknown(double elapsed, double weight) {
  const double known = refused_known_ * refuse_cost_ / elapsed;
  const double unknown = refused_unknown_ * refuse_cost_ / elapsed;
  is_refusing_ = refused_known_ + refused_unknown_ > 0;
  refused_known_ = refused_unknown_ = 0;
  unknown_share_ = smoothed(unknown_share_, unknown, 1 - std::exp(-elapsed / kRisingWindow));
  refused_share_ = smoothed(refused_share_, known + unknown, weight);
  const auto passed = nanoseconds{std::llround(elapsed)};
  if (defers_unknown_) {
    since_deferring_ += passed;
    if (since_deferring_ < kDeferring) return;
    defers_unknown_ = false;
    unknown_share_ = 0;
  } else if (unknown_share_ > options_.unknown) {
    defers_unknown_ = true;
    since_deferring_ = nanoseconds{0};
  }
}

LoadLevel LoadController::level_for(const LoadSample& sample) const {
  if (sample.oldest_wait > kCriticalWait || sample.is_over_memory || defers_unknown_ ||
      is_refusing_) {
    return LoadLevel::critical;
  }
  // Not all would be let in, but nobody was turned away.
  const bool is_narrow = admitted_ + 1 < kLevels;
  if (busy_ > kHigh || sample.oldest_wait > kHighWait || is_narrow) return LoadLevel::high;
  return busy_ > kElevated ? LoadLevel::elevated : LoadLevel::calm;
}

bool LoadController::decide_level(const LoadSample& sample) {
  const LoadLevel wanted = level_for(sample);
  if (wanted > level_) {
    level_ = wanted;
    below_for_ = nanoseconds{0};
    return true;
  }
  if (wanted == level_) {
    below_for_ = nanoseconds{0};
    return false;
  }
  below_for_ += sample.elapsed;
  const double bound = level_ == LoadLevel::elevated ? kElevated : kHigh;
  const bool is_near = level_ != LoadLevel::critical && busy_ > bound * 0.9;
  if (below_for_ < kCalmDown || is_near) return false;
  level_ = static_cast<LoadLevel>(static_cast<std::uint8_t>(level_) - 1);
  below_for_ = nanoseconds{0};
  return true;
}

bool LoadController::tick(const LoadSample& sample) {
  const auto elapsed = static_cast<double>(sample.elapsed.count());
  if (elapsed <= 0) return false;
  const double weight = 1 - std::exp(-elapsed / kWindow);
  const bool deferred = defers_unknown_;
  busy_ =
      smoothed(busy_, std::min(static_cast<double>(sample.busy.count()) / elapsed, 1.0), weight);
  oldest_wait_ = sample.oldest_wait;
  is_over_memory_ = sample.is_over_memory;
  refuse_credit_ = std::min(refuse_credit_ + options_.rejections * elapsed, kSavedRefusals);
  decide_unknown(elapsed, weight);
  learn_demand(elapsed, weight);
  decide_admitted(sample, elapsed);
  const bool has_changed = decide_level(sample);
  return has_changed || deferred != defers_unknown_;
}

std::string LoadController::reason() const {
  char text[160];
  std::snprintf(text, sizeof text, "busy %.0f%%, longest wait %.1f ms, refusing %.0f%%%s%s",
                busy_ * 100, static_cast<double>(oldest_wait_.count()) / 1e6, refused_share_ * 100,
                is_over_memory_ ? ", over its memory" : "",
                defers_unknown_ ? ", strangers wait" : "");
  return text;
}

} // namespace selvedge::overload
