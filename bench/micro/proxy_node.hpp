// A proxy with one worker and nothing behind it, for what hits cost: the store is filled by hand,
// and requests come from whoever asks. Thread: one, which stands for the worker's.
#pragma once

#include <selvedge/net/worker.hpp>
#include <selvedge/proxy/proxy.hpp>

namespace selvedge::bench {

class ProxyNode {
public:
  ProxyNode();

  net::WorkerPool& workers() { return workers_; }
  net::Worker& worker() { return workers_[0]; }
  proxy::Proxy& proxy() { return proxy_; }
  // From now on this request is answered with `bytes` of content that stay fresh for an hour.
  void store_answer(const http::RequestHead& request, std::size_t bytes);
  // What the writer of the access log does, without writing. Returns how many records there were.
  std::size_t drop_log();

private:
  const base::SystemClock clock_;
  net::WorkerPool workers_{1, clock_};
  cache::Store store_{{}};
  cache::FillTable fills_;
  proxy::AccessRing log_{64};
  proxy::Proxy proxy_{workers_[0], store_, fills_, &log_, {}};
  proxy::RouteCounterMap counters_;
};

} // namespace selvedge::bench
