// Which versions of bundles need which: closures, dependents, cycles, and why two versions of one
// bundle are needed at once. Made from indexes and manifests, then immutable. Thread: any, after
// build().
#pragma once

#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/manifest.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

using NodeId = std::uint32_t; // a version of a bundle
inline constexpr NodeId kNoNode = std::numeric_limits<NodeId>::max();

// A dependency as a closure meets it. Views live as long as the graph.
struct Requirement {
  NodeId by = kNoNode;
  std::string_view name;
  std::string_view range;  // as it was written
  NodeId chosen = kNoNode; // kNoNode: no version is admitted by the range
};

// A bundle of which more than one version is needed.
struct Conflict {
  std::string_view name;
  std::vector<Requirement> requirements; // all of them on that name
};

struct Closure {
  std::vector<NodeId> nodes; // the asked one, then what it needs, the nearest first
  std::vector<Conflict> conflicts;
  std::vector<Requirement> missing;
};

class DependencyGraph {
public:
  // What a graph is made from. Each index before the manifests that choose among its versions is no
  // requirement: edges are drawn by build().
  class Builder {
  public:
    Builder();
    ~Builder();
    void add(const BundleIndex& index);
    // Its version is taken for one of the bundle's, whether or not an index says so.
    void add(const Manifest& manifest);
    DependencyGraph build() &&;

  private:
    friend class DependencyGraph;
    std::unique_ptr<struct GraphData> data_;
  };

  DependencyGraph(DependencyGraph&&) noexcept;
  DependencyGraph& operator=(DependencyGraph&&) noexcept;
  ~DependencyGraph();

  std::size_t nodes() const;
  std::size_t edges() const; // dependencies, also those that nothing is chosen for
  std::optional<NodeId> find(std::string_view name, std::string_view version) const;
  std::string_view name_of(NodeId node) const;
  std::string_view version_of(NodeId node) const;

  // All that is needed for one, as npm lays it out: dependencies by breadth, each name's first
  // version serves every later range that admits it. Costs in proportion to its size.
  Closure closure(NodeId of) const;
  // Those whose dependencies choose it, and so on, the nearest first; at most `most`.
  std::vector<NodeId> dependents(NodeId of, std::size_t most = kNoNode) const;
  // Each set of versions that need one another; those that need only themselves, too.
  std::vector<std::vector<NodeId>> cycles() const;

private:
  explicit DependencyGraph(std::unique_ptr<GraphData> data);
  std::unique_ptr<GraphData> data_;
};

} // namespace selvedge::bundle
