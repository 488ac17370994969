#include <selvedge/server/node.hpp>

#include "access_log.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>
#include <thread>

namespace selvedge::server {

namespace {

unsigned worker_count(const config::Config& config) {
  if (config.workers != 0) return config.workers;
  return std::max(1u, std::thread::hardware_concurrency());
}

cache::Store::Options store_options(const config::CacheOptions& cache) {
  cache::Store::Options options;
  options.size = cache.size;
  options.stripes = cache.stripes;
  options.max_variants = cache.max_variants;
  options.eviction = cache.eviction;
  options.eviction_size_exponent = cache.eviction_size_exponent;
  return options;
}

// Whether there is a route of bundles of that name, "site/route".
bool has_bundles(const config::Config& config, const std::string& name) {
  for (const proxy::SiteOptions& site : config.sites) {
    for (const proxy::RouteOptions& route : site.routes) {
      if (route.bundles.enabled && site.name + "/" + route.name == name) return true;
    }
  }
  return false;
}

downstream::Limits limits_of(const config::Config& config) {
  downstream::Limits limits = config.limits;
  limits.defer = config.policy.overload.defer;
  return limits;
}

net::WorkerLoadOptions load_options(const proxy::Policing& policing) {
  const policy::OverloadOptions& overload = policing.set->options().overload;
  net::WorkerLoadOptions options;
  options.load.cpu_budget = overload.cpu_budget;
  options.load.rejections = overload.rejections;
  options.load.unknown = overload.unknown;
  options.load.target_delay = overload.target_delay;
  options.shares = policing.lane_shares();
  options.memory = overload.memory;
  return options;
}

} // namespace

Node::Node(const config::Config& config, net::HandedSockets* handed)
    : store_(store_options(config.cache)), fills_(config.cache.stripes),
      access_log_(std::make_unique<AccessLog>(config.logs, worker_count(config))),
      workers_(worker_count(config), clock_),
      config_(std::make_shared<const config::Config>(config)), route_counters_(workers_.size()),
      connections_(workers_) {
  proxy::Proxy::Options options;
  options.node_name = config.node_name;
  options.purge_counters = &purge_counters_;
  options.sessions = &sessions_;
  options.events = &events_;
  options.helper = &helper_;
  options.coding_jobs = &coding_jobs_;
  options.differences = &differences_;
  options.tenant_limits = &tenant_limits_;
  options.token_cache = config.policy.identify.token_cache;
  options.via_name = fmt::format("{}-{:08x}", config.node_name, std::random_device()());
  std::vector<downstream::RequestHandler*> handlers;
  std::vector<net::Worker*> all_workers;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    proxies_.push_back(
        std::make_unique<proxy::Proxy>(workers_[i], store_, fills_, access_log_->ring(i), options));
    handlers.push_back(proxies_.back().get());
    all_workers.push_back(&workers_[i]);
    workers_[i].set_event_log(&events_);
  }
  release_boards_.purges = &store_.purges();
  origin_states_ = make_states(config);
  routings_ = make_routings(config, origin_states_, release_boards_);
  for (std::size_t i = 0; i < workers_.size(); ++i) proxies_[i]->set_routing(routings_[i]);
  set_policing(std::make_shared<const proxy::Policing>(config.policy));
  connections_.set_limits(limits_of(config));
  const std::vector<net::TlsContextPtr> tls = make_tls(config);
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const net::ListenerOptions& one = config.listeners[i];
    acceptors_.push_back(
        std::make_unique<downstream::Acceptor>(connections_, one.name, handlers, one.shared));
    std::vector<int> sockets;
    if (handed != nullptr) sockets = handed->take(one.name, one.address);
    listeners_.push_back(std::make_unique<net::Listener>(one, all_workers, *acceptors_.back(),
                                                         tls[i], std::move(sockets)));
  }
}

Node::~Node() {
  stop();
}

void Node::start() {
  for (auto& listener : listeners_) listener->start();
  workers_.start();
}

std::vector<net::TlsContextPtr> Node::make_tls(const config::Config& config) const {
  std::vector<net::TlsContextPtr> contexts;
  for (const net::ListenerOptions& one : config.listeners) {
    contexts.push_back(one.is_tls() ? std::make_shared<net::TlsContext>(one.tls, ticket_keys_)
                                    : nullptr);
  }
  return contexts;
}

// What is known of servers is kept, also where the options of their origin have changed.
Node::OriginStates Node::make_states(const config::Config& config) const {
  OriginStates states;
  for (const upstream::OriginOptions& options : config.origins) {
    const auto old = origin_states_.find(options.name);
    const auto* before = old != origin_states_.end() ? old->second.get() : nullptr;
    states[options.name] =
        std::make_shared<upstream::OriginState>(options, clock_.now().steady, before);
  }
  return states;
}

// One routing for each worker. Origins whose options did not change are kept, connections and all.
Node::Routings Node::make_routings(const config::Config& config, const OriginStates& states,
                                   proxy::ReleaseBoards& boards) {
  Routings made;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    proxy::Routing::Origins origins;
    for (const upstream::OriginOptions& options : config.origins) {
      std::shared_ptr<upstream::Origin> origin;
      const auto old = std::find_if(config_->origins.begin(), config_->origins.end(),
                                    [&](const auto& one) { return one == options; });
      if (old != config_->origins.end() && i < routings_.size()) {
        origin = routings_[i]->origins().by_name.at(options.name);
      } else {
        origin = upstream::make_origin(options, workers_[i], states.at(options.name));
      }
      origins.by_name.emplace(options.name, std::move(origin));
    }
    made.push_back(std::make_shared<const proxy::Routing>(
        config.sites, std::move(origins), config.cache.max_object, route_counters_[i], boards,
        config.purge, config.forwarding));
  }
  return made;
}

// On each worker between two turns, as the routings. Accounts go on where the tiers stay.
void Node::set_policing(proxy::PolicingPtr policing) {
  const std::vector<policy::TierOptions>& tiers = policing->set->tiers();
  std::vector<proxy::AccountsPtr> accounts;
  const std::lock_guard lock(mutex_);
  store_.set_reserved(policing->cache_shares());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    proxy::AccountsPtr kept = i < accounts_.size() ? accounts_[i] : nullptr;
    const bool is_same =
        kept && std::equal(tiers.begin(), tiers.end(), kept->tiers.begin(), kept->tiers.end(),
                           [](const auto& a, const auto& b) { return a.name == b; });
    if (!is_same) kept = std::make_shared<proxy::Accounts>(tiers);
    accounts.push_back(kept);
    workers_[i].post([&worker = workers_[i], &proxy = *proxies_[i], policing, kept] {
      worker.set_load_options(load_options(*policing));
      const overload::ConcurrencyRooms rooms = policing->origin_rooms();
      for (const auto& [name, origin] : proxy.routing()->origins().by_name) {
        origin->set_rooms(rooms);
      }
      proxy.set_policing(policing, kept);
    });
  }
  policing_ = std::move(policing);
  accounts_ = std::move(accounts);
}

bool Node::refresh_keys() {
  const proxy::PolicingPtr current = policing();
  if (!current->identifier->is_outdated()) return false;
  set_policing(std::make_shared<const proxy::Policing>(config()->policy));
  return true;
}

void Node::apply(const config::Config& config) {
  const std::vector<net::TlsContextPtr> tls = make_tls(config);
  auto policing = std::make_shared<const proxy::Policing>(config.policy);
  std::unique_lock lock(mutex_);
  OriginStates states = make_states(config);
  proxy::ReleaseBoards boards = release_boards_;
  std::erase_if(boards.by_route,
                [&config](const auto& one) { return !has_bundles(config, one.first); });
  Routings fresh = make_routings(config, states, boards);
  std::vector<std::shared_ptr<proxy::ReleaseBoard>> moved; // to another file
  for (const auto& [name, board] : boards.by_route) {
    const auto was = release_boards_.by_route.find(name);
    if (was != release_boards_.by_route.end() && was->second != board) moved.push_back(board);
  }
  release_boards_ = std::move(boards);
  origin_states_ = std::move(states);
  Routings old = std::exchange(routings_, fresh);
  config_ = std::make_shared<const config::Config>(config);
  lock.unlock();
  generation_.fetch_add(1, std::memory_order_relaxed);
  for (const auto& board : moved) {
    const std::string problem = board->save();
    if (!problem.empty()) {
      events_.add({0, std::chrono::floor<std::chrono::seconds>(clock_.now().wall), 0, "releases",
                   "kept in a file", "not written", problem});
    }
  }

  for (std::size_t i = 0; i < workers_.size(); ++i) {
    // The old one goes on its worker, where the sockets of its origins live.
    workers_[i].post(
        [&proxy = *proxies_[i], routing = std::move(fresh[i]), old = std::move(old[i])]() mutable {
          proxy.set_routing(std::move(routing));
          old.reset();
        });
  }
  set_policing(std::move(policing));
  connections_.set_limits(limits_of(config));
  for (auto& listener : listeners_) {
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
      const bool is_same = config.listeners[i].name == listener->name();
      if (is_same && listener->is_tls() && tls[i]) listener->set_tls(tls[i]);
    }
  }
}

void Node::begin_drain(bool is_succeeded) {
  if (draining_.exchange(true)) return;
  const auto queue = is_succeeded ? net::Listener::Queue::is_left : net::Listener::Queue::is_taken;
  for (auto& listener : listeners_) listener->stop(workers_, queue);
  connections_.begin_drain();
}

void Node::stop() {
  helper_.stop(); // its jobs speak to workers
  coding_threads_.stop();
  idle_jobs_.hurry();
  idle_thread_.stop();
  workers_.stop_and_join();
}

void Node::reopen_logs() {
  access_log_->reopen();
}

// Under the lock, as explain() and purge(): a routing must not end on the caller's thread. All of
// them have the same rules.
std::optional<cache::CacheKey> Node::key_of(std::string_view url, base::Arena& arena) const {
  const std::lock_guard lock(mutex_);
  return routings_.front()->key_of(url, arena);
}

proxy::Explanation Node::explain(const http::RequestHead& request,
                                 const proxy::PolicyQuestion& asker) {
  const std::lock_guard lock(mutex_);
  return proxy::explain(request, *routings_.front(), store_, fills_, clock_.now(), asker);
}

proxy::PurgeReceipt Node::purge(const proxy::PurgeRequest& asked) {
  const std::lock_guard lock(mutex_);
  const proxy::PurgeRequest request = with_dependents(asked, release_boards_);
  const proxy::PurgeReceipt receipt =
      proxy::purge(store_, fills_, routings_.front().get(), request, clock_.now().steady);
  purge_counters_.note(request, receipt);
  return receipt;
}

// A host and a scheme by which the route can be asked for.
std::vector<BundleRoute> Node::bundle_routes() const {
  const std::lock_guard lock(mutex_);
  const auto is_secure = [](const net::ListenerOptions& one) { return one.is_tls(); };
  const bool all_secure = std::ranges::all_of(config_->listeners, is_secure);
  const bool any_secure = std::ranges::any_of(config_->listeners, is_secure);
  std::vector<BundleRoute> routes;
  for (const proxy::SiteOptions& site : config_->sites) {
    const auto host = std::find_if(site.hosts.begin(), site.hosts.end(), [](const auto& one) {
      return one.find('*') == std::string::npos;
    });
    for (const proxy::RouteOptions& route : site.routes) {
      const std::string name = site.name + "/" + route.name;
      const auto board = release_boards_.by_route.find(name);
      if (!route.bundles.enabled || board == release_boards_.by_route.end()) continue;
      // Only who comes over TLS has dictionaries.
      const bool has_dictionaries =
          route.compression.enabled && route.compression.dictionaries.enabled;
      const bool is_https = all_secure || (any_secure && has_dictionaries);
      const std::string url =
          fmt::format("{}://{}{}", is_https ? "https" : "http",
                      host != site.hosts.end() ? *host : "localhost", route.prefix);
      routes.push_back({name, url, board->second, route.bundles.sessions.enabled});
    }
  }
  return routes;
}

std::string Node::route_at(const std::string& url) const {
  const std::lock_guard lock(mutex_);
  const proxy::Route* route = routings_.front()->find_url(url);
  return route != nullptr ? route->name : std::string();
}

void Node::begin_release(const std::string& url, proxy::ReleaseOrder order,
                         proxy::ReleaseProgressPtr progress) {
  workers_[0].post([&worker = workers_[0], &proxy = *proxies_[0], url, order = std::move(order),
                    progress = std::move(progress)]() mutable {
    worker.refresh_now();
    proxy.begin_release(url, std::move(order), std::move(progress));
  });
}

std::shared_ptr<const config::Config> Node::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

const proxy::ProxyCounters& Node::proxy_counters(std::size_t worker) const {
  return proxies_[worker]->counters();
}

const policy::IdentityCounters& Node::identity_counters(std::size_t worker) const {
  return proxies_[worker]->identity_counters();
}

proxy::PolicingPtr Node::policing() const {
  const std::lock_guard lock(mutex_);
  return policing_;
}

std::vector<proxy::AccountsPtr> Node::accounts() const {
  const std::lock_guard lock(mutex_);
  return accounts_;
}

std::vector<proxy::RouteCounterMap> Node::route_counters() const {
  const std::lock_guard lock(mutex_);
  return route_counters_;
}

void Node::visit_origins(
    const std::function<void(const std::string&, const upstream::Origin&)>& visit) const {
  // Under the lock: an origin must not be destroyed on the caller's thread.
  const std::lock_guard lock(mutex_);
  for (const auto& routing : routings_) {
    for (const auto& [name, origin] : routing->origins().by_name) visit(name, *origin);
  }
}

void check(const config::Config& config) {
  const base::SystemClock clock;
  net::Worker worker(0, clock);
  proxy::Routing::Origins origins;
  for (const upstream::OriginOptions& one : config.origins) {
    const auto now = clock.now().steady;
    origins.by_name[one.name] =
        upstream::make_origin(one, worker, std::make_shared<upstream::OriginState>(one, now));
  }
  proxy::RouteCounterMap counters;
  proxy::ReleaseBoards boards;
  const proxy::Routing routing(config.sites, std::move(origins), config.cache.max_object, counters,
                               boards, config.purge, config.forwarding);
  const proxy::Policing policing(config.policy);
  const net::TicketKeys keys;
  for (const net::ListenerOptions& one : config.listeners) {
    if (one.is_tls()) net::TlsContext context(one.tls, keys);
    net::parse_endpoint(one.address);
  }
}

} // namespace selvedge::server
