#include <selvedge/bundle/lock_builder.hpp>

#include <algorithm>
#include <set>

namespace selvedge::bundle {

// From the beginning each time: so the outcome does not depend on what was known first.
std::vector<LockBuilder::Wanted> LockBuilder::walk() {
  placed_.clear();
  by_name_.clear();
  missing_.clear();
  for (const Root& root : roots_) place(root.name, root.version, kNone);
  for (std::size_t from = 0; from < placed_.size();) {
    const std::size_t end = placed_.size();
    if (auto wanted = manifests_wanted(from); !wanted.empty()) return wanted;
    if (auto wanted = indexes_wanted(from); !wanted.empty()) {
      is_too_large_ = end + wanted.size() > kMostVersions;
      return is_too_large_ ? std::vector<Wanted>() : wanted;
    }
    for (std::size_t one = from; one < end; ++one) {
      const std::shared_ptr<const Manifest> manifest = placed_[one].manifest;
      if (!manifest) continue;
      for (const Dependency& dependency : manifest->dependencies) {
        if (placed_.size() <= kMostVersions) meet(one, dependency);
      }
    }
    from = end;
    is_too_large_ = placed_.size() > kMostVersions;
    if (is_too_large_) break;
  }
  return {};
}

std::vector<LockBuilder::Wanted> LockBuilder::manifests_wanted(std::size_t from) const {
  std::vector<Wanted> wanted;
  for (std::size_t one = from; one < placed_.size(); ++one) {
    Wanted what{placed_[one].name, placed_[one].version};
    if (!placed_[one].manifest && !absent_.contains(what)) wanted.push_back(std::move(what));
  }
  return wanted;
}

std::vector<LockBuilder::Wanted> LockBuilder::indexes_wanted(std::size_t from) const {
  std::set<Wanted> wanted;
  for (std::size_t one = from; one < placed_.size(); ++one) {
    if (!placed_[one].manifest) continue;
    for (const Dependency& dependency : placed_[one].manifest->dependencies) {
      Wanted what{dependency.name, {}};
      const bool is_known = indexes_.contains(dependency.name) || absent_.contains(what) ||
                            placed_for(dependency) != kNone || kept_for(dependency) != nullptr;
      if (!is_known) wanted.insert(std::move(what));
    }
  }
  return {wanted.begin(), wanted.end()};
}

void LockBuilder::place(const std::string& name, const std::string& version, std::size_t by) {
  const auto manifest = manifests_.find({name, version});
  by_name_.emplace(name, placed_.size());
  placed_.push_back(
      {name, version, manifest != manifests_.end() ? manifest->second : nullptr, {}, by});
}

// The first that serves.
std::size_t LockBuilder::placed_for(const Dependency& dependency) const {
  const auto [first, last] = by_name_.equal_range(dependency.name);
  for (auto at = first; at != last; ++at) {
    const auto version = parse_version(placed_[at->second].version);
    if (version && dependency.range.admits(*version)) return at->second;
  }
  return kNone;
}

const std::string* LockBuilder::kept_for(const Dependency& dependency) const {
  const LockedBundle* kept = before_ != nullptr ? before_->find_locked(dependency.name) : nullptr;
  if (kept == nullptr) return nullptr;
  const auto serves = [&dependency](const LockedVersion& one) {
    const auto version = parse_version(one.text);
    return version && dependency.range.admits(*version);
  };
  const auto found = std::ranges::find_if(kept->versions, serves);
  return found != kept->versions.end() ? &found->text : nullptr;
}

void LockBuilder::meet(std::size_t by, const Dependency& dependency) {
  std::size_t chosen = placed_for(dependency);
  if (chosen == kNone) {
    const std::string* version = kept_for(dependency);
    const auto index = indexes_.find(dependency.name);
    if (version == nullptr && index != indexes_.end()) {
      const IndexedVersion* found = index->second->choose(dependency.range);
      if (found != nullptr) version = &found->text;
    }
    if (version != nullptr) {
      chosen = placed_.size();
      place(dependency.name, *version, by);
    } else {
      missing_.push_back({by, dependency.name, dependency.text});
    }
  }
  placed_[by].choices.push_back({&dependency, chosen});
}

void LockBuilder::take(std::shared_ptr<const BundleIndex> index) {
  const std::string name = index->name();
  indexes_[name] = std::move(index);
}

void LockBuilder::take(std::shared_ptr<const Manifest> manifest) {
  const Wanted what{manifest->name, manifest->version.text()};
  manifests_[what] = std::move(manifest);
}

void LockBuilder::take_absent(const Wanted& what, const std::string& why, bool is_for_good) {
  absent_[what] = why;
  is_certain_ = is_certain_ && is_for_good;
}

std::string LockBuilder::who(std::size_t one) const {
  return placed_[one].name + '@' + placed_[one].version;
}

std::string LockBuilder::problem() const {
  if (is_too_large_) {
    return "more than " + std::to_string(kMostVersions) + " versions of bundles are needed";
  }
  for (const Placed& one : placed_) {
    if (one.manifest) continue;
    const auto why = absent_.find({one.name, one.version});
    std::string text = one.name + '@' + one.version;
    if (one.by != kNone) text += ", which " + who(one.by) + " needs,";
    return text + " cannot be had: " +
           (why != absent_.end() ? why->second : std::string("it is not known"));
  }
  if (missing_.empty()) return {};
  const Missing& first = missing_.front();
  const auto why = absent_.find({first.name, {}});
  return who(first.by) + " needs " + first.name + ' ' + first.range + ", but " +
         (why != absent_.end() ? "of " + first.name + " there is no index: " + why->second
                               : std::string("no version of it is admitted"));
}

std::vector<std::string> LockBuilder::conflicts() const {
  std::vector<std::string> names;
  for (auto at = by_name_.begin(); at != by_name_.end(); at = by_name_.upper_bound(at->first)) {
    if (by_name_.count(at->first) > 1) names.push_back(at->first);
  }
  return names;
}

std::vector<std::string> LockBuilder::explain(std::string_view name) const {
  std::vector<std::string> lines;
  for (std::size_t one = 0; one < placed_.size(); ++one) {
    for (const Choice& choice : placed_[one].choices) {
      if (choice.dependency->name != name) continue;
      const std::string takes = choice.chosen != kNone ? placed_[choice.chosen].version : "none";
      lines.push_back(who(one) + " takes " + takes + " for " + choice.dependency->text);
    }
  }
  return lines;
}

ReleasedSet LockBuilder::set() const {
  ReleasedSet set;
  for (const Root& root : roots_) {
    const auto found = by_name_.find(root.name);
    set.released.push_back({root.name, root.version, placed_[found->second].manifest->entry});
  }
  std::ranges::sort(set.released, {}, &ReleasedBundle::name);
  for (const auto& [name, one] : by_name_) {
    if (set.locked.empty() || set.locked.back().name != name) set.locked.push_back({name, {}});
    LockedVersion version{placed_[one].version, {}};
    for (const Choice& choice : placed_[one].choices) {
      version.needs.push_back({choice.dependency->name, placed_[choice.chosen].version});
    }
    set.locked.back().versions.push_back(std::move(version));
  }
  return set;
}

ReleasedSet with_unchanged(ReleasedSet set, const ReleasedSet& before,
                           const std::vector<std::string>& names) {
  std::set<std::string> walked;
  for (const ReleasedBundle& one : set.released) walked.insert(one.name);
  std::map<std::string, LockedBundle> locked;
  for (LockedBundle& one : set.locked) locked.emplace(one.name, std::move(one));
  std::vector<LockedNeed> next;
  for (const std::string& name : names) {
    const ReleasedBundle* released = before.find(name);
    if (released == nullptr) continue;
    set.released.push_back(*released);
    next.push_back({name, released->version});
  }
  while (!next.empty()) {
    const LockedNeed need = std::move(next.back());
    next.pop_back();
    const LockedVersion* version = before.find_locked(need.name, need.version);
    LockedBundle& bundle = locked[need.name];
    bundle.name = need.name;
    const bool is_there = std::ranges::find(bundle.versions, need.version, &LockedVersion::text) !=
                          bundle.versions.end();
    if (is_there || version == nullptr) continue;
    bundle.versions.push_back(*version);
    next.insert(next.end(), version->needs.begin(), version->needs.end());
  }
  std::erase_if(locked, [](const auto& one) { return one.second.versions.empty(); });
  // What nobody has released now stands for what it did.
  for (auto& [name, one] : locked) {
    const LockedBundle* was = walked.contains(name) ? nullptr : before.find_locked(name);
    if (was == nullptr) continue;
    const auto first =
        std::ranges::find(one.versions, was->versions.front().text, &LockedVersion::text);
    if (first != one.versions.end()) std::rotate(one.versions.begin(), first, first + 1);
  }
  std::ranges::sort(set.released, {}, &ReleasedBundle::name);
  set.locked.clear();
  for (auto& [name, one] : locked) set.locked.push_back(std::move(one));
  return set;
}

} // namespace selvedge::bundle
