// A proxy with one worker and nothing behind it, for what hits cost: the store is filled by hand,
// and requests come from whoever asks. Thread: one, which stands for the worker's.
#pragma once

#include <selvedge/net/worker.hpp>
#include <selvedge/proxy/proxy.hpp>

#include <memory>
#include <optional>

namespace selvedge::bench {

// What stands behind it, where that matters.
struct BehindNode {
  std::shared_ptr<upstream::Origin> origin; // null: nobody answers
  bool has_helper = false;
  std::uint64_t max_object = 1u << 20;
};

class ProxyNode {
public:
  explicit ProxyNode(proxy::RouteOptions route = {}, const BehindNode& behind = {});

  net::WorkerPool& workers() { return workers_; }
  net::Worker& worker() { return workers_[0]; }
  proxy::Proxy& proxy() { return proxy_; }
  proxy::ReleaseBoard& board() { return *boards_.by_route.at("site/all"); } // of a route of bundles
  insight::DistinctCounts& sessions() { return sessions_; }
  // From now on this request is answered with `bytes` of content that stay fresh for an hour.
  void store_answer(const http::RequestHead& request, std::size_t bytes, bool says_lifetime = true);
  // What the writer of the access log does, without writing. Returns how many records there were.
  std::size_t drop_log();

private:
  proxy::Proxy::Options options_of(const BehindNode& behind) {
    proxy::Proxy::Options options;
    options.sessions = &sessions_;
    if (behind.has_helper) options.helper = &helper_.emplace();
    return options;
  }

  const base::SystemClock clock_;
  net::WorkerPool workers_{1, clock_};
  cache::Store store_{{}};
  cache::FillTable fills_;
  proxy::AccessRing log_{64};
  insight::DistinctCounts sessions_;
  std::optional<net::HelperThreads> helper_;
  proxy::Proxy proxy_;
  proxy::RouteCounterMap counters_;
  proxy::ReleaseBoards boards_{{}, &store_.purges()};
};

} // namespace selvedge::bench
