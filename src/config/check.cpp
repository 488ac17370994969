#include "check.hpp"

#include "text_rules.hpp"
#include "units.hpp"

#include <selvedge/config/nearest.hpp>
#include <selvedge/config/origin_change.hpp>

#include <algorithm>
#include <map>

namespace selvedge::config {
namespace {

std::string element(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

// Texts that may stand only once, by where they first stood.
class Unique {
public:
  explicit Unique(Reading& reading) : reading_(reading) {}

  // `path` is of the key that holds `text`; `what` names it in the message.
  void add(const std::string& text, const std::string& path, const std::string& what) {
    if (text.empty()) return;
    const Where where = reading_.where(path);
    const auto [first, is_new] = seen_.emplace(text, where);
    if (is_new) return;
    reading_.fail(where, path,
                  what + " " + in_quotes(text) + " is taken, first at " +
                      reading_.where_text(first->second));
  }

private:
  Reading& reading_;
  std::map<std::string, Where> seen_;
};

void check_listeners(const Config& config, Reading& reading) {
  Unique names(reading);
  Unique addresses(reading);
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const net::ListenerOptions& listener = config.listeners[i];
    const std::string path = element("listeners", i);
    // Without a name of its own, a doubled address is the one thing to report.
    if (listener.name != listener.address) names.add(listener.name, path + ".name", "name");
    if (port_of(listener.address) != "0") {
      addresses.add(listener.address, path + ".address", "address");
    }
  }
  const AdminOptions& admin = config.admin;
  if (!admin.enabled) return;
  if (port_of(admin.address) != "0") addresses.add(admin.address, "admin.address", "address");
  if (!is_loopback(host_of(admin.address)) && admin.token_file.empty() &&
      !reading.has_failed("admin.token_file")) {
    reading.fail(reading.where("admin.address"), "admin.address",
                 "'address' can be reached from other machines: 'token_file' is missing");
  }
}

void check_origins(const std::vector<upstream::OriginOptions>& origins, Reading& reading) {
  Unique names(reading);
  for (std::size_t i = 0; i < origins.size(); ++i) {
    const std::string path = element("origins", i);
    names.add(origins[i].name, path + ".name", "name");
    for (const OriginProblem& problem : problems_of(origins[i])) {
      const std::string key = path + "." + problem.key;
      if (!reading.has_failed(key)) reading.fail(reading.where(key), key, problem.text);
    }
  }
}

void check_route_origin(const proxy::RouteOptions& route, const std::string& path,
                        const std::vector<std::string>& origins, Reading& reading) {
  for (const std::string& origin : origins) {
    if (origin == route.origin) return;
  }
  if (route.origin.empty() || origins.empty()) return;
  reading.fail(reading.where(path + ".origin"), path + ".origin",
               "there is no origin " + in_quotes(route.origin) +
                   did_you_mean(route.origin, origins));
}

void check_key(const proxy::KeyOptions& key, const std::string& path, Reading& reading) {
  if (reading.has_failed(path + ".query") || reading.has_failed(path + ".parameters")) return;
  const bool wants_parameters =
      key.query == proxy::QueryRule::allow || key.query == proxy::QueryRule::deny;
  if (wants_parameters && key.parameters.empty()) {
    reading.fail(reading.where(path + ".query"), path + ".query",
                 "'query' is allow or deny: 'parameters' is missing");
  } else if (!wants_parameters && !key.parameters.empty()) {
    reading.fail(reading.where(path + ".parameters"), path + ".parameters",
                 "'parameters' is only for query: allow and query: deny");
  }
}

// A key that is there for nothing is a route that was meant to be closed.
void check_signed_urls(const proxy::SignedUrlOptions& urls, const std::string& path,
                       Reading& reading) {
  if (urls.enabled == !urls.key_file.empty() || reading.has_failed(path + ".key_file")) return;
  const std::string key = path + (urls.enabled ? ".enabled" : ".key_file");
  reading.fail(reading.where(key), key,
               urls.enabled ? "'enabled' needs 'key_file'"
                            : "'key_file' is set, but 'enabled' is not true");
}

void check_route(const proxy::RouteOptions& route, const std::string& path,
                 const CacheOptions& cache, Reading& reading) {
  check_key(route.key, path + ".key", reading);
  check_signed_urls(route.access.signed_urls, path + ".access.signed_urls", reading);
  Unique statuses(reading);
  for (std::size_t i = 0; i < route.status_lifetimes.size(); ++i) {
    const std::string& text = route.status_lifetimes[i];
    statuses.add(text.substr(0, text.find(' ')), element(path + ".status_lifetimes", i), "status");
  }
  Unique fields(reading);
  for (std::size_t i = 0; i < route.normalize.size(); ++i) {
    fields.add(route.normalize[i].field, element(path + ".normalize", i) + ".field", "field");
  }
  if (route.slice <= cache.max_object || reading.has_failed("cache.max_object")) return;
  reading.fail(reading.where(path + ".slice"), path + ".slice",
               "'slice' (" + bytes_text(route.slice) +
                   ") must not be larger than cache.max_object (" + bytes_text(cache.max_object) +
                   ")");
}

void check_sites(const Config& config, const std::vector<std::string>& origins, Reading& reading) {
  Unique names(reading);
  Unique hosts(reading);
  for (std::size_t i = 0; i < config.sites.size(); ++i) {
    const proxy::SiteOptions& site = config.sites[i];
    const std::string path = element("sites", i);
    names.add(site.name, path + ".name", "name");
    for (std::size_t j = 0; j < site.hosts.size(); ++j) {
      hosts.add(site.hosts[j], element(path + ".hosts", j), "host");
    }
    Unique prefixes(reading);
    for (std::size_t j = 0; j < site.routes.size(); ++j) {
      const std::string route = element(path + ".routes", j);
      if (!reading.has_failed(route + ".prefix")) {
        prefixes.add(site.routes[j].prefix, route + ".prefix", "prefix");
      }
      check_route_origin(site.routes[j], route, origins, reading);
      check_route(site.routes[j], route, config.cache, reading);
    }
  }
}

void check_cache(const CacheOptions& cache, Reading& reading) {
  if (reading.has_failed("cache.size") || reading.has_failed("cache.max_object")) return;
  if (cache.max_object <= cache.size) return;
  reading.fail(reading.where("cache.max_object"), "cache.max_object",
               "'max_object' (" + bytes_text(cache.max_object) +
                   ") must not be larger than 'size' (" + bytes_text(cache.size) + ")");
}

// Top-level lists may come from several files, so that only the whole can be empty.
template <typename T>
void check_any(const std::vector<T>& list, const std::string& key, Reading& reading) {
  if (!list.empty() || reading.has_failed(key)) return;
  reading.fail(reading.where(key), key, "'" + key + "' needs at least one");
}

} // namespace

void fill_defaults(Config& config, const Reading& reading) {
  if (!reading.is_set("cache.max_object")) {
    config.cache.max_object = std::min(config.cache.max_object, config.cache.size);
  }
  for (net::ListenerOptions& listener : config.listeners) {
    if (listener.name.empty()) listener.name = listener.address;
  }
  for (std::size_t i = 0; i < config.origins.size(); ++i) {
    upstream::OriginOptions& origin = config.origins[i];
    const bool is_bounded = origin.fetch_timeout.count() > 0;
    if (!is_bounded || reading.is_set(element("origins", i) + ".first_byte_timeout")) continue;
    origin.first_byte_timeout = std::min(origin.first_byte_timeout, origin.fetch_timeout);
  }
  for (proxy::SiteOptions& site : config.sites) {
    for (proxy::RouteOptions& route : site.routes) {
      if (route.name.empty()) route.name = route.prefix;
    }
  }
}

void check(const Config& config, Reading& reading) {
  check_any(config.listeners, "listeners", reading);
  check_any(config.origins, "origins", reading);
  check_any(config.sites, "sites", reading);
  check_listeners(config, reading);
  check_cache(config.cache, reading);
  check_origins(config.origins, reading);
  std::vector<std::string> origins;
  for (const upstream::OriginOptions& origin : config.origins) {
    if (!origin.name.empty()) origins.push_back(origin.name);
  }
  check_sites(config, origins, reading);
  check_policy(config, reading);
}

} // namespace selvedge::config
