// Releases on a running node.
#include "admin_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <thread>
#include <unistd.h>

namespace selvedge::cli {

using nlohmann::json;

namespace {

std::string text(const json& object, const char* key) {
  return object.value(key, std::string());
}

std::string own_name() {
  const char* user = std::getenv("USER");
  return user != nullptr && *user != '\0' ? user : "command line";
}

json request_of(const ReleaseOptions& wanted) {
  json request{{"who", wanted.who.empty() ? own_name() : wanted.who}, {"why", wanted.why}};
  if (!wanted.url.empty()) request["url"] = wanted.url;
  const bool is_canary = wanted.percent >= 0 || !wanted.tiers.empty() || !wanted.regions.empty();
  if (is_canary) {
    request["canary"] = {{"percent", wanted.percent >= 0 ? wanted.percent : 100},
                         {"tiers", wanted.tiers},
                         {"regions", wanted.regions}};
  }
  return request;
}

std::string content_of(const json& request) {
  return request.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string canary_text(const json& canary) {
  std::string text = fmt::format("{}% of sessions", canary["percent"].get<double>());
  for (const char* what : {"tiers", "regions"}) {
    std::string names;
    for (const json& one : canary[what]) names += " " + one.get<std::string>();
    if (!names.empty()) text += fmt::format(", {}{}", what, names);
  }
  return text;
}

void print_release(const json& release) {
  std::cout << fmt::format("  {:>4}  {}  {:<8}", release["id"].get<std::uint64_t>(),
                           text(release, "at"), text(release, "kind"));
  for (const json& one : release["changes"]) {
    const std::string from = text(one, "from"), to = text(one, "to");
    std::cout << fmt::format("  {} {} -> {}", text(one, "name"), from.empty() ? "-" : from,
                             to.empty() ? "-" : to);
  }
  if (release.contains("canary")) std::cout << "  to " << canary_text(release["canary"]);
  std::cout << "  by " << text(release, "who");
  if (!text(release, "why").empty()) std::cout << ": " << text(release, "why");
  std::cout << "\n";
}

void print_snapshot(const char* what, const json& snapshot) {
  if (snapshot.is_null()) return;
  std::cout << "  " << what;
  if (snapshot.contains("canary")) std::cout << ", " << canary_text(snapshot["canary"]);
  std::cout << "\n";
  for (const auto& [channel, set] : snapshot["channels"].items()) {
    for (const auto& [name, version] : set["released"].items()) {
      std::cout << fmt::format("    {:<10} {}@{}\n", channel, name, version.get<std::string>());
    }
    for (const auto& [name, versions] : set["with"].items()) {
      for (const json& version : versions) {
        std::cout << fmt::format("    {:<10}   with {}@{}\n", channel, name,
                                 version.get<std::string>());
      }
    }
  }
}

void show_progress(const json& order) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::cerr << fmt::format("\r\033[K{}: {} versions, {} of {} assets", text(order, "state"),
                           order["bundles"].get<std::uint64_t>(),
                           order["warmed"].get<std::uint64_t>(),
                           order["to_warm"].get<std::uint64_t>());
}

// What became of an order; nothing when the node cannot be asked.
std::optional<json> await_order(const AdminOptions& admin, json order) {
  using namespace std::chrono_literals;
  const std::string target = fmt::format("/v1/releases/{}", order["id"].get<std::uint64_t>());
  for (auto pause = 5ms; text(order, "state") != "done" && text(order, "state") != "failed";) {
    show_progress(order);
    std::this_thread::sleep_for(pause);
    if (pause < 200ms) pause *= 2;
    auto next = get(admin, target);
    if (!next) return std::nullopt;
    order = std::move(*next);
  }
  if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
  return order;
}

int say_release(const AdminOptions& admin, const std::optional<json>& release) {
  if (!release) return kFailed;
  if (admin.output == Output::json) {
    std::cout << release->dump(2) << "\n";
  } else {
    print_release(*release);
  }
  return kDone;
}

} // namespace

int publish_bundles(const AdminOptions& admin, const ReleaseOptions& wanted) {
  json request = request_of(wanted);
  if (!wanted.bundles.empty()) request["bundles"] = wanted.bundles;
  if (!wanted.withdrawn.empty()) request["withdraw"] = wanted.withdrawn;
  if (!wanted.channel.empty()) request["channel"] = wanted.channel;
  request["warm"] = wanted.warms;
  std::optional<json> order = post(admin, "/v1/releases:publish", content_of(request));
  if (order && wanted.waits) order = await_order(admin, std::move(*order));
  if (!order) return kFailed;
  const bool has_failed = text(*order, "state") == "failed";
  if (admin.output == Output::json) {
    std::cout << order->dump(2) << "\n";
  } else if (has_failed) {
    std::cerr << "selvedge: not released: " << text(*order, "problem") << "\n";
  } else if (order->contains("release")) {
    std::cout << fmt::format(
        "release {} is {}: {} versions of bundles, {} assets fetched\n",
        (*order)["release"].get<std::uint64_t>(), request.contains("canary") ? "tried" : "in force",
        (*order)["bundles"].get<std::uint64_t>(), (*order)["warmed"].get<std::uint64_t>());
  } else {
    std::cout << fmt::format("order {} is prepared\n", (*order)["id"].get<std::uint64_t>());
  }
  return has_failed ? kFailed : kDone;
}

int promote_release(const AdminOptions& admin, const ReleaseOptions& wanted) {
  return say_release(admin, post(admin, "/v1/releases:promote", content_of(request_of(wanted))));
}

int roll_back(const AdminOptions& admin, const ReleaseOptions& wanted) {
  json request = request_of(wanted);
  request["at_once"] = wanted.at_once;
  return say_release(admin, post(admin, "/v1/releases:rollback", content_of(request)));
}

int show_releases(const AdminOptions& admin) {
  const auto body = get(admin, "/v1/releases");
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
    return kDone;
  }
  for (const json& route : (*body)["routes"]) {
    std::cout << fmt::format("{} ({})\n", text(route, "route"), text(route, "url"));
    print_snapshot("in force", route["stable"]);
    print_snapshot("tried", route["candidate"]);
    for (const json& release : route["releases"]) print_release(release);
  }
  return kDone;
}

} // namespace selvedge::cli
