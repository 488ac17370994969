#include "metrics.hpp"

#include "access_log.hpp"
#include "bundles_api.hpp"
#include "coding_metrics.hpp"
#include "exposition.hpp"
#include "origin_metrics.hpp"
#include "policy_metrics.hpp"
#include "releases_api.hpp"

#include <selvedge/base/process_memory.hpp>

#include <fmt/format.h>
#include <map>
#include <numeric>

namespace selvedge::server {

using http::CacheOutcome;
using proxy::RouteCounters;

namespace {

// One route, summed over the workers.
struct RouteNumbers {
  std::array<std::array<std::uint64_t, RouteCounters::kClasses>, http::kCacheOutcomes> requests{};
  std::array<std::uint64_t, RouteCounters::kBounds.size() + 1> durations{};
  std::uint64_t duration_microseconds = 0;
  std::uint64_t content_bytes = 0;

  void add(const RouteCounters& counters) {
    for (std::size_t o = 0; o < requests.size(); ++o) {
      for (std::size_t c = 0; c < RouteCounters::kClasses; ++c) {
        requests[o][c] += counters.requests[o][c].value();
      }
    }
    for (std::size_t b = 0; b < durations.size(); ++b) {
      durations[b] += counters.durations[b].value();
    }
    duration_microseconds += counters.duration_microseconds.value();
    content_bytes += counters.content_bytes.value();
  }
};
using Routes = std::map<std::string, RouteNumbers>;

Routes routes_of(const Node& node) {
  Routes routes;
  for (const auto& worker : node.route_counters()) {
    for (const auto& [name, counters] : worker) routes[name].add(*counters);
  }
  return routes;
}

void write_requests(Exposition& out, const Routes& routes) {
  static constexpr std::array<std::string_view, RouteCounters::kClasses> kClassNames{
      "1xx", "2xx", "3xx", "4xx", "5xx", "other"};
  out.family("selvedge_http_requests_total", "counter",
             "Requests answered, by route, class of status and what became of them in the cache.");
  for (const auto& [name, route] : routes) {
    for (std::size_t o = 0; o < route.requests.size(); ++o) {
      for (std::size_t c = 0; c < kClassNames.size(); ++c) {
        if (route.requests[o][c] == 0) continue;
        out.sample("selvedge_http_requests_total",
                   fmt::format("route=\"{}\",code_class=\"{}\",cache=\"{}\"", label(name),
                               kClassNames[c], text_of(static_cast<CacheOutcome>(o))),
                   route.requests[o][c]);
      }
    }
  }
  out.family("selvedge_http_response_content_bytes_total", "counter",
             "Content sent to clients, without heads and framing.");
  for (const auto& [name, route] : routes) {
    out.sample("selvedge_http_response_content_bytes_total",
               fmt::format("route=\"{}\"", label(name)), route.content_bytes);
  }
}

void write_durations(Exposition& out, const Routes& routes) {
  constexpr std::string_view kName = "selvedge_http_request_duration_seconds";
  out.family(kName, "histogram", "From the first byte of a request to the last of its answer.");
  for (const auto& [name, route] : routes) {
    std::uint64_t total = 0;
    for (std::size_t b = 0; b < route.durations.size(); ++b) {
      total += route.durations[b];
      const std::string bound = b < RouteCounters::kBounds.size()
                                    ? fmt::format("{}", RouteCounters::kBounds[b] / 1e6)
                                    : "+Inf";
      out.sample(fmt::format("{}_bucket", kName),
                 fmt::format("route=\"{}\",le=\"{}\"", label(name), bound), total);
    }
    const std::string labels = fmt::format("route=\"{}\"", label(name));
    out.sample(fmt::format("{}_sum", kName), labels,
               static_cast<double>(route.duration_microseconds) / 1e6);
    out.sample(fmt::format("{}_count", kName), labels, total);
  }
}

void write_cache(Exposition& out, const Node& node, const RequestTotals& totals) {
  const cache::Store::Stats stats = node.store().stats();
  constexpr std::string_view kStore = "store=\"memory\"";
  out.one("selvedge_cache_objects", "gauge", "Stored responses.", stats.objects, kStore);
  out.one("selvedge_cache_bytes", "gauge",
          "Memory held for stored responses and for fills on their way.", stats.bytes, kStore);
  out.one("selvedge_cache_limit_bytes", "gauge", "The configured size.", stats.limit, kStore);
  out.one("selvedge_cache_hits_total", "counter", "Requests answered from the store.",
          totals.hits(), kStore);
  out.one("selvedge_cache_misses_total", "counter",
          "Requests for the cache that needed an origin, waiting for another's fetch included.",
          totals.misses(), kStore);
  out.one("selvedge_cache_admissions_total", "counter", "Responses stored.", stats.insertions,
          kStore);
  out.one("selvedge_cache_evictions_total", "counter", "Stored responses that made room.",
          stats.evictions, kStore);
  out.one("selvedge_cache_fills", "gauge", "Fills under way that others can join.",
          node.fills().size());
}

void write_purges(Exposition& out, const Node& node) {
  const proxy::PurgeCounters& counters = node.purge_counters();
  constexpr std::string_view kRequests = "selvedge_purge_requests_total";
  out.family(kRequests, "counter", "What was asked to be purged: a request may name many.");
  const std::array<std::pair<std::string_view, const base::SharedCounter*>, 7> kinds{
      {{"url", &counters.urls},
       {"tag", &counters.tags},
       {"group", &counters.groups},
       {"prefix", &counters.prefixes},
       {"host", &counters.hosts},
       {"bundle", &counters.bundles},
       {"everything", &counters.everything}}};
  for (const auto& [kind, counter] : kinds) {
    out.sample(kRequests, fmt::format("kind=\"{}\"", kind), counter->value());
  }
  out.one("selvedge_purge_matched_total", "counter", "Stored responses that purges concerned.",
          counters.matched.value());
  out.one("selvedge_purge_removed_total", "counter",
          "Stored responses taken out of the store by purges.", node.store().stats().removals);
  out.one("selvedge_purge_tags", "gauge", "Names that stored responses can be purged by.",
          node.store().purges().stats().tags);
  out.one("selvedge_purge_epoch", "gauge", "The number of the last purge by name.",
          node.store().purges().epoch());
}

template <typename Get> std::uint64_t sum_over_workers(const Node& node, Get get) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < node.workers(); ++i) total += get(i);
  return total;
}

struct ConnectionFamily {
  std::string_view name, help;
  base::Counter downstream::Counters::*member;
};

void write_connections(Exposition& out, const Node& node) {
  using downstream::Counters;
  static constexpr std::array<ConnectionFamily, 5> kFamilies{{
      {"selvedge_connections_accepted_total", "Client connections.", &Counters::accepted},
      {"selvedge_connections_timed_out_total", "Client connections that were too slow or idle.",
       &Counters::timed_out},
      {"selvedge_connections_abandoned_total",
       "Client connections whose clients left while they were kept waiting.", &Counters::abandoned},
      {"selvedge_client_received_bytes_total", "Bytes read from clients.", &Counters::bytes_read},
      {"selvedge_client_sent_bytes_total", "Bytes written to clients.", &Counters::bytes_written},
  }};
  out.one("selvedge_connections_open", "gauge", "Client connections.", node.connections().open());
  for (const ConnectionFamily& family : kFamilies) {
    out.one(family.name, "counter", family.help, sum_over_workers(node, [&](std::size_t i) {
              return (node.connections().counters(i).*family.member).value();
            }));
  }
  constexpr std::string_view kRefused = "selvedge_connections_refused_total";
  out.family(kRefused, "counter", "Client connections over a limit: the node's, or one client's.");
  out.sample(kRefused, "limit=\"node\"", sum_over_workers(node, [&](std::size_t i) {
               return node.connections().counters(i).refused_node_full.value();
             }));
  out.sample(kRefused, "limit=\"client\"", sum_over_workers(node, [&](std::size_t i) {
               return node.connections().counters(i).refused_client_limit.value();
             }));
  constexpr std::string_view kCrowded = "selvedge_requests_crowded_out_total";
  out.family(kCrowded, "counter",
             "Requests refused since all clients together were at a limit of memory.");
  out.sample(kCrowded, "limit=\"bodies_buffer\"", sum_over_workers(node, [&](std::size_t i) {
               return node.connections().counters(i).crowded_bodies.value();
             }));
  out.sample(kCrowded, "limit=\"all_streams\"", sum_over_workers(node, [&](std::size_t i) {
               return node.connections().counters(i).crowded_streams.value();
             }));
  out.family("selvedge_protocol_requests_total", "counter", "Requests by protocol.");
  out.sample("selvedge_protocol_requests_total", "protocol=\"h1\"",
             sum_over_workers(node, [&](std::size_t i) {
               return node.connections().counters(i).h1_requests.value();
             }));
  out.sample("selvedge_protocol_requests_total", "protocol=\"h2\"",
             sum_over_workers(node, [&](std::size_t i) {
               return node.connections().counters(i).h2_requests.value();
             }));
  out.one("selvedge_requests_refused_total", "counter",
          "Requests that were malformed or beyond a limit.",
          sum_over_workers(node, [&](auto i) { return node.proxy_counters(i).refused.value(); }));
  constexpr std::string_view kDenied = "selvedge_access_denied_total";
  out.family(kDenied, "counter",
             "Requests that a route's access rules refused, by what was wrong.");
  out.sample(kDenied, "reason=\"address\"", sum_over_workers(node, [&](auto i) {
               return node.proxy_counters(i).refused_addresses.value();
             }));
  out.sample(kDenied, "reason=\"spelling\"", sum_over_workers(node, [&](auto i) {
               return node.proxy_counters(i).refused_spellings.value();
             }));
  for (std::size_t verdict = 1; verdict < proxy::kTokenVerdicts; ++verdict) {
    out.sample(kDenied,
               fmt::format("reason=\"{}\"", text_of(static_cast<proxy::TokenVerdict>(verdict))),
               sum_over_workers(
                   node, [&](auto i) { return node.proxy_counters(i).tokens[verdict].value(); }));
  }
  out.one("selvedge_requests_unrouted_total", "counter", "Requests that no site or route is for.",
          sum_over_workers(node, [&](auto i) { return node.proxy_counters(i).unrouted.value(); }));
}

} // namespace

std::uint64_t RequestTotals::all() const {
  return std::accumulate(by_outcome.begin(), by_outcome.end(), std::uint64_t{0});
}
std::uint64_t RequestTotals::hits() const {
  return by_outcome[static_cast<std::size_t>(CacheOutcome::hit)] +
         by_outcome[static_cast<std::size_t>(CacheOutcome::stale)];
}
std::uint64_t RequestTotals::misses() const {
  return by_outcome[static_cast<std::size_t>(CacheOutcome::miss)] +
         by_outcome[static_cast<std::size_t>(CacheOutcome::collapsed)] +
         by_outcome[static_cast<std::size_t>(CacheOutcome::revalidated)];
}

RequestTotals request_totals(const Node& node) {
  RequestTotals totals;
  for (const auto& [name, route] : routes_of(node)) {
    for (std::size_t o = 0; o < route.requests.size(); ++o) {
      for (const std::uint64_t count : route.requests[o]) totals.by_outcome[o] += count;
    }
  }
  return totals;
}

std::string metrics_text(const Node& node, const ReloadState& reload, std::string_view version) {
  Exposition out;
  const Routes routes = routes_of(node);
  write_requests(out, routes);
  write_durations(out, routes);
  write_cache(out, node, request_totals(node));
  write_codings(out, node);
  write_purges(out, node);
  write_origins(out, collect(node, std::chrono::steady_clock::now()));
  write_connections(out, node);
  write_policy(out, collect_policy(node));
  write_releases(out, node);
  write_bundles(out, node,
                std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  out.one("selvedge_access_log_written_total", "counter", "Lines of the access log.",
          node.access_log().written());
  out.one("selvedge_access_log_dropped_total", "counter",
          "Lines that were not written because the disk was too slow.",
          node.access_log().dropped());
  out.one("selvedge_access_log_lost_total", "counter",
          "Lines that the disk did not take, because it is full or fails.",
          node.access_log().lost());
  out.one("selvedge_config_last_reload_successful", "gauge", "1, or 0 after a refused reload.",
          reload.last_was_successful ? 1 : 0);
  out.one("selvedge_config_generation", "gauge", "Configurations taken since the start.",
          node.generation());
  out.one("selvedge_ready", "gauge", "1, or 0 while draining.", node.is_draining() ? 0 : 1);
  out.one("process_resident_memory_bytes", "gauge", "Resident memory.", base::resident_bytes());
  out.one("selvedge_build_info", "gauge", "The version of the program.", 1,
          fmt::format("version=\"{}\"", version));
  return out.take();
}

} // namespace selvedge::server
