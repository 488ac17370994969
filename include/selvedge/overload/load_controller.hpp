// How much a worker lets in. Every 10 ms it compares what was asked, by level, with what a core can
// do, and says up to which level requests are served: in one step, from the histogram of their
// cost, not by feeling its way. A level is the importance of a request, and within it one of 64
// cohorts of tenants, so that when some must be refused it is the same ones for an hour.
//
// Who is known before being read is not refused but kept waiting (ReadyLists): the admitted level
// is for those who had to be read to be known, and for what is behind a miss.
//
// The idea of levels and cohorts: Zhou et al., Overload Control for Scaling WeChat Microservices
// (DAGOR), 2018; of the one step: the priority CDF of Uber's Cinnamon, 2023.
// Pure. Thread: one; each worker has its own.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/counter.hpp>
#include <selvedge/overload/importance.hpp>
#include <selvedge/overload/load_level.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::overload {

inline constexpr std::uint32_t kCohorts = 64;
inline constexpr std::uint32_t kLevels = kImportances * kCohorts;

// The lower, the sooner it is served.
constexpr std::uint32_t level_of(Importance importance, std::uint32_t cohort) {
  return static_cast<std::uint32_t>(index_of(importance)) * kCohorts + cohort % kCohorts;
}
// The cohort of a tenant at a time: keyed by the period, so that the lot falls anew in each.
std::uint32_t cohort_of(std::uint64_t tenant, std::chrono::sys_seconds time,
                        std::chrono::seconds period);

struct LoadOptions {
  double cpu_budget = 0.85; // of a core, for clients
  double rejections = 0.05; // of a core, for refusing those who could be kept waiting instead
  double unknown = 0.6;     // of a core, for reading those who are then refused
  std::chrono::nanoseconds target_delay{std::chrono::milliseconds{1}}; // from ready to read
};

// What a turn did, for learning what things cost.
struct TurnWork {
  std::array<std::uint16_t, kImportances> served{};
  std::uint16_t refused = 0;
};

// What has happened since the last tick.
struct LoadSample {
  std::chrono::nanoseconds elapsed{0};
  std::chrono::nanoseconds busy{0};       // the worker's thread, doing anything
  std::chrono::nanoseconds handshakes{0}; // of it, for handshakes of strangers
  std::chrono::nanoseconds background{0};
  std::chrono::nanoseconds most_important_delay{0}; // the longest, from ready to its turn
  std::chrono::nanoseconds oldest_wait{0};          // of whoever waits now, in any lane
  bool is_over_memory = false;
};

class LoadController {
public:
  static constexpr std::chrono::milliseconds kTick{10};

  explicit LoadController(const LoadOptions& options = {}) : options_(options) {}
  void set_options(const LoadOptions& options) { options_ = options; }

  // --- at each request

  // Somebody of that level asks, served or not.
  void note_request(std::uint32_t level) { ++asked_[level]; }
  bool admits(std::uint32_t level) const { return level <= admitted_; }
  // It was refused. `was_unknown`: it had to be read to be known.
  enum class Refused : std::uint8_t { known, unknown };
  void note_refused(Refused who) {
    ++(who == Refused::unknown ? refused_unknown_ : refused_known_);
  }
  // Whether there is time left for refusing somebody who could be kept waiting; takes it.
  bool may_refuse_known();
  // Strangers are to be kept waiting like the least important: reading them to refuse them has
  // come to cost too much.
  bool defers_unknown() const { return defers_unknown_; }

  // --- at each turn's end
  void note_turn(const TurnWork& work, std::chrono::nanoseconds spent);

  // --- every kTick or later
  // Returns true when the load level, or whether strangers wait, has changed.
  bool tick(const LoadSample& sample);

  LoadLevel level() const { return level_; }
  std::uint32_t admitted() const { return admitted_; }
  double busy_share() const { return busy_; }
  std::chrono::nanoseconds serve_cost(Importance importance) const;
  std::chrono::nanoseconds refuse_cost() const;
  // What refusing has cost since the start.
  std::chrono::nanoseconds refused_time() const;
  // Why the level is what it is, for people: "busy 97%, longest wait 63 ms".
  std::string reason() const;

private:
  double cost_of(std::size_t importance) const;
  void learn_demand(double elapsed, double weight);
  void decide_admitted(const LoadSample& sample, double elapsed);
  void decide_unknown(double elapsed, double weight);
  LoadLevel level_for(const LoadSample& sample) const;
  bool decide_level(const LoadSample& sample);

  LoadOptions options_;
  std::array<std::uint32_t, kLevels> asked_{};
  std::array<double, kLevels> demand_{}; // requests a nanosecond, smoothed
  double asked_rate_ = 0;                // requests a nanosecond, smoothed
  std::uint32_t refused_known_ = 0;
  std::uint32_t refused_unknown_ = 0;
  std::array<double, kImportances> serve_cost_{}; // nanoseconds; 0: not known yet
  double refuse_cost_ = 3000;
  double refused_time_ = 0;
  double refuse_credit_ = 0; // nanoseconds
  double refused_share_ = 0; // of a core, all refusals, smoothed
  double unknown_share_ = 0; // of it, of strangers
  double delay_ = 0;         // of the most important, nanoseconds, smoothed
  double delay_integral_ = 0;
  double busy_ = 0;
  std::uint32_t admitted_ = kLevels - 1;
  bool defers_unknown_ = false;
  std::chrono::nanoseconds since_deferring_{0};
  LoadLevel level_ = LoadLevel::calm;
  std::chrono::nanoseconds below_for_{0}; // that a lower level would do
  std::chrono::nanoseconds oldest_wait_{0};
  bool is_over_memory_ = false;
  bool is_refusing_ = false;
};

} // namespace selvedge::overload
