// What a DependencyGraph holds: names, versions and ranges once each, and edges between them as
// numbers. A hundred thousand versions with a million dependencies take some 40 MB.
#pragma once

#include <selvedge/bundle/dependency_graph.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace selvedge::bundle {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

struct GraphData {
  using Id = std::uint32_t;

  struct Name {
    std::string text;
    std::vector<NodeId> versions; // in order once it is built
    NodeId latest = kNoNode;
  };
  struct Node {
    Id name = 0;
    Version version;
    std::string text;
    bool is_yanked = false;
    // Its edges: [first, first + count) once it is built.
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct Range {
    std::string text;
    VersionRange range;
  };
  struct Edge {
    NodeId from = kNoNode;
    Id name = 0;
    Id range = 0;
    NodeId chosen = kNoNode; // of all versions, looked at alone
  };

  Id name_of(std::string_view text);
  Id range_of(const Dependency& dependency);
  NodeId node_of(Id name, const Version& version, std::string_view text);
  std::optional<NodeId> find(std::string_view name, std::string_view version) const;
  // As BundleIndex::choose().
  NodeId choose(Id name, const VersionRange& range) const;
  bool admits(Id range, NodeId node) const {
    return ranges[range].range.admits(nodes[node].version);
  }

  std::deque<Name> names;
  std::vector<Node> nodes;
  std::deque<Range> ranges;
  std::vector<Edge> edges; // of one node beside each other once it is built
  // Who chooses a node: [dependents_of[n], dependents_of[n + 1]) of `dependents`.
  std::vector<std::uint32_t> dependents_of;
  std::vector<NodeId> dependents;

  boost::unordered_flat_map<std::string_view, Id, TextHash, std::equal_to<>> name_ids;
  boost::unordered_flat_map<std::string_view, Id, TextHash, std::equal_to<>> range_ids;
};

} // namespace selvedge::bundle
