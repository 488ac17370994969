// Whose turn it is on a worker. What is ready waits in one lane for each class of work, and within
// a lane in one flow for each tenant, so that neither a class nor a tenant is served at another's
// cost:
//   1. control goes first;
//   2. then, the most important first, lanes that have not used up the share reserved for them;
//   3. then, the most important first, any lane: what one does not want, the next may have;
//   4. clients who were just refused, and handshakes of strangers, beyond their shares when there
//   is
//      nothing else to do.
// Of the flows of a lane the one goes first that has used the least time since it began to want
// some (start-time fair queueing; Goyal, Vin and Cheng, 1996): a tenant with one connection has as
// much as one with a thousand. Tenants are hashed onto flows with a salt that changes, so that
// nobody stays unlucky. What is not called has cost nothing but its place: under load that is how a
// client is kept waiting without being read. Thread: one; each worker has its own.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/counter.hpp>
#include <selvedge/overload/importance.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace selvedge::overload {

enum class Lane : std::uint8_t {
  control, // the node's own, and sockets towards origins: what is under way already
  premium,
  standard,
  free,
  background,
  refused,   // who was turned away the last time, and most likely will be again
  handshake, // full TLS handshakes of clients who are not known to matter most
};
inline constexpr std::size_t kLanes = 7;
std::string_view text_of(Lane lane);

constexpr Lane lane_of(Importance importance) {
  return static_cast<Lane>(index_of(importance) + 1);
}
constexpr std::size_t index_of(Lane lane) {
  return static_cast<std::size_t>(lane);
}

class ReadyLists;

// Derive, and say what is done with a turn.
class ReadyItem {
public:
  ReadyItem() = default;
  ReadyItem(const ReadyItem&) = delete;
  ReadyItem& operator=(const ReadyItem&) = delete;
  // It is out of its list already, may enter it again and may be destroyed by this call.
  virtual void on_turn() = 0;
  bool is_ready() const { return lists_ != nullptr; }
  // Does nothing when it does not wait.
  void leave();

protected:
  ~ReadyItem() { leave(); }

private:
  friend class ReadyLists;
  boost::intrusive::list_member_hook<> hook_;
  ReadyLists* lists_ = nullptr; // that it waits in
  base::Steady since_{};
  std::uint16_t flow_ = 0;
  Lane lane_ = Lane::control;
};

// Of one lane, written by its worker, read by anyone.
struct LaneCounters {
  // Upper bounds of the buckets of delays in microseconds; the last has none.
  static constexpr std::array<std::uint32_t, 9> kBounds{100,    250,    1000,    5000,    25000,
                                                        100000, 500000, 2000000, 10000000};
  base::Counter turns;
  base::Counter spent_ns;                               // time that turns took
  base::Counter waiting;                                // now
  std::array<base::Counter, kBounds.size() + 1> delays; // from ready to its turn
  base::Counter delay_ns;                               // of all turns together
};

class ReadyLists {
public:
  using Shares = std::array<double, kLanes>;
  static constexpr Shares kDefaultShares{0, 0.4, 0.2, 0.1, 0.02, 0.05, 0.2};

  explicit ReadyLists(base::Steady now);
  ~ReadyLists();
  ReadyLists(const ReadyLists&) = delete;
  ReadyLists& operator=(const ReadyLists&) = delete;

  // Of the worker's time, reserved for each lane. Requires: none is negative.
  void set_shares(const Shares& shares) { shares_ = shares; }

  // Requires: the item does not wait. `tenant` is any hash.
  void add(ReadyItem& item, Lane lane, std::uint64_t tenant, base::Steady now);
  // Whose turn it is, out of its list; null when nobody waits.
  ReadyItem* next(base::Steady now);
  // What the turn of the last next() has taken.
  void charge(std::chrono::nanoseconds spent);

  bool is_empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t size(Lane lane) const { return lanes_[index_of(lane)].size; }
  // Whether somebody waits who matters more than this lane does.
  bool has_before(Lane lane) const;
  // The lane and the wait of the turn that is under way.
  Lane lane() const { return lane_; }
  std::chrono::nanoseconds waited() const { return waited_; }
  // How long who is next in that lane has waited; 0 when nobody is.
  std::chrono::nanoseconds wait_of_next(Lane lane, base::Steady now) const;
  const LaneCounters& counters(Lane lane) const { return lanes_[index_of(lane)].counters; }

private:
  friend class ReadyItem;
  static constexpr std::size_t kFlows = 1024;
  using Items = boost::intrusive::list<
      ReadyItem, boost::intrusive::member_hook<ReadyItem, boost::intrusive::list_member_hook<>,
                                               &ReadyItem::hook_>>;
  struct Flow : boost::intrusive::set_base_hook<> {
    Items items;
    std::uint64_t used = 0; // nanoseconds, in the virtual time of its lane
    friend bool operator<(const Flow& a, const Flow& b) { return a.used < b.used; }
  };
  struct LaneState {
    std::vector<Flow> flows;
    // Those with items. Invariant: a flow is linked exactly while it has items.
    boost::intrusive::multiset<Flow, boost::intrusive::constant_time_size<false>> active;
    std::uint64_t virtual_now = 0; // what the flow had used that had the last turn
    std::size_t size = 0;
    double credit = 0; // nanoseconds of its share that it has not used
    LaneCounters counters;
  };

  void remove(ReadyItem& item);
  void earn(base::Steady now);
  LaneState* choose();
  ReadyItem& take(LaneState& lane, base::Steady now);
  std::uint16_t flow_of(const LaneState& lane, std::uint64_t tenant) const;

  std::array<LaneState, kLanes> lanes_;
  std::size_t size_ = 0;
  Shares shares_ = kDefaultShares;
  base::Steady earned_at_;
  base::Steady salted_at_;
  std::uint64_t salt_;
  Lane lane_ = Lane::control; // of the turn under way
  Flow* flow_ = nullptr;
  bool is_from_share_ = false;
  std::chrono::nanoseconds waited_{0};
};

} // namespace selvedge::overload
