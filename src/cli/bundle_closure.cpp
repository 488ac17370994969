// selvedge bundle closure: what a version needs, and who needs it.
#include "commands.hpp"
#include "origin_folder.hpp"

#include <selvedge/bundle/dependency_graph.hpp>
#include <selvedge/bundle/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>
#include <stdexcept>

namespace selvedge::cli {
namespace {

using bundle::DependencyGraph;
using bundle::NodeId;
using nlohmann::json;

DependencyGraph graph_of(const OriginFolder& origin) {
  DependencyGraph::Builder builder;
  for (const std::string& name : origin.names()) {
    const auto index = origin.index(name);
    builder.add(*index);
    for (const bundle::IndexedVersion& one : index->versions()) {
      if (const auto manifest = origin.manifest(name, one.text)) builder.add(*manifest);
    }
  }
  return std::move(builder).build();
}

// "NAME", "NAME@SELECTOR".
NodeId node_of(const DependencyGraph& graph, const OriginFolder& origin, const std::string& text) {
  const std::string path = "/" + text; // that the target's views are of
  const auto target = bundle::bundle_target(path);
  if (!target || target->is_folder) throw std::runtime_error("'" + text + "' names no bundle");
  const std::string name(target->name);
  const auto index = origin.index(name);
  if (!index) throw std::runtime_error("there is no bundle '" + name + "'");
  const bundle::Resolution found = index->resolve(target->selector);
  if (found.version == nullptr) {
    throw std::runtime_error(fmt::format("no version of {} is '{}'", name, target->selector));
  }
  return graph.find(name, found.version->text).value();
}

std::string text_of(const DependencyGraph& graph, NodeId node) {
  return fmt::format("{}@{}", graph.name_of(node), graph.version_of(node));
}

json json_of(const DependencyGraph& graph, const bundle::Requirement& one) {
  json said{{"by", text_of(graph, one.by)}, {"name", one.name}, {"range", one.range}};
  if (one.chosen != bundle::kNoNode) said["chosen"] = graph.version_of(one.chosen);
  return said;
}

json json_of(const DependencyGraph& graph, const std::vector<NodeId>& nodes) {
  json all = json::array();
  for (const NodeId node : nodes) {
    all.push_back({{"name", graph.name_of(node)}, {"version", graph.version_of(node)}});
  }
  return all;
}

json json_of(const DependencyGraph& graph, const bundle::Closure& closure) {
  json said{{"closure", json_of(graph, closure.nodes)},
            {"conflicts", json::array()},
            {"missing", json::array()}};
  for (const bundle::Conflict& conflict : closure.conflicts) {
    json one{{"name", conflict.name}, {"requirements", json::array()}};
    for (const bundle::Requirement& r : conflict.requirements) {
      one["requirements"].push_back(json_of(graph, r));
    }
    said["conflicts"].push_back(std::move(one));
  }
  for (const bundle::Requirement& r : closure.missing) said["missing"].push_back(json_of(graph, r));
  return said;
}

void print(const DependencyGraph& graph, const bundle::Closure& closure) {
  for (const NodeId node : closure.nodes) std::cout << text_of(graph, node) << "\n";
  for (const bundle::Conflict& conflict : closure.conflicts) {
    std::cout << fmt::format("conflict: {} is needed in more than one version\n", conflict.name);
    for (const bundle::Requirement& one : conflict.requirements) {
      const bool has_one = one.chosen != bundle::kNoNode;
      std::cout << fmt::format("  {} wants {}: {}\n", text_of(graph, one.by), one.range,
                               has_one ? graph.version_of(one.chosen) : "there is none");
    }
  }
  for (const bundle::Requirement& one : closure.missing) {
    std::cout << fmt::format("missing: {} wants {} {}\n", text_of(graph, one.by), one.name,
                             one.range);
  }
}

int show(const ClosureOptions& options) {
  const OriginFolder origin(options.origin);
  const DependencyGraph graph = graph_of(origin);
  const NodeId node = node_of(graph, origin, options.bundle);
  if (options.wants_dependents) {
    const std::vector<NodeId> dependents = graph.dependents(node);
    if (options.output == Output::json) {
      std::cout << json{{"dependents", json_of(graph, dependents)}}.dump(2) << "\n";
    } else {
      for (const NodeId one : dependents) std::cout << text_of(graph, one) << "\n";
    }
    return kDone;
  }
  const bundle::Closure closure = graph.closure(node);
  if (options.output == Output::json) {
    std::cout << json_of(graph, closure).dump(2) << "\n";
  } else {
    print(graph, closure);
  }
  return closure.missing.empty() ? kDone : kBadConfiguration;
}

} // namespace

int show_closure(const ClosureOptions& options) {
  try {
    return show(options);
  } catch (const std::exception& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
    return kBadConfiguration;
  }
}

} // namespace selvedge::cli
