#include "origin_metrics.hpp"

#include <array>
#include <utility>

namespace selvedge::server {
namespace {

template <typename Report> struct Family {
  std::string_view name, type, help;
  std::uint64_t (*value)(const Report&);
};
using OriginFamily = Family<OriginReport>;
using ServerFamily = Family<ServerReport>;

constexpr std::array<OriginFamily, 12> kOriginFamilies{{
    {"selvedge_origin_requests_total", "counter", "Fetches.",
     [](const OriginReport& o) { return o.requests; }},
    {"selvedge_origin_errors_total", "counter", "Fetches that failed.",
     [](const OriginReport& o) { return o.errors; }},
    {"selvedge_origin_timeouts_total", "counter", "Fetches that failed by a timeout.",
     [](const OriginReport& o) { return o.timeouts; }},
    {"selvedge_origin_retries_total", "counter", "Second tries.",
     [](const OriginReport& o) { return o.retries; }},
    {"selvedge_origin_hedges_total", "counter", "Second servers asked while the first was slow.",
     [](const OriginReport& o) { return o.hedges; }},
    {"selvedge_origin_connections_total", "counter", "Connections opened.",
     [](const OriginReport& o) { return o.connections_opened; }},
    {"selvedge_origin_connections_reused_total", "counter", "Fetches on a kept connection.",
     [](const OriginReport& o) { return o.connections_reused; }},
    {"selvedge_origin_inflight", "gauge", "Fetches under way.",
     [](const OriginReport& o) { return o.in_flight; }},
    {"selvedge_origin_waiting", "gauge", "Fetches that wait for room.",
     [](const OriginReport& o) { return o.waiting; }},
    {"selvedge_origin_limit", "gauge", "Fetches that may be under way, as it has adapted.",
     [](const OriginReport& o) { return o.limit; }},
    {"selvedge_origin_breaker_open", "gauge", "Workers whose breaker is open.",
     [](const OriginReport& o) { return std::uint64_t{o.open_breakers}; }},
    {"selvedge_origin_received_bytes_total", "counter", "Bytes read from servers.",
     [](const OriginReport& o) { return o.bytes_received; }},
}};

constexpr std::array<ServerFamily, 6> kServerFamilies{{
    {"selvedge_origin_server_healthy", "gauge", "1, or 0 when its checks fail.",
     [](const ServerReport& s) { return std::uint64_t{s.is_healthy}; }},
    {"selvedge_origin_server_ejected", "gauge", "1 while it is left out for failing or lagging.",
     [](const ServerReport& s) { return std::uint64_t{s.is_ejected}; }},
    {"selvedge_origin_server_inflight", "gauge", "Fetches under way.",
     [](const ServerReport& s) { return std::uint64_t{s.in_flight}; }},
    {"selvedge_origin_server_requests_total", "counter", "Fetches, retries counted.",
     [](const ServerReport& s) { return s.requests; }},
    {"selvedge_origin_server_failures_total", "counter", "Fetches that failed.",
     [](const ServerReport& s) { return s.failures; }},
    {"selvedge_origin_server_received_bytes_total", "counter", "Bytes read from it.",
     [](const ServerReport& s) { return s.bytes_received; }},
}};

std::string label_of(const OriginReport& origin) {
  return fmt::format("origin=\"{}\"", label(origin.name));
}

void write_refused(Exposition& out, const std::vector<OriginReport>& origins) {
  constexpr std::string_view kName = "selvedge_origin_refused_total";
  out.family(kName, "counter", "Fetches that no server was asked for, by what refused them.");
  for (const OriginReport& origin : origins) {
    const std::array<std::pair<std::string_view, std::uint64_t>, 4> reasons{
        {{"queue", origin.refused.by_queue},
         {"wait", origin.refused.by_wait},
         {"breaker", origin.refused.by_breaker},
         {"throttle", origin.refused.by_throttle}}};
    for (const auto& [reason, count] : reasons) {
      out.sample(kName, fmt::format("{},reason=\"{}\"", label_of(origin), reason), count);
    }
  }
}

} // namespace

void write_origins(Exposition& out, const std::vector<OriginReport>& origins) {
  for (const OriginFamily& family : kOriginFamilies) {
    out.family(family.name, family.type, family.help);
    for (const OriginReport& origin : origins) {
      out.sample(family.name, label_of(origin), family.value(origin));
    }
  }
  write_refused(out, origins);
  for (const ServerFamily& family : kServerFamilies) {
    out.family(family.name, family.type, family.help);
    for (const OriginReport& origin : origins) {
      for (const ServerReport& server : origin.servers) {
        out.sample(family.name,
                   fmt::format("{},server=\"{}\"", label_of(origin), label(server.options.address)),
                   family.value(server));
      }
    }
  }
}

} // namespace selvedge::server
