#include "bundles_api.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace selvedge::server {

using nlohmann::json;

namespace {

using Counter = base::Counter proxy::ProxyCounters::*;
using Results = std::array<std::pair<std::string_view, Counter>, 3>;
constexpr Results kIndexes{{
    {"taken", &proxy::ProxyCounters::indexes},
    {"failed", &proxy::ProxyCounters::indexes_failed},
    {"bad", &proxy::ProxyCounters::indexes_bad},
}};
constexpr Results kManifests{{
    {"taken", &proxy::ProxyCounters::manifests},
    {"failed", &proxy::ProxyCounters::manifests_failed},
    {"bad", &proxy::ProxyCounters::manifests_bad},
}};
constexpr std::array<std::pair<std::string_view, Counter>, 2> kContent{{
    {"verified", &proxy::ProxyCounters::verified},
    {"mismatched", &proxy::ProxyCounters::mismatched},
}};

std::uint64_t sum(const Node& node, Counter counter) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < node.workers(); ++i) all += (node.proxy_counters(i).*counter).value();
  return all;
}

template <typename Rows>
void write_results(Exposition& out, const Node& node, std::string_view name, std::string_view help,
                   const Rows& rows) {
  out.family(name, "counter", help);
  for (const auto& [result, counter] : rows) {
    out.sample(name, fmt::format("result=\"{}\"", result), sum(node, counter));
  }
}

// "@acme/ui@2.3.1"
std::pair<std::string_view, std::string_view> parts_of(std::string_view kind) {
  const std::size_t at = kind.rfind('@');
  return {kind.substr(0, at), kind.substr(at + 1)};
}

std::uint64_t whole(double estimate) {
  return static_cast<std::uint64_t>(std::llround(estimate));
}

} // namespace

AdminAnswer bundles_answer(const Node& node, std::chrono::sys_seconds now) {
  json sessions = json::array();
  for (const auto& row : node.sessions().rows(now)) {
    const auto [name, version] = parts_of(row.kind);
    sessions.push_back({{"bundle", name},
                        {"version", version},
                        {"this_hour", whole(row.this_hour)},
                        {"last_hour", whole(row.last_hour)}});
  }
  const auto counts = [&node](const auto& rows) {
    json object = json::object();
    for (const auto& [result, counter] : rows) object[std::string(result)] = sum(node, counter);
    return object;
  };
  return as_json({{"sessions", std::move(sessions)},
                  {"sessions_uncounted", node.sessions().uncounted()},
                  {"indexes", counts(kIndexes)},
                  {"manifests", counts(kManifests)},
                  {"content", counts(kContent)},
                  {"shared_bodies", node.store().contents().found()}});
}

void write_bundles(Exposition& out, const Node& node, std::chrono::sys_seconds now) {
  write_results(
      out, node, "selvedge_bundle_indexes_total",
      "Indexes of bundles: taken into use, not given by the origin, or not of their form.",
      kIndexes);
  write_results(out, node, "selvedge_bundle_manifests_total", "Manifests of versions, likewise.",
                kManifests);
  write_results(out, node, "selvedge_bundle_content_total",
                "Content from origins that was compared with its manifest.", kContent);
  constexpr std::string_view kShared = "selvedge_bundle_shared_bodies_total";
  out.family(kShared, "counter", "Content that was stored already, of another version or bundle.");
  out.sample(kShared, "", node.store().contents().found());
  constexpr std::string_view kSessions = "selvedge_bundle_sessions";
  out.family(kSessions, "gauge",
             "Different sessions that held a version in the last full hour, estimated to 2%.");
  for (const auto& row : node.sessions().rows(now)) {
    const auto [name, version] = parts_of(row.kind);
    out.sample(kSessions, fmt::format("bundle=\"{}\",version=\"{}\"", name, version),
               whole(row.last_hour));
  }
}

} // namespace selvedge::server
