#include "graph_data.hpp"

#include <algorithm>

namespace selvedge::bundle {

GraphData::Id GraphData::name_of(std::string_view text) {
  const auto found = name_ids.find(text);
  if (found != name_ids.end()) return found->second;
  const auto id = static_cast<Id>(names.size());
  names.push_back({std::string(text), {}, kNoNode});
  name_ids.emplace(names.back().text, id); // a deque's elements stay where they are
  return id;
}

GraphData::Id GraphData::range_of(const Dependency& dependency) {
  const auto found = range_ids.find(dependency.text);
  if (found != range_ids.end()) return found->second;
  const auto id = static_cast<Id>(ranges.size());
  ranges.push_back({dependency.text, dependency.range});
  range_ids.emplace(ranges.back().text, id);
  return id;
}

// Versions of a name are in order at any time.
NodeId GraphData::node_of(Id name, const Version& version, std::string_view text) {
  std::vector<NodeId>& versions = names[name].versions;
  const auto order = [this](NodeId node) -> const Version& { return nodes[node].version; };
  const auto at = std::ranges::lower_bound(versions, version, {}, order);
  if (at != versions.end() && nodes[*at].version == version) return *at;
  const auto id = static_cast<NodeId>(nodes.size());
  versions.insert(at, id);
  nodes.push_back({name, version, std::string(text), false, 0, 0});
  return id;
}

std::optional<NodeId> GraphData::find(std::string_view name, std::string_view version) const {
  const auto found = name_ids.find(name);
  const auto parsed = parse_version(version);
  if (found == name_ids.end() || !parsed) return std::nullopt;
  const std::vector<NodeId>& versions = names[found->second].versions;
  const auto order = [this](NodeId node) -> const Version& { return nodes[node].version; };
  const auto at = std::ranges::lower_bound(versions, *parsed, {}, order);
  if (at == versions.end() || nodes[*at].version != *parsed) return std::nullopt;
  return *at;
}

NodeId GraphData::choose(Id name, const VersionRange& range) const {
  const Name& of = names[name];
  const auto may_be = [&](NodeId node) {
    return !nodes[node].is_yanked && range.admits(nodes[node].version);
  };
  if (of.latest != kNoNode && may_be(of.latest)) return of.latest;
  for (auto one = of.versions.rbegin(); one != of.versions.rend(); ++one) {
    if (may_be(*one)) return *one;
  }
  return kNoNode;
}

} // namespace selvedge::bundle
