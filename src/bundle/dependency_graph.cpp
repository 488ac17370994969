#include <selvedge/bundle/dependency_graph.hpp>

#include "graph_data.hpp"

#include <algorithm>

namespace selvedge::bundle {

using Id = GraphData::Id;
using Edge = GraphData::Edge;

// --- making one

DependencyGraph::Builder::Builder() : data_(std::make_unique<GraphData>()) {}
DependencyGraph::Builder::~Builder() = default;

void DependencyGraph::Builder::add(const BundleIndex& index) {
  const Id name = data_->name_of(index.name());
  for (const IndexedVersion& one : index.versions()) {
    const NodeId node = data_->node_of(name, one.version, one.text);
    data_->nodes[node].is_yanked = one.is_yanked;
  }
  const Resolution latest = index.resolve(BundleIndex::kDefaultChannel);
  if (latest.version == nullptr) return;
  data_->names[name].latest = data_->node_of(name, latest.version->version, latest.version->text);
}

void DependencyGraph::Builder::add(const Manifest& manifest) {
  const Id name = data_->name_of(manifest.name);
  const NodeId from = data_->node_of(name, manifest.version, manifest.version.text());
  for (const Dependency& one : manifest.dependencies) {
    data_->edges.push_back({from, data_->name_of(one.name), data_->range_of(one), kNoNode});
  }
}

namespace {

void choose_all(GraphData& data) {
  // The same range of the same bundle is asked for by many.
  boost::unordered_flat_map<std::uint64_t, NodeId> chosen;
  for (Edge& edge : data.edges) {
    const std::uint64_t key = std::uint64_t{edge.name} << 32 | edge.range;
    const auto [at, is_new] = chosen.try_emplace(key, kNoNode);
    if (is_new) at->second = data.choose(edge.name, data.ranges[edge.range].range);
    edge.chosen = at->second;
  }
}

void order_edges(GraphData& data) {
  const auto by_node_and_name = [&data](const Edge& a, const Edge& b) {
    if (a.from != b.from) return a.from < b.from;
    return a.name != b.name && data.names[a.name].text < data.names[b.name].text;
  };
  std::ranges::stable_sort(data.edges, by_node_and_name);
  for (std::uint32_t i = 0; i < data.edges.size(); ++i) {
    GraphData::Node& node = data.nodes[data.edges[i].from];
    if (node.count++ == 0) node.first = i;
  }
}

void draw_dependents(GraphData& data) {
  data.dependents_of.assign(data.nodes.size() + 1, 0);
  for (const Edge& edge : data.edges) {
    if (edge.chosen != kNoNode) ++data.dependents_of[edge.chosen + 1];
  }
  for (std::size_t i = 1; i < data.dependents_of.size(); ++i) {
    data.dependents_of[i] += data.dependents_of[i - 1];
  }
  data.dependents.resize(data.dependents_of.back());
  std::vector<std::uint32_t> next(data.dependents_of.begin(), data.dependents_of.end() - 1);
  for (const Edge& edge : data.edges) {
    if (edge.chosen != kNoNode) data.dependents[next[edge.chosen]++] = edge.from;
  }
}

std::span<const Edge> edges_of(const GraphData& data, NodeId node) {
  return {data.edges.data() + data.nodes[node].first, data.nodes[node].count};
}

std::span<const NodeId> dependents_of(const GraphData& data, NodeId node) {
  const std::uint32_t first = data.dependents_of[node];
  return {data.dependents.data() + first, data.dependents_of[node + 1] - first};
}

} // namespace

DependencyGraph DependencyGraph::Builder::build() && {
  choose_all(*data_);
  order_edges(*data_);
  draw_dependents(*data_);
  return DependencyGraph(std::move(data_));
}

DependencyGraph::DependencyGraph(std::unique_ptr<GraphData> data) : data_(std::move(data)) {}
DependencyGraph::DependencyGraph(DependencyGraph&&) noexcept = default;
DependencyGraph& DependencyGraph::operator=(DependencyGraph&&) noexcept = default;
DependencyGraph::~DependencyGraph() = default;

// --- what it says

std::size_t DependencyGraph::nodes() const {
  return data_->nodes.size();
}
std::size_t DependencyGraph::edges() const {
  return data_->edges.size();
}
std::optional<NodeId> DependencyGraph::find(std::string_view name, std::string_view version) const {
  return data_->find(name, version);
}
std::string_view DependencyGraph::name_of(NodeId node) const {
  return data_->names[data_->nodes[node].name].text;
}
std::string_view DependencyGraph::version_of(NodeId node) const {
  return data_->nodes[node].text;
}

namespace {

// The walk of a closure.
class Walk {
public:
  Walk(const GraphData& data, NodeId root) : data_(data) {
    place(data.nodes[root].name, root);
    for (std::size_t i = 0; i < closure_.nodes.size(); ++i) {
      for (const Edge& edge : edges_of(data, closure_.nodes[i])) meet(edge);
    }
  }

  Closure closure() && {
    for (const auto& [name, placed] : placed_) {
      if (!placed.is_in_conflict) continue;
      closure_.conflicts.push_back({data_.names[name].text, {}});
    }
    std::ranges::sort(closure_.conflicts, {}, &Conflict::name);
    if (!closure_.conflicts.empty()) explain();
    return std::move(closure_);
  }

private:
  struct Placed {
    NodeId first = kNoNode; // where everybody finds it
    bool is_in_conflict = false;
  };

  void place(Id name, NodeId node) {
    closure_.nodes.push_back(node);
    placed_.try_emplace(name, Placed{node, false});
    is_placed_.emplace(node, true);
  }

  Requirement requirement(const Edge& edge, NodeId chosen) const {
    return {edge.from, data_.names[edge.name].text, data_.ranges[edge.range].text, chosen};
  }

  NodeId chosen_for(const Edge& edge) const {
    const auto found = placed_.find(edge.name);
    const bool serves = found != placed_.end() && data_.admits(edge.range, found->second.first);
    return serves ? found->second.first : edge.chosen;
  }

  void meet(const Edge& edge) {
    const NodeId chosen = chosen_for(edge);
    if (chosen == kNoNode) {
      closure_.missing.push_back(requirement(edge, kNoNode));
      return;
    }
    if (is_placed_.contains(chosen)) return;
    const auto found = placed_.find(edge.name);
    if (found != placed_.end()) found->second.is_in_conflict = true;
    place(edge.name, chosen);
  }

  // Through whom each version of a name in conflict is needed.
  void explain() {
    for (const NodeId node : closure_.nodes) {
      for (const Edge& edge : edges_of(data_, node)) {
        const auto at = std::ranges::lower_bound(
            closure_.conflicts, std::string_view(data_.names[edge.name].text), {}, &Conflict::name);
        if (at == closure_.conflicts.end() || at->name != data_.names[edge.name].text) continue;
        at->requirements.push_back(requirement(edge, chosen_for(edge)));
      }
    }
  }

  const GraphData& data_;
  Closure closure_;
  boost::unordered_flat_map<Id, Placed> placed_;
  boost::unordered_flat_map<NodeId, bool> is_placed_;
};

} // namespace

Closure DependencyGraph::closure(NodeId of) const {
  return Walk(*data_, of).closure();
}

std::vector<NodeId> DependencyGraph::dependents(NodeId of, std::size_t most) const {
  std::vector<NodeId> found;
  boost::unordered_flat_map<NodeId, bool> seen{{of, true}};
  const auto visit = [&](NodeId node) {
    for (const NodeId one : dependents_of(*data_, node)) {
      if (found.size() < most && seen.try_emplace(one, true).second) found.push_back(one);
    }
  };
  visit(of);
  for (std::size_t i = 0; i < found.size() && found.size() < most; ++i) visit(found[i]);
  return found;
}

namespace {

// Tarjan's strongly connected components, with a stack of its own: a chain may be long.
class Components {
public:
  explicit Components(const GraphData& data)
      : data_(data), number_(data.nodes.size(), 0), low_(data.nodes.size(), 0),
        is_on_stack_(data.nodes.size(), false) {
    for (NodeId node = 0; node < data.nodes.size(); ++node) {
      if (number_[node] == 0) search(node);
    }
  }
  std::vector<std::vector<NodeId>> cycles;

private:
  struct Frame {
    NodeId node;
    std::uint32_t next; // of its edges
  };

  void enter(NodeId node) {
    number_[node] = low_[node] = ++count_;
    stack_.push_back(node);
    is_on_stack_[node] = true;
    frames_.push_back({node, 0});
  }

  void search(NodeId root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const auto edges = edges_of(data_, frame.node);
      if (frame.next == edges.size()) {
        leave(frame.node);
        continue;
      }
      const NodeId to = edges[frame.next++].chosen;
      if (to == kNoNode) continue;
      if (number_[to] == 0) {
        enter(to);
      } else if (is_on_stack_[to]) {
        low_[frame.node] = std::min(low_[frame.node], number_[to]);
      }
    }
  }

  void leave(NodeId node) {
    frames_.pop_back();
    if (!frames_.empty()) {
      std::uint32_t& above = low_[frames_.back().node];
      above = std::min(above, low_[node]);
    }
    if (low_[node] != number_[node]) return;
    std::vector<NodeId> component;
    for (NodeId one = kNoNode; one != node;) {
      one = stack_.back();
      stack_.pop_back();
      is_on_stack_[one] = false;
      component.push_back(one);
    }
    const bool needs_itself = component.size() == 1 &&
                              std::ranges::any_of(edges_of(data_, node), [node](const Edge& edge) {
                                return edge.chosen == node;
                              });
    if (component.size() < 2 && !needs_itself) return;
    std::ranges::sort(component);
    cycles.push_back(std::move(component));
  }

  const GraphData& data_;
  std::vector<std::uint32_t> number_;
  std::vector<std::uint32_t> low_;
  std::vector<bool> is_on_stack_;
  std::vector<NodeId> stack_;
  std::vector<Frame> frames_;
  std::uint32_t count_ = 0;
};

} // namespace

std::vector<std::vector<NodeId>> DependencyGraph::cycles() const {
  return Components(*data_).cycles;
}

} // namespace selvedge::bundle
