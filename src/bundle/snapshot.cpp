#include <selvedge/bundle/snapshot.hpp>

#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/integrity.hpp>

#include <algorithm>

namespace selvedge::bundle {

namespace {

template <typename List> auto found_in(const List& list, std::string_view name) {
  const auto at = std::ranges::lower_bound(
      list, name, {}, [](const auto& one) { return std::string_view(one.name); });
  return at != list.end() && at->name == name ? &*at : nullptr;
}

std::uint64_t print_of(const Snapshot::Channels& channels) {
  std::string text;
  for (const auto& [channel, set] : channels) {
    text.append(channel).append(":\n");
    for (const ReleasedBundle& one : set.released) {
      text.append(one.name).append("@").append(one.version).append("\n");
    }
    for (const LockedBundle& one : set.locked) {
      text.append(one.name);
      for (const LockedVersion& version : one.versions) {
        text.append(" ").append(version.text);
        for (const LockedNeed& need : version.needs) {
          text.append(" (").append(need.name).append("@").append(need.version).append(")");
        }
      }
      text.append("\n");
    }
  }
  DigestSum sum(DigestAlgorithm::sha256);
  sum.add(text);
  const Digest digest = sum.digest();
  std::uint64_t print = 0;
  for (std::size_t i = 0; i < sizeof print; ++i) print = print << 8 | digest.bytes[i];
  return print != 0 ? print : 1;
}

} // namespace

const ReleasedBundle* ReleasedSet::find(std::string_view name) const {
  return found_in(released, name);
}

const LockedBundle* ReleasedSet::find_locked(std::string_view name) const {
  return found_in(locked, name);
}

const LockedVersion* ReleasedSet::find_locked(std::string_view name,
                                              std::string_view version) const {
  const LockedBundle* bundle = find_locked(name);
  if (bundle == nullptr) return nullptr;
  const auto found = std::ranges::find(bundle->versions, version, &LockedVersion::text);
  return found != bundle->versions.end() ? &*found : nullptr;
}

std::vector<std::string> dependents_of(const ReleasedSet& set, std::string_view name,
                                       std::string_view version) {
  std::vector<LockedNeed> found{{std::string(name), std::string(version)}};
  const auto add_those_who_need = [&](const LockedNeed& what) {
    for (const LockedBundle& one : set.locked) {
      for (const LockedVersion& by : one.versions) {
        if (std::ranges::find(by.needs, what) == by.needs.end()) continue;
        LockedNeed dependent{one.name, by.text};
        if (std::ranges::find(found, dependent) == found.end()) {
          found.push_back(std::move(dependent));
        }
      }
    }
  };
  for (std::size_t i = 0; i < found.size(); ++i) add_those_who_need(LockedNeed(found[i]));
  std::vector<std::string> texts;
  for (std::size_t i = 1; i < found.size(); ++i) {
    texts.push_back(found[i].name + '@' + found[i].version);
  }
  std::ranges::sort(texts);
  return texts;
}

Snapshot::Snapshot(Channels channels)
    : channels_(std::move(channels)), print_(print_of(channels_)) {
  const ReleasedSet* latest = find(BundleIndex::kDefaultChannel);
  if (latest == nullptr) return;
  for (const LockedBundle& one : latest->locked) {
    Locked locked{one.name, {}};
    for (const LockedVersion& each : one.versions) {
      if (auto version = parse_version(each.text)) locked.versions.push_back(std::move(*version));
    }
    latest_.push_back(std::move(locked));
  }
}

const ReleasedSet* Snapshot::find(std::string_view channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : &found->second;
}

std::string_view Snapshot::of_channel(std::string_view name, std::string_view channel) const {
  const ReleasedSet* set = find(channel.empty() ? BundleIndex::kDefaultChannel : channel);
  const LockedBundle* locked = set != nullptr ? set->find_locked(name) : nullptr;
  return locked != nullptr ? std::string_view(locked->versions.front().text) : std::string_view();
}

std::string_view Snapshot::of_range(std::string_view name, const VersionRange& range) const {
  const Locked* locked = found_in(latest_, name);
  if (locked == nullptr) return {};
  for (std::size_t i = 0; i < locked->versions.size(); ++i) {
    if (!range.admits(locked->versions[i])) continue;
    return find(BundleIndex::kDefaultChannel)->find_locked(name)->versions[i].text;
  }
  return {};
}

bool Snapshot::is_beginning(std::string_view name, std::string_view path) const {
  for (const auto& [channel, set] : channels_) {
    const ReleasedBundle* released = set.find(name);
    if (released == nullptr) continue;
    if (path.empty() || std::ranges::find(released->entry, path) != released->entry.end()) {
      return true;
    }
  }
  return false;
}

} // namespace selvedge::bundle
