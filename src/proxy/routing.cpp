#include <selvedge/proxy/routing.hpp>

#include "access_rules.hpp"
#include "bundle_catalog.hpp"
#include "compression.hpp"
#include "header_rules.hpp"
#include "normalize.hpp"

#include <selvedge/codec/request_check.hpp>
#include <selvedge/http/percent_encoding.hpp>

#include <algorithm>

namespace selvedge::proxy {

namespace {

// What an exact version names never changes.
constexpr std::chrono::hours kVersionLifetime{365 * 24};

cache::CachePolicy policy_of(const RouteOptions& options, std::uint64_t max_object) {
  cache::CachePolicy policy;
  policy.enabled = options.cache;
  policy.clients_may_revalidate = options.clients_may_revalidate;
  policy.default_lifetime = options.default_lifetime;
  policy.heuristic_percent = options.heuristic_percent;
  policy.heuristic_limit = options.heuristic_limit;
  for (const std::string& one : options.status_lifetimes) {
    if (const auto lifetime = parse_status_lifetime(one)) {
      policy.status_lifetimes.push_back(*lifetime);
    }
  }
  policy.stale_while_revalidate = options.stale_while_revalidate;
  policy.stale_if_error = options.stale_if_error;
  policy.set_cookie = options.set_cookie;
  policy.control_fields.clear();
  for (const std::string& name : options.control_fields) {
    policy.control_fields.push_back(http::field_name_of(name));
  }
  policy.max_object = max_object;
  return policy;
}

Route route_of(const RouteOptions& options, const std::string& site, std::uint64_t max_object) {
  Route route;
  route.name = site + "/" + options.name;
  base::Arena arena; // paths are compared in their normal form
  route.prefix = cache::normal_path(options.prefix, arena);
  route.origin_name = options.origin;
  route.access = make_access_rules(options.access);
  route.policy = policy_of(options, max_object);
  route.key = options.key;
  route.normalize = options.normalize;
  route.range_miss = options.range_miss;
  route.slice = options.slice;
  route.early_hints = options.early_hints;
  route.trace = options.trace;
  if (options.bundles.enabled && options.default_lifetime.count() == 0) {
    route.policy.default_lifetime = kVersionLifetime;
  }
  // A part proves nothing about the whole.
  if (options.bundles.enabled && options.bundles.integrity != Integrity::off) {
    route.range_miss = RangeMiss::whole;
    route.slice = 0;
  }
  route.fetch_latency = std::make_shared<upstream::FetchLatency>();
  if (options.compression.enabled) {
    CompressionOptions compression = options.compression;
    compression.dictionaries.enabled = compression.dictionaries.enabled && options.bundles.enabled;
    route.compression = std::make_shared<const Compression>(std::move(compression));
  }
  route.request_rules = make_header_rules(options.request_headers);
  route.response_rules = make_header_rules(options.response_headers);
  return route;
}

// Everything decoded once, slashes merged, dot segments gone: as the most generous origin reads it.
std::string_view generous_path(std::string_view path, base::Arena& arena) {
  std::string text;
  for (char c : http::percent_decoded(path)) {
    if (c == '\\') c = '/';
    if (c != '/' || !text.ends_with('/')) text += c;
  }
  return cache::normal_path(arena.copy(text), arena);
}

} // namespace

std::size_t RouteCounters::bucket_of(std::chrono::microseconds duration) {
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && duration.count() > kBounds[bucket]) ++bucket;
  return bucket;
}

void RouteCounters::count(http::CacheOutcome outcome, http::Status status,
                          std::chrono::microseconds duration, std::uint64_t bytes) {
  const std::size_t code_class = status >= 100 && status < 600 ? status / 100u - 1 : kClasses - 1;
  requests[static_cast<std::size_t>(outcome)][code_class].add();
  durations[bucket_of(duration)].add();
  duration_microseconds.add(static_cast<std::uint64_t>(duration.count()));
  content_bytes.add(bytes);
}

Routing::Routing(const std::vector<SiteOptions>& sites, Origins origins, std::uint64_t max_object,
                 RouteCounterMap& counters, ReleaseBoards& boards, const PurgeOptions& purge,
                 const ForwardingOptions& forwarding)
    : origins_(std::move(origins)) {
  forwarding_.fields = forwarding.fields;
  if (!forwarding.trusted_proxies.empty()) forwarding_.trusted.emplace(forwarding.trusted_proxies);
  if (!purge.allow.empty()) purgers_.emplace(purge.allow);
  for (const SiteOptions& options : sites) {
    auto site = std::make_unique<Site>();
    for (const RouteOptions& one : options.routes) {
      Route route = route_of(one, options.name, max_object);
      route.origin = origins_.by_name.at(one.origin).get();
      auto& counter = counters[route.name];
      if (!counter) counter = std::make_shared<RouteCounters>();
      counters_.push_back(counter);
      route.counters = counter.get();
      const auto own = std::ranges::find_if(options.hosts, [](const std::string& host) {
        return host.find('*') == std::string::npos;
      });
      if (own != options.hosts.end()) route.follow_host = *own;
      if (one.bundles.enabled) {
        route.bundles = std::make_shared<BundleCatalog>(
            route, one.bundles,
            board_of(boards, route.name, one.bundles.releases.file, one.bundles.sessions.lifetime));
      }
      has_access_rules_ = has_access_rules_ || route.access;
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
  if (path == "*") path = "/"; // OPTIONS * is about the whole server (RFC 9110, 9.3.7)
  for (const Route& route : site->routes) {
    if (path.starts_with(route.prefix)) return &route;
  }
  return nullptr;
}

bool Routing::hides_protected(const Route& found, const http::RequestHead& request,
                              base::Arena& arena) const {
  if (!has_access_rules_) return false;
  const std::string_view path = request.path();
  const bool is_plain =
      path.find('%') == std::string_view::npos && path.find("//") == std::string_view::npos;
  if (is_plain) return false;
  const Route* const other = find(request.authority, generous_path(path, arena));
  return other != nullptr && other != &found && other->access;
}

const Route* Routing::find_url(std::string_view url) const {
  const auto parts = codec::parse_absolute_target(url);
  if (!parts) return nullptr;
  base::Arena arena;
  const std::string_view target = cache::normal_path(parts->target, arena);
  return find(parts->authority, target.substr(0, target.find('?')));
}

std::optional<cache::CacheKey> Routing::key_of(std::string_view url, base::Arena& arena) const {
  const Route* route = find_url(url);
  if (route == nullptr) return std::nullopt;
  const auto parts = codec::parse_absolute_target(url);
  http::RequestHead request;
  request.scheme = parts->scheme;
  request.authority = parts->authority;
  request.target = cache::normal_path(parts->target, arena);
  if (route->access) request.target = route->access->without_token(request.target, arena);
  normalize(request, *route, arena);
  if (route->bundles) {
    const auto bundle = bundle_request(request.target, route->prefix, arena);
    if (!bundle || !bundle->is_exact) return std::nullopt; // nothing is stored under that name
    request.target = origin_target(*bundle, bundle->selector, arena);
  }
  return cache::make_cache_key(request, route->key, arena);
}

} // namespace selvedge::proxy
