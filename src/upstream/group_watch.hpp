// What one worker does for the servers of an origin on behalf of all: it sends the health checks,
// and compares the servers with each other.
// Thread: one worker.
#pragma once

#include "health_record.hpp"
#include "placement.hpp"

#include <memory>
#include <random>
#include <vector>

namespace selvedge::upstream {

class GroupWatch {
public:
  // `owner` is the origin that everything else belongs to, and this: a check under way keeps it.
  GroupWatch(std::weak_ptr<Origin> owner, const OriginOptions& options, net::Worker& worker,
             Placement& placement);
  ~GroupWatch();

private:
  class Check;
  struct Comparison final : base::Timer {
    explicit Comparison(GroupWatch& w) : watch(w) {}
    void on_timeout() override { watch.compare(); }
    GroupWatch& watch;
  };
  void compare();

  const OriginOptions& options_;
  net::Worker& worker_;
  Placement& placement_;
  std::vector<std::shared_ptr<Check>> checks_; // one a server
  Comparison comparison_{*this};
};

} // namespace selvedge::upstream
