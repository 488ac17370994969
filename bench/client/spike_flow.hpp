// A flow of the overload generator: its arrivals, its connections, its results. Owned and called by
// one thread.
#pragma once

#include "epoll.hpp"
#include "spike_arrivals.hpp"
#include "spike_line.hpp"
#include "spike_tally.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace selvedge::bench {

using Clock = std::chrono::steady_clock;

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using TlsSession = std::unique_ptr<SSL_SESSION, FreeSession>;

class SpikeFlow {
public:
  // What flows share. All of it outlives the flow.
  struct Place {
    const Scenario& scenario;
    Epoll& epoll;
    std::span<char> scratch; // room for what is read
    std::size_t index = 0;   // the upper half of what the epoll reports; the lower one is the line
    std::size_t seed = 1;    // of the arrivals
  };

  SpikeFlow(const Place& place, const FlowOptions& options);
  SpikeFlow(const SpikeFlow&) = delete;
  SpikeFlow& operator=(const SpikeFlow&) = delete;

  const std::string& name() const { return options_.name; }
  Us timeout() const { return options_.timeout; }

  // Connects the lines that stay; they are open when is_open(). Only before the start.
  void connect_all();
  bool is_open() const;

  // From here on `now` is the time since the start.
  void start(Clock::time_point start) { start_ = start; }
  void on_event(std::size_t line);
  // Sends what is due, and what found no room stays due. It ends early, with some of it sent, when
  // the clock is past `until`.
  void issue(Us now, Us until);
  // Looks after a few lines: connects again, and gives up what takes too long.
  void tend(Us now);
  bool has_asked() const { return asked_ > 0; }
  // No request will be answered any more.
  void finish();

  nlohmann::json report();

private:
  struct Line {
    Line(SpikeLine::Options options, std::size_t of) : line(std::move(options)), tenant(of) {}

    SpikeLine line;
    std::size_t tenant;
    bool is_ready = false; // it is in ready_
    Us retry_at{};         // when it may connect again
    Us backoff{};
  };

  static int keep_session(SSL* tls, SSL_SESSION* session);
  void connect(std::size_t index);
  void drop_expired(Us now);
  // Puts requests until the line is full or nothing is due.
  void fill(Line& one, Us now);
  void offer_if_it_has_room(std::size_t index);
  void close(std::size_t index, Us now);
  // Ends a connection whose request takes longer than anybody waits.
  void give_up(std::size_t index, Us now);
  void on_ended(Line& one, const EndedRequest& request, Us now);
  const std::string& next_path();
  Us since_start() const { return Clock::now() - start_; }

  Place place_;
  FlowOptions options_;
  Arrivals arrivals_;
  SpikeTally tally_;
  TlsContext context_;
  TlsSession session_; // the newest
  std::vector<std::unique_ptr<Line>> lines_;
  std::deque<std::size_t> ready_; // lines with room, who waited longest in front
  Clock::time_point start_;
  std::size_t asked_ = 0; // requests under way
  std::size_t tended_ = 0;
  std::uint64_t connects_ = 0;
  std::uint64_t resumed_ = 0;
  std::uint64_t number_ = 0; // of the next path with {n}
  std::mt19937_64 random_{2};
  std::discrete_distribution<std::size_t> choose_path_;
  std::string path_;
};

} // namespace selvedge::bench
