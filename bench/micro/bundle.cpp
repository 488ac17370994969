// What versions, their dependencies and their choice cost (see ../README.md).
#include "allocations.hpp"

#include <selvedge/bundle/dependency_graph.hpp>
#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/session_pin.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace selvedge;
using namespace selvedge::bundle;

// --- choosing a version

const BundleIndex& index_of_50() {
  static const BundleIndex index = [] {
    BundleIndex made = BundleIndex::of("acme-ui");
    for (int minor = 0; minor < 50; ++minor) {
      const std::string text = "2." + std::to_string(minor) + ".0";
      made.add({*parse_version(text), text, "", false});
    }
    made.set_channel("latest", "2.49.0");
    return made;
  }();
  return index;
}

void resolve(benchmark::State& state, const char* selector) {
  const BundleIndex& index = index_of_50();
  for (auto _ : state) benchmark::DoNotOptimize(index.resolve(selector).version);
}
BENCHMARK_CAPTURE(resolve, exact, "2.31.0");
BENCHMARK_CAPTURE(resolve, channel, "latest");
BENCHMARK_CAPTURE(resolve, range_latest, "^2.1");
BENCHMARK_CAPTURE(resolve, range_old, "~2.7");

// --- sessions

// What a hit costs more when the client brings a pin of so many bundles.
void pin_read(benchmark::State& state) {
  PinKeys::Key key{"k1", {}};
  key.secret.fill(7);
  const PinKeys keys({key});
  std::vector<std::string> names;
  for (int i = 0; i < state.range(0); ++i) names.push_back("@acme/part-" + std::to_string(i));
  std::vector<PinnedVersion> versions;
  for (const std::string& name : names) versions.push_back({name, "2.31.0"});
  const std::chrono::sys_seconds now{std::chrono::seconds{1'800'000'000}};
  const std::string text =
      SessionPin::write(versions, keys, {0x123456789abcdef, now + std::chrono::hours{1}});
  const bench::AllocationCount count;
  for (auto _ : state) {
    const auto pin = SessionPin::read(text, keys, now);
    benchmark::DoNotOptimize(pin->version_of(names.back()));
  }
  count.require_none(state, "reading a pin");
}
BENCHMARK(pin_read)->Arg(1)->Arg(4)->Arg(16);

// --- a large graph: 20,000 bundles of five versions. A bundle has ten dependencies, one in ten on
// the fifty that everybody needs, the others on those before it in its family of a hundred.

constexpr std::size_t kBundles = 20'000, kVersions = 5, kDependencies = 10;
constexpr std::size_t kPopular = 50, kFamily = 100;

std::string name_of(std::size_t bundle) {
  return "bundle-" + std::to_string(bundle);
}

const std::vector<Manifest>& manifests() {
  static const std::vector<Manifest> all = [] {
    std::mt19937_64 random(7);
    std::vector<Manifest> made;
    for (std::size_t bundle = 0; bundle < kBundles; ++bundle) {
      for (std::size_t version = 0; version < kVersions; ++version) {
        Manifest& one = made.emplace_back();
        one.name = name_of(bundle);
        one.version = {1, version, 0, "", ""};
        const std::size_t first = bundle - bundle % kFamily;
        std::vector<std::size_t> on;
        while (bundle >= kFamily && on.size() < kDependencies) {
          const bool is_popular = bundle - first < kDependencies || random() % 10 == 0;
          const std::size_t to =
              is_popular ? random() % kPopular : first + random() % (bundle - first);
          if (std::ranges::find(on, to) == on.end()) on.push_back(to);
        }
        for (const std::size_t to : on) {
          const std::string text = "^1." + std::to_string(random() % kVersions) + ".0";
          one.dependencies.push_back({name_of(to), text, *VersionRange::parse(text)});
        }
      }
    }
    return made;
  }();
  return all;
}

DependencyGraph build() {
  DependencyGraph::Builder builder;
  for (const Manifest& one : manifests()) builder.add(one);
  return std::move(builder).build();
}

const DependencyGraph& graph() {
  static const DependencyGraph made = build();
  return made;
}

void graph_build(benchmark::State& state) {
  manifests();
  for (auto _ : state) {
    const DependencyGraph made = build();
    benchmark::DoNotOptimize(made.edges());
  }
  state.counters["versions"] = static_cast<double>(graph().nodes());
  state.counters["edges"] = static_cast<double>(graph().edges());
}
BENCHMARK(graph_build)->Unit(benchmark::kMillisecond);

// From the texts of the manifests, as an origin has them.
void graph_load(benchmark::State& state) {
  std::vector<std::string> texts;
  for (const Manifest& one : manifests()) texts.push_back(text_of(one));
  for (auto _ : state) {
    DependencyGraph::Builder builder;
    for (const std::string& text : texts) builder.add(*parse_manifest(text).value);
    const DependencyGraph made = std::move(builder).build();
    benchmark::DoNotOptimize(made.edges());
  }
}
BENCHMARK(graph_load)->Unit(benchmark::kMillisecond);

// The middle one of a hundred versions drawn at random.
void graph_closure(benchmark::State& state) {
  const DependencyGraph& of = graph();
  std::mt19937_64 random(3);
  std::vector<std::pair<std::size_t, NodeId>> drawn;
  for (int i = 0; i < 100; ++i) {
    const auto node = static_cast<NodeId>(random() % of.nodes());
    drawn.emplace_back(of.closure(node).nodes.size(), node);
  }
  std::ranges::sort(drawn);
  const NodeId node = drawn[drawn.size() / 2].second;
  for (auto _ : state) benchmark::DoNotOptimize(of.closure(node).nodes.size());
  state.counters["size"] = static_cast<double>(drawn[drawn.size() / 2].first);
}
BENCHMARK(graph_closure)->Unit(benchmark::kMicrosecond);

// Of most versions nobody chooses there are none: the tenth from above of a hundred.
void graph_dependents(benchmark::State& state) {
  const DependencyGraph& of = graph();
  std::mt19937_64 random(5);
  std::vector<std::pair<std::size_t, NodeId>> drawn;
  for (int i = 0; i < 100; ++i) {
    const auto node = static_cast<NodeId>(random() % of.nodes());
    drawn.emplace_back(of.dependents(node).size(), node);
  }
  std::ranges::sort(drawn);
  const auto [size, node] = drawn[drawn.size() * 9 / 10];
  for (auto _ : state) benchmark::DoNotOptimize(of.dependents(node).size());
  state.counters["size"] = static_cast<double>(size);
}
BENCHMARK(graph_dependents)->Unit(benchmark::kMicrosecond);

} // namespace
