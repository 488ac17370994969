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
constexpr std::array<std::pair<std::string_view, Counter>, 3> kIndexes{{
    {"taken", &proxy::ProxyCounters::indexes},
    {"failed", &proxy::ProxyCounters::indexes_failed},
    {"bad", &proxy::ProxyCounters::indexes_bad},
}};

std::uint64_t sum(const Node& node, Counter counter) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < node.workers(); ++i) all += (node.proxy_counters(i).*counter).value();
  return all;
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
  json indexes = json::object();
  for (const auto& [result, counter] : kIndexes) indexes[std::string(result)] = sum(node, counter);
  return as_json({{"sessions", std::move(sessions)},
                  {"sessions_uncounted", node.sessions().uncounted()},
                  {"indexes", std::move(indexes)}});
}

void write_bundles(Exposition& out, const Node& node, std::chrono::sys_seconds now) {
  constexpr std::string_view kTotal = "selvedge_bundle_indexes_total";
  out.family(kTotal, "counter",
             "Indexes of bundles: taken into use, not given by the origin, or not of their form.");
  for (const auto& [result, counter] : kIndexes) {
    out.sample(kTotal, fmt::format("result=\"{}\"", result), sum(node, counter));
  }
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
