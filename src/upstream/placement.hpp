// Where a fetch goes: to a server that the balance chooses among those that are well and have room.
// When none has room, the fetch waits for it in a bounded queue, by importance.
// Thread: one worker; each has its own.
#pragma once

#include "load_balancer.hpp"
#include "outlier_detector.hpp"
#include "server.hpp"

#include <selvedge/overload/concurrency_limiter.hpp>
#include <selvedge/overload/wait_queue.hpp>

#include <boost/container/small_vector.hpp>

#include <memory>
#include <vector>

namespace selvedge::upstream {

using Tried = boost::container::small_vector<std::size_t, 4>; // servers, by index

class Placement;

// A fetch's place at a server, from the choice to the end of the answer.
class Place final : public OriginResponse::Companion {
public:
  Place(std::shared_ptr<Placement> placement, std::size_t index);
  ~Place() override; // gives it to whoever waits

  std::size_t index() const { return index_; }
  Server& server();
  // One of these, when it is known.
  void note_answer();  // the head has come, and speaks of no trouble
  void note_refusal(); // the server had no time for it
  void on_failure(const base::Error& error) override;
  void note_failure();

private:
  void note(const FetchOutcome& outcome);

  std::shared_ptr<Placement> placement_;
  std::size_t index_;
  base::Steady since_;
};
using PlacePtr = std::unique_ptr<Place>;

class Placement final : public std::enable_shared_from_this<Placement> {
public:
  Placement(const ServerSetting& setting, const OriginState& state);

  // Without waiting; null when there is no room, or others wait for it.
  PlacePtr place_now(const FetchRequest& request, std::span<const std::size_t> tried);
  // Waits for room. Errors: no_origin (every server was tried, or has no weight), overloaded (no
  // room within the time), cancelled.
  boost::asio::awaitable<base::Result<PlacePtr>> place(const FetchRequest& request,
                                                       std::span<const std::size_t> tried);

  std::size_t size() const { return seats_.size(); }
  const std::shared_ptr<Server>& server(std::size_t index) const { return seats_[index].server; }
  // Looks for servers that do worse than the others. On one worker of all.
  void compare_servers();
  void close_idle();
  void set_rooms(const overload::ConcurrencyRooms& rooms);

private:
  friend class Place;
  class Waiting;
  struct Seat {
    std::shared_ptr<Server> server;
    overload::ConcurrencyLimiter limiter;
    double latency_s = 0; // smoothed
    base::Steady measured_at{};
  };

  bool has_connection(const Seat& seat) const;
  // For somebody of that importance, who looks for room.
  void fill_candidates(overload::Importance importance);
  std::optional<std::size_t> choose(const FetchRequest& request,
                                    std::span<const std::size_t> tried);
  // Takes a place at the server that is chosen, if there is one with room.
  PlacePtr take(const FetchRequest& request, std::span<const std::size_t> tried);
  // Whether waiting for room makes sense: a server that may be asked exists, and is not out.
  bool may_wait(std::span<const std::size_t> tried) const;
  void release(std::size_t index);
  void wake_next();
  void wake(Waiting& waiting);
  static void note_latency(Seat& seat, std::chrono::nanoseconds latency, base::Steady now);
  void publish_limit();

  const ServerSetting setting_;
  const std::vector<std::shared_ptr<ServerState>> states_;
  const OutlierDetector detector_;
  std::vector<Seat> seats_;
  LoadBalancer balancer_;
  std::vector<Candidate> candidates_;
  overload::WaitQueue queue_;
  std::uint32_t woken_ = 0; // who have not looked for room yet
};

} // namespace selvedge::upstream
