#include <selvedge/overload/ready_lists.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <random>

namespace selvedge::overload {

namespace {

// A share that was not used is kept for so long: it is for now, not to be saved up.
constexpr double kSaved = 10e6; // nanoseconds
constexpr std::chrono::minutes kSaltLife{10};

std::uint64_t mixed(std::uint64_t x) { // the finalizer of SplitMix64 (Steele, Lea and Flood 2014)
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

} // namespace

std::string_view text_of(Lane lane) {
  constexpr std::array<std::string_view, kLanes> kTexts{"control",    "premium", "standard", "free",
                                                        "background", "refused", "handshake"};
  return kTexts[index_of(lane)];
}

void ReadyItem::leave() {
  if (lists_ != nullptr) lists_->remove(*this);
}

ReadyLists::ReadyLists(base::Steady now)
    : earned_at_(now), salted_at_(now), salt_(std::random_device()()) {
  for (LaneState& lane : lanes_) lane.flows = std::vector<Flow>(kFlows);
  lanes_[index_of(Lane::control)].flows = std::vector<Flow>(1);
}

ReadyLists::~ReadyLists() {
  while (next(earned_at_) != nullptr) continue;
}

std::uint16_t ReadyLists::flow_of(const LaneState& lane, std::uint64_t tenant) const {
  return static_cast<std::uint16_t>(mixed(tenant ^ salt_) & (lane.flows.size() - 1));
}

void ReadyLists::add(ReadyItem& item, Lane at, std::uint64_t tenant, base::Steady now) {
  SELVEDGE_ASSERT(!item.is_ready());
  LaneState& lane = lanes_[index_of(at)];
  if (now - salted_at_ > kSaltLife) {
    salt_ = mixed(salt_ + 0x9e3779b97f4a7c15u);
    salted_at_ = now;
  }
  item.lists_ = this;
  item.lane_ = at;
  item.since_ = now;
  item.flow_ = flow_of(lane, tenant);
  Flow& flow = lane.flows[item.flow_];
  if (flow.items.empty()) {
    flow.used =
        std::max(flow.used, lane.virtual_now); // what it did not want, it does not get later
    lane.active.insert(flow);
  }
  flow.items.push_back(item);
  ++lane.size;
  ++size_;
  lane.counters.waiting.set(lane.size);
}

void ReadyLists::remove(ReadyItem& item) {
  LaneState& lane = lanes_[index_of(item.lane_)];
  Flow& flow = lane.flows[item.flow_];
  flow.items.erase(flow.items.iterator_to(item));
  if (flow.items.empty()) lane.active.erase(lane.active.iterator_to(flow));
  item.lists_ = nullptr;
  --lane.size;
  --size_;
  lane.counters.waiting.set(lane.size);
}

void ReadyLists::earn(base::Steady now) {
  if (now <= earned_at_) return;
  const double passed = std::chrono::duration<double, std::nano>(now - earned_at_).count();
  earned_at_ = now;
  for (std::size_t i = 0; i < kLanes; ++i) {
    LaneState& lane = lanes_[i];
    lane.credit = std::min(lane.credit + passed * shares_[i], kSaved * shares_[i]);
  }
}

ReadyLists::LaneState* ReadyLists::choose() {
  is_from_share_ = true;
  LaneState& control = lanes_[index_of(Lane::control)];
  if (control.size > 0) return &control;
  for (LaneState& lane : lanes_) {
    if (lane.size > 0 && lane.credit > 0) return &lane;
  }
  is_from_share_ = false;
  for (LaneState& lane : lanes_) { // refusals and handshakes come last
    if (lane.size > 0) return &lane;
  }
  return nullptr;
}

ReadyItem& ReadyLists::take(LaneState& lane, base::Steady now) {
  Flow& flow = *lane.active.begin();
  ReadyItem& item = flow.items.front();
  flow_ = &flow;
  lane.virtual_now = flow.used;
  waited_ = std::max(now - item.since_, base::Steady::duration{0});
  remove(item);
  return item;
}

ReadyItem* ReadyLists::next(base::Steady now) {
  flow_ = nullptr;
  if (size_ == 0) return nullptr;
  earn(now);
  LaneState* const lane = choose();
  if (lane == nullptr) return nullptr;
  ReadyItem& item = take(*lane, now);
  lane_ = item.lane_;
  LaneCounters& counters = lane->counters;
  const auto waited = static_cast<std::uint64_t>(waited_.count()) / 1000;
  const auto bucket =
      std::lower_bound(LaneCounters::kBounds.begin(), LaneCounters::kBounds.end(), waited);
  counters.turns.add();
  counters.delays[static_cast<std::size_t>(bucket - LaneCounters::kBounds.begin())].add();
  counters.delay_ns.add(static_cast<std::uint64_t>(waited_.count()));
  return &item;
}

void ReadyLists::charge(std::chrono::nanoseconds spent) {
  if (flow_ == nullptr) return;
  LaneState& lane = lanes_[index_of(lane_)];
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(spent.count(), 0));
  const bool is_active = !flow_->items.empty();
  if (is_active) lane.active.erase(lane.active.iterator_to(*flow_));
  flow_->used += ns;
  if (is_active) lane.active.insert(*flow_);
  if (is_from_share_) lane.credit -= static_cast<double>(ns);
  lane.counters.spent_ns.add(ns);
  flow_ = nullptr;
}

bool ReadyLists::has_before(Lane lane) const {
  const auto end = lanes_.begin() + static_cast<std::ptrdiff_t>(index_of(lane));
  return std::any_of(lanes_.begin(), end, [](const LaneState& one) { return one.size > 0; });
}

std::chrono::nanoseconds ReadyLists::wait_of_next(Lane at, base::Steady now) const {
  const LaneState& lane = lanes_[index_of(at)];
  if (lane.size == 0) return std::chrono::nanoseconds{0};
  return std::max(now - lane.active.begin()->items.front().since_, base::Steady::duration{0});
}

} // namespace selvedge::overload
