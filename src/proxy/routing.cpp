#include <selvedge/proxy/routing.hpp>

#include <algorithm>

namespace selvedge::proxy {

void RouteCounters::count(http::CacheOutcome outcome, http::Status status,
                          std::chrono::microseconds duration, std::uint64_t bytes) {
  const std::size_t code_class = status >= 100 && status < 600 ? status / 100u - 1 : kClasses - 1;
  requests[static_cast<std::size_t>(outcome)][code_class].add();
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && duration.count() > kBounds[bucket]) ++bucket;
  durations[bucket].add();
  duration_microseconds.add(static_cast<std::uint64_t>(duration.count()));
  content_bytes.add(bytes);
}

Routing::Routing(const std::vector<SiteOptions>& sites, Origins origins, std::uint64_t max_object,
                 RouteCounterMap& counters)
    : origins_(std::move(origins)) {
  for (const SiteOptions& options : sites) {
    auto site = std::make_unique<Site>();
    for (const RouteOptions& one : options.routes) {
      Route route;
      route.name = options.name + "/" + one.name;
      route.prefix = one.prefix;
      route.origin = origins_.by_name.at(one.origin).get();
      route.origin_name = one.origin;
      route.policy.enabled = one.cache;
      route.policy.clients_may_revalidate = one.clients_may_revalidate;
      route.policy.default_lifetime = one.default_lifetime;
      route.policy.max_object = max_object;
      auto& counter = counters[route.name];
      if (!counter) counter = std::make_shared<RouteCounters>();
      counters_.push_back(counter);
      route.counters = counter.get();
      site->routes.push_back(std::move(route));
    }
    std::stable_sort(site->routes.begin(), site->routes.end(), [](const Route& a, const Route& b) {
      return a.prefix.size() > b.prefix.size();
    });
    for (const std::string& host : options.hosts) {
      if (host == "*") {
        fallback_ = site.get();
      } else if (host.starts_with("*.")) {
        wildcard_[host.substr(1)] = site.get();
      } else {
        exact_[host] = site.get();
      }
    }
    sites_.push_back(std::move(site));
  }
}

const Routing::Site* Routing::site_of(std::string_view authority) const {
  if (exact_.empty() && wildcard_.empty()) return fallback_;
  std::array<char, 256> lower;
  std::string_view host = authority;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  if (host.size() > lower.size()) return fallback_;
  std::transform(host.begin(), host.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  host = {lower.data(), host.size()};
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  // The longest wildcard wins: a.b.example.com tries .b.example.com, then .example.com.
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos;
       dot = host.find('.', dot + 1)) {
    const auto found = wildcard_.find(host.substr(dot));
    if (found != wildcard_.end()) return found->second;
  }
  return fallback_;
}

const Route* Routing::find(std::string_view authority, std::string_view path) const {
  const Site* site = site_of(authority);
  if (site == nullptr) return nullptr;
  for (const Route& route : site->routes) {
    if (path.starts_with(route.prefix)) return &route;
  }
  return nullptr;
}

} // namespace selvedge::proxy
