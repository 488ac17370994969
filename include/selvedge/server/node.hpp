// The data plane as a whole: workers, listeners, cache, origins, proxies. It is built from one
// configuration and takes another one while it runs.
// Thread: its maker's, unless said otherwise.
#pragma once

#include <selvedge/cache/fill.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/config/config.hpp>
#include <selvedge/downstream/acceptor.hpp>
#include <selvedge/net/listener.hpp>
#include <selvedge/overload/event_log.hpp>
#include <selvedge/overload/tenant_limits.hpp>
#include <selvedge/proxy/coding_jobs.hpp>
#include <selvedge/proxy/differences.hpp>
#include <selvedge/proxy/explain.hpp>
#include <selvedge/proxy/policing.hpp>
#include <selvedge/proxy/proxy.hpp>
#include <selvedge/proxy/purge.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace selvedge::server {

class AccessLog;

// A route that has bundles.
struct BundleRoute {
  std::string name; // "site/route"
  std::string url;  // where it is, as clients would ask: "https://cdn.example.com/"
  std::shared_ptr<proxy::ReleaseBoard> board;
  bool has_sessions = false;
};

class Node {
public:
  // Opens everything: binds, loads certificates, opens directories. Listens on the sockets of
  // `handed` where they are its listeners'. Throws net::BindError, or std::runtime_error that names
  // what cannot be used.
  explicit Node(const config::Config& config, net::HandedSockets* handed = nullptr);
  ~Node();

  void start();
  // Takes what a reload may change: sites, origins, limits, certificates. Throws as the constructor
  // does, and then nothing has changed.
  void apply(const config::Config& config);
  // No new connections or requests; what is under way goes on. The node is not ready any more.
  // `is_succeeded`: another process accepts on the same sockets, and what waits in their queues is
  // its business.
  void begin_drain(bool is_succeeded = false);
  bool is_draining() const { return draining_.load(std::memory_order_relaxed); }
  std::size_t open_connections() const { return connections_.all(); }
  // Ends everything.
  void stop();
  void reopen_logs();
  // Reads the key files of the policy again where they have changed. Throws as the constructor
  // does, and then the old keys stay in force. True: they were read.
  bool refresh_keys();
  // Takes new keys for session tickets when it is time to.
  void rotate_ticket_keys() { ticket_keys_.rotate(clock_.now().steady); }

  // --- Thread: any.
  std::shared_ptr<const config::Config> config() const;
  std::uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  cache::Store& store() { return store_; }
  const cache::Store& store() const { return store_; }
  cache::FillTable& fills() { return fills_; }
  const cache::FillTable& fills() const { return fills_; }
  // The key of a GET of that absolute URL; nothing where no route is for it.
  std::optional<cache::CacheKey> key_of(std::string_view url, base::Arena& arena) const;
  // What the node would do with that request, and why. Changes nothing.
  proxy::Explanation explain(const http::RequestHead& request, const proxy::PolicyQuestion& asker);
  // Done when it returns, whatever is stored. Requires: proxy::refusal_of(request) is empty.
  proxy::PurgeReceipt purge(const proxy::PurgeRequest& request);
  const proxy::CodingCounters& coding_counters(coding::ContentCoding coding) const {
    return coding_jobs_.counters(coding);
  }
  const proxy::Differences::Counters& difference_counters() const {
    return differences_.counters();
  }
  const proxy::PurgeCounters& purge_counters() const { return purge_counters_; }
  // Those of the configuration in force.
  std::vector<BundleRoute> bundle_routes() const;
  // The name of the route at an absolute URL; "" where there is none.
  std::string route_at(const std::string& url) const;
  // Prepares a release and puts it in force; returns at once.
  void begin_release(const std::string& url, proxy::ReleaseOrder order,
                     proxy::ReleaseProgressPtr progress);
  // Sessions by "NAME@VERSION" of what they hold.
  const insight::DistinctCounts& sessions() const { return sessions_; }
  const std::vector<std::unique_ptr<net::Listener>>& listeners() const { return listeners_; }
  const downstream::Connections& connections() const { return connections_; }
  std::size_t workers() const { return workers_.size(); }
  const proxy::ProxyCounters& proxy_counters(std::size_t worker) const;
  const AccessLog& access_log() const { return *access_log_; }
  const policy::IdentityCounters& identity_counters(std::size_t worker) const;
  const net::Worker& worker(std::size_t worker) const { return workers_[worker]; }
  const overload::EventLog& events() const { return events_; }
  const overload::TenantLimits& tenant_limits() const { return tenant_limits_; }
  proxy::PolicingPtr policing() const;
  // Of every worker, for the tiers of the policy in force.
  std::vector<proxy::AccountsPtr> accounts() const;
  // Of every worker, by "site/route".
  std::vector<proxy::RouteCounterMap> route_counters() const;
  // Calls visit(name, origin) for each origin of each worker, with a lock held. Of the origin, only
  // what any thread may read.
  void visit_origins(
      const std::function<void(const std::string& name, const upstream::Origin&)>& visit) const;

private:
  using Routings = std::vector<std::shared_ptr<const proxy::Routing>>;
  using OriginStates = std::map<std::string, upstream::OriginStatePtr>; // by name of the origin
  OriginStates make_states(const config::Config& config) const;
  Routings make_routings(const config::Config& config, const OriginStates& states,
                         proxy::ReleaseBoards& boards);
  std::vector<net::TlsContextPtr> make_tls(const config::Config& config) const;
  void set_policing(proxy::PolicingPtr policing);

  // In this order: what is declared first outlives what refers to it.
  base::SystemClock clock_;
  cache::Store store_;
  cache::FillTable fills_;
  proxy::PurgeCounters purge_counters_;
  insight::DistinctCounts sessions_;
  overload::TenantLimits tenant_limits_;
  overload::EventLog events_;
  net::TicketKeys ticket_keys_{clock_.now().steady};
  std::unique_ptr<AccessLog> access_log_;
  net::WorkerPool workers_;
  mutable std::mutex mutex_; // guards what follows, up to the next blank line
  std::shared_ptr<const config::Config> config_;
  std::vector<proxy::RouteCounterMap> route_counters_; // of each worker
  OriginStates origin_states_;
  proxy::ReleaseBoards release_boards_;
  Routings routings_; // of each worker
  proxy::PolicingPtr policing_;
  std::vector<proxy::AccountsPtr> accounts_; // of each worker

  std::atomic<std::uint64_t> generation_{1};
  std::atomic<bool> draining_{false};
  std::vector<std::unique_ptr<proxy::Proxy>> proxies_;
  net::HelperThreads helper_;
  net::HelperThreads coding_threads_{2};
  proxy::CodingJobs coding_jobs_{coding_threads_.executor(), proxy::Jobs::Priority::behind_workers};
  net::HelperThreads idle_thread_;
  proxy::Jobs idle_jobs_{idle_thread_.executor(), proxy::Jobs::Priority::idle};
  proxy::Differences differences_{coding_jobs_, idle_jobs_, store_};
  downstream::Connections connections_;
  std::vector<std::unique_ptr<downstream::Acceptor>> acceptors_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

// Opens everything a configuration names, but binds nothing. Throws std::runtime_error.
void check(const config::Config& config);

} // namespace selvedge::server
