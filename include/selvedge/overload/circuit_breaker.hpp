// Stops asking an origin that mostly fails, and asks it again with one request at a time until one
// succeeds. Thread: one; each worker has its own.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/overload/rolling_tally.hpp>

#include <chrono>
#include <cstdint>

namespace selvedge::overload {

struct CircuitBreakerOptions {
  double failure_share = 0.5;              // of the requests in the window that opens it; 0: never
  std::uint32_t min_requests = 20;         // in the window, before it may open
  std::chrono::milliseconds window{10000}; // how far back is counted
  std::chrono::milliseconds open_time{1000};      // before a probe; doubled by each that fails
  std::chrono::milliseconds max_open_time{30000}; // or open_time, if that is longer

  friend bool operator==(const CircuitBreakerOptions&, const CircuitBreakerOptions&) = default;
};

enum class BreakerState : std::uint8_t {
  closed,    // everything goes through
  open,      // nothing does
  half_open, // one probe at a time
};

// What a breaker said to a request, to be shown again with the request's result.
class Passage {
public:
  Passage() = default;
  bool is_allowed() const { return kind_ != Kind::refused; }
  // The breaker waits for the result of this one.
  bool is_probe() const { return kind_ == Kind::probe; }

private:
  friend class CircuitBreaker;
  enum class Kind : std::uint8_t { refused, regular, probe };
  Passage(Kind kind, std::uint32_t era) : era_(era), kind_(kind) {}

  std::uint32_t era_ = 0;
  Kind kind_ = Kind::refused;
};

class CircuitBreaker {
public:
  explicit CircuitBreaker(const CircuitBreakerOptions& options);

  // Each passage that is allowed has one result, and it is told here, whenever it comes. Results of
  // requests from before the last change of state are ignored: they say nothing about what the
  // origin does now.
  Passage admit(base::Steady now);
  void on_success(const Passage& passage, base::Steady now);
  void on_failure(const Passage& passage, base::Steady now);
  // It ended without saying anything about the origin (its client went away): the next request is
  // the probe instead.
  void on_abandoned(const Passage& passage);

  // Whether admit() would allow one, for choosing between several.
  bool would_admit(base::Steady now) const;
  // An open breaker is half_open from its next passage on.
  BreakerState state() const { return state_; }
  // How often it has opened.
  std::uint64_t times_opened() const { return times_opened_; }

private:
  bool is_current(const Passage& passage) const { return passage.era_ == era_; }
  bool has_too_many_failures(base::Steady now);
  void change_to(BreakerState state);
  void open(base::Steady now);
  void close();

  CircuitBreakerOptions options_;
  RollingTally tally_; // while closed
  BreakerState state_ = BreakerState::closed;
  std::uint32_t era_ = 0; // how often the state has changed
  bool is_probing_ = false;
  base::Steady open_until_{};
  std::chrono::milliseconds open_time_; // of the next opening
  std::uint64_t times_opened_ = 0;
};

} // namespace selvedge::overload
