// An origin of servers that speak HTTP: lets in what they can take, chooses one of them, asks
// another when that is safe and the first fails, and remembers who failed.
// Thread: one worker. Outlives its responses.
#pragma once

#include "placement.hpp"

#include <selvedge/overload/circuit_breaker.hpp>
#include <selvedge/overload/request_throttle.hpp>
#include <selvedge/overload/retry_budget.hpp>
#include <selvedge/upstream/status_range.hpp>

#include <memory>
#include <random>
#include <vector>

namespace selvedge::upstream {

class GroupWatch;

class HttpOrigin final : public Origin, public std::enable_shared_from_this<HttpOrigin> {
public:
  // Throws std::runtime_error that names a file that cannot be used.
  HttpOrigin(const OriginOptions& options, net::Worker& worker, OriginStatePtr state);
  ~HttpOrigin() override;
  // On one worker of all: sends health checks, compares the servers.
  void start();

  boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request) override;
  void close_idle() override { placement_->close_idle(); }
  void set_rooms(const overload::ConcurrencyRooms& rooms) override { placement_->set_rooms(rooms); }
  OriginStatePtr state() const override { return state_; }
  bool is_shield() const override { return options_.kind == OriginKind::shield; }
  std::chrono::milliseconds fetch_timeout() const override { return options_.fetch_timeout; }

private:
  friend class Hedge;
  using Fetched = base::Result<OriginResponsePtr>;

  // As many tries as it may have, one after the other.
  boost::asio::awaitable<Fetched> try_servers(const FetchRequest& request, Tried& tried);
  boost::asio::awaitable<Fetched> try_once(const FetchRequest& request, Tried& tried);
  boost::asio::awaitable<void> back_off(const FetchRequest& request, std::uint32_t retries);
  bool may_hedge(const FetchRequest& request) const;
  bool may_retry(const FetchRequest& request, const Fetched& result, bool is_last_server) const;
  // The answer says that the server cannot do what it is there for.
  bool is_failure(const OriginResponse& response) const;
  void note_outcome(const overload::Passage& passage, const FetchRequest& request,
                    const Fetched& result);
  double random() { return std::uniform_real_distribution<double>()(engine_); }

  const OriginOptions options_;
  net::Worker& worker_;
  const OriginStatePtr state_;
  net::Resolver resolver_;
  const std::vector<StatusRange> failures_; // options_.retry.statuses
  std::shared_ptr<Placement> placement_;
  overload::CircuitBreaker breaker_;
  overload::RequestThrottle throttle_;
  overload::RetryBudget retries_;
  overload::RetryBudget hedges_;
  std::mt19937_64 engine_;
  std::unique_ptr<GroupWatch> watch_; // null on all workers but one
};

} // namespace selvedge::upstream
