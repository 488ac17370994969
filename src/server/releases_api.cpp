#include "releases_api.hpp"

#include "release_request.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace selvedge::server {

using bundle::ReleaseLog;
using nlohmann::json;

namespace {

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string time_text(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time));
}

// Prints are numbers that no JavaScript holds.
std::string print_text(std::uint64_t print) {
  return fmt::format("{:016x}", print);
}

json json_of(const bundle::Canary& canary) {
  return {
      {"percent", canary.permille / 10.0}, {"tiers", canary.tiers}, {"regions", canary.regions}};
}

json json_of(const bundle::Snapshot& snapshot) {
  json channels = json::object();
  for (const auto& [channel, set] : snapshot.channels()) {
    json released = json::object();
    for (const auto& one : set.released) released[one.name] = one.version;
    json with = json::object();
    for (const auto& one : set.locked) {
      if (set.find(one.name) != nullptr && one.versions.size() == 1) continue;
      for (const auto& version : one.versions) with[one.name].push_back(version.text);
    }
    channels[channel] = {{"released", std::move(released)}, {"with", std::move(with)}};
  }
  return {{"snapshot", print_text(snapshot.print())}, {"channels", std::move(channels)}};
}

json json_of(const bundle::Release& release) {
  json changes = json::array();
  for (const auto& one : release.changes) {
    changes.push_back({{"name", one.name}, {"from", one.from}, {"to", one.to}});
  }
  json result{{"id", release.id},
              {"kind", text_of(release.kind)},
              {"at", time_text(release.at)},
              {"who", release.who},
              {"why", release.why},
              {"channel", release.channel},
              {"changes", std::move(changes)},
              {"snapshot", print_text(release.snapshot)}};
  if (release.canary) result["canary"] = json_of(*release.canary);
  return result;
}

json route_json(const BundleRoute& route) {
  const auto log = route.board->log();
  json releases = json::array();
  for (auto one = log->releases().rbegin(); one != log->releases().rend(); ++one) {
    releases.push_back(json_of(*one));
  }
  json result{{"route", route.name},
              {"url", route.url},
              {"stable", json_of(*log->stable())},
              {"candidate", nullptr},
              {"releases", std::move(releases)}};
  if (log->candidate()) {
    result["candidate"] = json_of(*log->candidate());
    result["candidate"]["canary"] = json_of(*log->canary());
  }
  return result;
}

json order_json(std::uint64_t id, const proxy::ReleaseProgress::View& view) {
  json result{{"id", id},
              {"state", text_of(view.state)},
              {"bundles", view.bundles},
              {"warmed", view.warmed},
              {"to_warm", view.to_warm}};
  if (view.release != 0) result["release"] = view.release;
  if (!view.problem.empty()) result["problem"] = view.problem;
  return result;
}

// The route that is meant, or what to answer.
std::variant<BundleRoute, AdminAnswer> route_for(const Node& node, const std::string& url) {
  const std::vector<BundleRoute> routes = node.bundle_routes();
  if (url.empty() && routes.size() == 1) return routes.front();
  if (routes.empty()) return problem(409, "no route has bundles");
  if (url.empty()) {
    std::string choices;
    for (const BundleRoute& one : routes) choices += (choices.empty() ? "" : ", ") + one.url;
    return problem(400,
                   "there are several routes of bundles: say which with 'url', one of " + choices);
  }
  const std::string name = node.route_at(url);
  const auto found = std::ranges::find(routes, name, &BundleRoute::name);
  if (found == routes.end()) return problem(404, "no route of bundles is at " + url);
  BundleRoute route = *found;
  route.url = url;
  return route;
}

// "" or why there can be no canary.
std::string refusal_of(const BundleRoute& route, const std::optional<bundle::Canary>& canary) {
  if (!canary || route.has_sessions) return {};
  return "a canary needs sessions, which " + route.name +
         " does not have: see bundles.sessions in the configuration";
}

} // namespace

AdminAnswer ReleasesApi::publish(std::string_view content) {
  auto read = read_release_request(content, ReleaseVerb::publish, now());
  if (const auto* wrong = std::get_if<std::string>(&read)) return problem(400, *wrong);
  auto& request = std::get<ReleaseRequest>(read);
  const auto found = route_for(node_, request.url);
  if (const auto* answer = std::get_if<AdminAnswer>(&found)) return *answer;
  const auto& route = std::get<BundleRoute>(found);
  if (std::string refusal = refusal_of(route, request.order.canary); !refusal.empty()) {
    return problem(409, refusal);
  }
  if (orders_.size() == kOrders) orders_.pop_front();
  orders_.push_back({++count_, std::make_shared<proxy::ReleaseProgress>()});
  const Order& order = orders_.back();
  node_.begin_release(route.url, std::move(request.order), order.progress);
  return as_json(order_json(order.id, order.progress->view()), 202);
}

AdminAnswer ReleasesApi::promote(std::string_view content) {
  return change(content, false);
}

AdminAnswer ReleasesApi::rollback(std::string_view content) {
  return change(content, true);
}

AdminAnswer ReleasesApi::change(std::string_view content, bool is_rollback) {
  const auto read = read_release_request(
      content, is_rollback ? ReleaseVerb::rollback : ReleaseVerb::promote, now());
  if (const auto* wrong = std::get_if<std::string>(&read)) return problem(400, *wrong);
  const auto& request = std::get<ReleaseRequest>(read);
  const auto found = route_for(node_, request.url);
  if (const auto* answer = std::get_if<AdminAnswer>(&found)) return *answer;
  const auto& route = std::get<BundleRoute>(found);
  const proxy::ReleaseOrder& order = request.order;
  const auto changed = route.board->change([&](const ReleaseLog& log) {
    return is_rollback ? log.rollback(order.note, request.at_once)
                       : log.promote(order.note, order.canary);
  });
  if (!changed.log) return problem(409, changed.problem);
  return as_json(json_of(changed.log->releases().back()));
}

AdminAnswer ReleasesApi::list() const {
  json routes = json::array(), orders = json::array();
  for (const BundleRoute& one : node_.bundle_routes()) routes.push_back(route_json(one));
  for (const Order& one : orders_) orders.push_back(order_json(one.id, one.progress->view()));
  return as_json({{"routes", std::move(routes)}, {"orders", std::move(orders)}});
}

AdminAnswer ReleasesApi::order(std::string_view id) const {
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  const auto found = std::ranges::find(orders_, number, &Order::id);
  if (found == orders_.end()) {
    return problem(404, fmt::format("not among the last {} orders: {}", kOrders, id));
  }
  return as_json(order_json(found->id, found->progress->view()));
}

AdminAnswer ReleasesApi::graph(std::string_view name) const {
  json rows = json::array();
  for (const BundleRoute& route : node_.bundle_routes()) {
    const auto log = route.board->log();
    for (const auto& [channel, set] : log->stable()->channels()) {
      const bundle::LockedBundle* locked = set.find_locked(name);
      if (locked == nullptr) continue;
      for (const bundle::LockedVersion& version : locked->versions) {
        json needs = json::object();
        for (const auto& need : version.needs) needs[need.name] = need.version;
        rows.push_back({{"route", route.name},
                        {"channel", channel},
                        {"version", version.text},
                        {"released", set.find(name) != nullptr},
                        {"needs", std::move(needs)},
                        {"dependents", dependents_of(set, name, version.text)}});
      }
    }
  }
  if (rows.empty()) return problem(404, fmt::format("nothing of '{}' is released here", name));
  return as_json({{"name", name}, {"versions", std::move(rows)}});
}

void write_releases(Exposition& out, const Node& node) {
  const std::vector<BundleRoute> routes = node.bundle_routes();
  constexpr std::string_view kTotal = "selvedge_bundle_releases_total";
  out.family(kTotal, "counter", "Releases on a route, rollbacks and promotions among them.");
  for (const BundleRoute& one : routes) {
    const auto log = one.board->log();
    const std::uint64_t last = log->releases().empty() ? 0 : log->releases().back().id;
    out.sample(kTotal, fmt::format("route=\"{}\"", one.name), last);
  }
  constexpr std::string_view kCanary = "selvedge_bundle_canary_ratio";
  out.family(kCanary, "gauge", "Part of the sessions that get what is tried; 0: nothing is.");
  for (const BundleRoute& one : routes) {
    const auto log = one.board->log();
    out.sample(kCanary, fmt::format("route=\"{}\"", one.name),
               log->canary() ? log->canary()->permille / 1000.0 : 0.0);
  }
}

} // namespace selvedge::server
