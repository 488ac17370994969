// Closures, dependents, cycles and conflicts of versions.
#include <selvedge/bundle/dependency_graph.hpp>
#include <tests/support/catch.hpp>

#include <initializer_list>
#include <string>
#include <utility>

using namespace selvedge::bundle;

namespace {

using Needs = std::initializer_list<std::pair<const char*, const char*>>;

class Graph {
public:
  void version(const char* name, const char* version, Needs needs = {}) {
    Manifest manifest;
    manifest.name = name;
    manifest.version = *parse_version(version);
    for (const auto& [on, range] : needs) {
      manifest.dependencies.push_back({on, range, *VersionRange::parse(range)});
    }
    builder.add(manifest);
  }
  DependencyGraph build() { return std::move(builder).build(); }
  DependencyGraph::Builder builder;
};

std::string text(const DependencyGraph& graph, std::span<const NodeId> nodes) {
  std::string all;
  for (const NodeId node : nodes) {
    all += std::string(graph.name_of(node)) + '@' + std::string(graph.version_of(node)) + ' ';
  }
  return all;
}

std::string closure(const DependencyGraph& graph, const char* name, const char* version) {
  return text(graph, graph.closure(*graph.find(name, version)).nodes);
}

std::string text(const DependencyGraph& graph, const Requirement& one) {
  return text(graph, std::vector{one.by}) + std::string(one.range);
}

} // namespace

TEST_CASE("a closure has what is needed, the nearest first", "[bundle]") {
  Graph made;
  made.version("ui", "2.0.0", {{"tokens", "^1.4.0"}, {"base", "~3.1.0"}});
  made.version("base", "3.1.0", {{"tokens", "^1.0.0"}});
  made.version("base", "3.1.7", {{"tokens", "^1.0.0"}, {"icons", "*"}});
  made.version("base", "3.2.0");
  made.version("tokens", "1.4.9");
  made.version("tokens", "1.5.0");
  made.version("tokens", "2.0.0");
  made.version("icons", "0.1.0");
  const DependencyGraph graph = made.build();
  CHECK(graph.nodes() == 8);
  CHECK(graph.edges() == 5);
  CHECK(closure(graph, "ui", "2.0.0") == "ui@2.0.0 base@3.1.7 tokens@1.5.0 icons@0.1.0 ");
  CHECK(closure(graph, "tokens", "2.0.0") == "tokens@2.0.0 ");
  CHECK_FALSE(graph.find("ui", "2.0.1"));
  CHECK_FALSE(graph.find("gone", "1.0.0"));
}

TEST_CASE("the first version of a name serves later ranges that admit it", "[bundle]") {
  Graph made;
  made.version("app", "1.0.0", {{"a", "1"}, {"lib", "1.2.0"}});
  made.version("a", "1.0.0", {{"lib", "^1.0.0"}}); // alone it would have 1.9.0
  made.version("lib", "1.2.0");
  made.version("lib", "1.9.0");
  const DependencyGraph graph = made.build();
  CHECK(closure(graph, "app", "1.0.0") == "app@1.0.0 a@1.0.0 lib@1.2.0 ");
  CHECK(graph.closure(*graph.find("app", "1.0.0")).conflicts.empty());
}

TEST_CASE("a conflict says which ranges clash, and through whom", "[bundle]") {
  Graph made;
  made.version("app", "1.0.0", {{"a", "1"}, {"b", "1"}});
  made.version("a", "1.0.0", {{"lib", "^1.0.0"}});
  made.version("b", "1.0.0", {{"lib", "^2.0.0"}});
  made.version("lib", "1.2.0");
  made.version("lib", "2.0.0");
  const DependencyGraph graph = made.build();
  const Closure found = graph.closure(*graph.find("app", "1.0.0"));
  CHECK(text(graph, found.nodes) == "app@1.0.0 a@1.0.0 b@1.0.0 lib@1.2.0 lib@2.0.0 ");
  REQUIRE(found.conflicts.size() == 1);
  CHECK(found.conflicts[0].name == "lib");
  REQUIRE(found.conflicts[0].requirements.size() == 2);
  CHECK(text(graph, found.conflicts[0].requirements[0]) == "a@1.0.0 ^1.0.0");
  CHECK(text(graph, found.conflicts[0].requirements[1]) == "b@1.0.0 ^2.0.0");
  CHECK(graph.version_of(found.conflicts[0].requirements[1].chosen) == "2.0.0");
}

TEST_CASE("what nothing is there for is told, and the rest is found", "[bundle]") {
  Graph made;
  made.version("app", "1.0.0", {{"gone", "^1"}, {"lib", "^3"}, {"other", "*"}});
  made.version("lib", "1.2.0");
  made.version("other", "1.0.0");
  const DependencyGraph graph = made.build();
  const Closure found = graph.closure(*graph.find("app", "1.0.0"));
  CHECK(text(graph, found.nodes) == "app@1.0.0 other@1.0.0 ");
  REQUIRE(found.missing.size() == 2);
  CHECK(found.missing[0].name == "gone");
  CHECK(found.missing[1].name == "lib");
  CHECK(found.missing[1].range == "^3");
}

TEST_CASE("an index says which version is latest, and which was yanked", "[bundle]") {
  Graph made;
  made.builder.add(*BundleIndex::parse(R"({"name": "lib", "channels": {"latest": "1.1.0"},
      "versions": {"1.0.0": {}, "1.1.0": {}, "1.2.0": {}, "2.0.0": {}, "2.1.0": {"yanked": true}}})")
                        .value);
  made.version("a", "1.0.0", {{"lib", "^1"}});
  made.version("b", "1.0.0", {{"lib", "^2"}});
  const DependencyGraph graph = made.build();
  CHECK(closure(graph, "a", "1.0.0") == "a@1.0.0 lib@1.1.0 ");
  CHECK(closure(graph, "b", "1.0.0") == "b@1.0.0 lib@2.0.0 ");
}

TEST_CASE("dependents are found through others, and as many as asked for", "[bundle]") {
  Graph made;
  made.version("tokens", "1.0.0");
  made.version("base", "1.0.0", {{"tokens", "^1"}});
  made.version("ui", "1.0.0", {{"base", "^1"}});
  made.version("ui", "1.1.0", {{"base", "^1"}, {"tokens", "^1"}});
  made.version("app", "1.0.0", {{"ui", "1.0.0"}});
  const DependencyGraph graph = made.build();
  const NodeId tokens = *graph.find("tokens", "1.0.0");
  CHECK(text(graph, graph.dependents(tokens)) == "base@1.0.0 ui@1.1.0 ui@1.0.0 app@1.0.0 ");
  CHECK(text(graph, graph.dependents(tokens, 2)) == "base@1.0.0 ui@1.1.0 ");
  CHECK(graph.dependents(*graph.find("app", "1.0.0")).empty());
}

TEST_CASE("cycles are reported, and walked once", "[bundle]") {
  Graph made;
  made.version("a", "1.0.0", {{"b", "*"}});
  made.version("b", "1.0.0", {{"c", "*"}});
  made.version("c", "1.0.0", {{"a", "*"}, {"d", "*"}});
  made.version("d", "1.0.0");
  made.version("self", "1.0.0", {{"self", "*"}});
  const DependencyGraph graph = made.build();
  CHECK(closure(graph, "b", "1.0.0") == "b@1.0.0 c@1.0.0 a@1.0.0 d@1.0.0 ");
  const auto cycles = graph.cycles();
  REQUIRE(cycles.size() == 2);
  CHECK(text(graph, cycles[0]) == "a@1.0.0 b@1.0.0 c@1.0.0 ");
  CHECK(text(graph, cycles[1]) == "self@1.0.0 ");
}

TEST_CASE("a long chain is walked without recursion", "[bundle]") {
  Graph made;
  constexpr int kLength = 100'000;
  for (int i = 0; i < kLength; ++i) {
    const std::string name = "n" + std::to_string(i), next = "n" + std::to_string(i + 1);
    made.version(name.c_str(), "1.0.0", {{next.c_str(), "^1"}});
  }
  const DependencyGraph graph = made.build();
  CHECK(graph.cycles().empty());
  const Closure found = graph.closure(*graph.find("n0", "1.0.0"));
  CHECK(found.nodes.size() == kLength);
  CHECK(found.missing.size() == 1);
}
