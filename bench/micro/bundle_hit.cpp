// What a hit costs when it is of a bundle: asked for by its exact version, by what was released,
// and in a session, whole connections of HTTP/1.1 as in connections.cpp.
#include "allocations.hpp"
#include "direct_wire.hpp"
#include "responses.hpp"

#include <selvedge/base/process_memory.hpp>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <unistd.h>

namespace selvedge::bench {

namespace {

constexpr std::size_t kContentBytes = 1024;

// The key of sessions, in a file for as long as it is needed.
class Keys {
public:
  Keys()
      : path_(std::filesystem::temp_directory_path() /
              ("selvedge-bench-keys-" + std::to_string(::getpid()))) {
    std::ofstream(path_) << "k1 BsCXNGmw0iYl4FhWOi0jDA==\n";
  }
  ~Keys() { std::filesystem::remove(path_); }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
  std::string path() const { return path_.string(); }

private:
  const std::filesystem::path path_;
};

proxy::RouteOptions bundle_route(const Keys& keys, bool has_sessions) {
  proxy::RouteOptions route;
  route.bundles.enabled = true;
  route.bundles.sessions.enabled = has_sessions;
  route.bundles.sessions.key_file = keys.path();
  route.bundles.releases.follow = false;
  return route;
}

bundle::ReleasedSet set_of(const std::string& version) {
  bundle::ReleasedSet set{{{"acme-ui", version, {"app.js"}}}, {}};
  for (int i = 0; i < 20; ++i) {
    set.locked.push_back({"acme-part-" + std::to_string(10 + i), {{version, {}}}});
  }
  set.locked.push_back({"acme-ui", {{version, {}}}});
  return set;
}

void release(ProxyNode& node, const std::string& version) {
  node.board().change([&](const bundle::ReleaseLog& log) {
    return log.publish({}, "latest", set_of(version), {});
  });
}

http::RequestHead request_for(std::string_view target) {
  http::RequestHead request = plain_request();
  request.scheme = "http";
  request.target = target;
  return request;
}

// The pin that the node gives to who has none; empty where it gives none.
std::string pin_of(std::string_view answer) {
  const std::string lower = "set-cookie: ";
  std::size_t at = answer.find(lower);
  if (at == std::string_view::npos) return "";
  at += lower.size();
  return std::string(answer.substr(at, answer.find(';', at) - at));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string pin_in(std::string_view answer) {
  const std::string lower = lower_case(answer.substr(0, answer.find("\r\n\r\n")));
  const std::string found = pin_of(lower);
  const std::size_t at = lower.find(found);
  return std::string(answer.substr(at, found.size()));
}

void h1_bundle_hit(benchmark::State& state, const char* target, bool has_session) {
  const Keys keys;
  ProxyNode node(bundle_route(keys, has_session));
  release(node, "2.3.1");
  node.store_answer(request_for("/acme-ui/2.3.1/app.js"), kContentBytes, false);
  ClientSide clients(node);
  DirectWire wire(node, clients.acceptor());
  http::RequestHead request = request_for(target);
  const std::string first(wire.say(h1_text(request)));
  const std::string pin = has_session ? pin_in(first) : "";
  if (has_session && pin.empty()) return state.SkipWithError("no pin");
  if (has_session) request.fields.add("cookie", pin);
  const std::string text = h1_text(request);
  const std::string second(wire.say(text));
  const bool is_answer = second.rfind("HTTP/1.1 200 OK\r\n", 0) == 0 &&
                         second.find("selvedge; hit") != std::string::npos &&
                         pin_in(second).empty();
  if (!is_answer) return state.SkipWithError("not a hit of a session");
  const AllocationCount count;
  for (auto _ : state) benchmark::DoNotOptimize(wire.say(text));
  count.require_none(state, "h1_bundle_hit");
}
BENCHMARK_CAPTURE(h1_bundle_hit, exact, "/acme-ui@2.3.1/app.js", false);
BENCHMARK_CAPTURE(h1_bundle_hit, channel, "/acme-ui@latest/app.js", false);
BENCHMARK_CAPTURE(h1_bundle_hit, range, "/acme-ui@^2.1/app.js", false);
BENCHMARK_CAPTURE(h1_bundle_hit, session_channel, "/acme-ui@latest/app.js", true);
BENCHMARK_CAPTURE(h1_bundle_hit, session_range, "/acme-ui@^2.1/app.js", true);

// A million sessions, each of which asks once for itself and once with its pin, while fifty
// versions are released one after another, and all of them again: what the node holds more after
// the second half of the sessions, and how well it counts.
void million_sessions(benchmark::State& state) {
  constexpr int kVersions = 50, kSessions = 10'000; // of each version, twice
  const Keys keys;
  for (auto _ : state) {
    ProxyNode node(bundle_route(keys, true));
    ClientSide clients(node);
    DirectWire wire(node, clients.acceptor());
    std::size_t before = 0;
    double worst = 0;
    const std::string first_text = h1_text(request_for("/acme-ui@latest/app.js"));
    for (int turn = 0; turn < 2 * kVersions; ++turn) {
      if (turn == kVersions) before = base::resident_bytes(); // all versions are known
      const int version = turn % kVersions;
      const std::string name = "2." + std::to_string(version) + ".0";
      release(node, name);
      node.store_answer(request_for("/acme-ui/" + name + "/app.js"), kContentBytes, false);
      for (int session = 0; session < kSessions; ++session) {
        const std::string pin = pin_in(wire.say(first_text));
        if (pin.empty()) return state.SkipWithError("no pin");
        http::RequestHead request = request_for("/acme-ui@latest/app.js");
        request.fields.add("cookie", pin);
        wire.say(h1_text(request));
      }
    }
    const std::size_t after = base::resident_bytes();
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto rows = node.sessions().rows(now);
    for (const auto& row : rows) {
      const double seen = row.this_hour + row.last_hour;
      worst = std::max(worst, std::abs(seen - 2 * kSessions) / (2 * kSessions));
    }
    state.counters["versions"] = static_cast<double>(rows.size());
    state.counters["worst_error"] = worst;
    state.counters["bytes_grown"] = static_cast<double>(after) - static_cast<double>(before);
    state.counters["sessions"] = 2 * kVersions * kSessions;
  }
}
BENCHMARK(million_sessions)->Iterations(1)->Unit(benchmark::kSecond);

} // namespace

} // namespace selvedge::bench
