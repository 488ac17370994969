// What selectors stand for after a release: of each channel, the bundles that were released to it,
// and with them one version of everything they need, as a package manager's lock file has it. So
// what a page asks for piece by piece fits together. Immutable once made. Thread: any.
#pragma once

#include <selvedge/bundle/version_range.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

// A bundle that was released as such.
struct ReleasedBundle {
  std::string name;
  std::string version;
  std::vector<std::string> entry; // its assets that pages ask for first

  friend bool operator==(const ReleasedBundle&, const ReleasedBundle&) = default;
};

// One version of each dependency.
struct LockedNeed {
  std::string name;
  std::string version;

  friend bool operator==(const LockedNeed&, const LockedNeed&) = default;
};

struct LockedVersion {
  std::string text; // exact
  std::vector<LockedNeed> needs{};

  friend bool operator==(const LockedVersion&, const LockedVersion&) = default;
};

struct LockedBundle {
  std::string name;
  // The first is what channels stand for, others are needed by who does not take that one.
  std::vector<LockedVersion> versions;

  friend bool operator==(const LockedBundle&, const LockedBundle&) = default;
};

struct ReleasedSet {
  std::vector<ReleasedBundle> released; // by name
  std::vector<LockedBundle> locked;     // by name; all that is released, and what it needs

  const ReleasedBundle* find(std::string_view name) const;
  const LockedBundle* find_locked(std::string_view name) const;
  const LockedVersion* find_locked(std::string_view name, std::string_view version) const;
  friend bool operator==(const ReleasedSet&, const ReleasedSet&) = default;
};

class Snapshot {
public:
  using Channels = std::map<std::string, ReleasedSet, std::less<>>;

  Snapshot() : Snapshot(Channels()) {}
  explicit Snapshot(Channels channels);

  const Channels& channels() const { return channels_; }
  const ReleasedSet* find(std::string_view channel) const;
  // The same for the same, on any node and after any restart; never 0.
  std::uint64_t print() const { return print_; }

  // Empty: it says nothing of that bundle. Allocates nothing.
  std::string_view of_channel(std::string_view name, std::string_view channel) const;
  // Of what was released to `latest`, the first that is admitted.
  std::string_view of_range(std::string_view name, const VersionRange& range) const;
  // Whether pages begin with it: the bundle was released, and this is one of its entries, or all
  // of it (an empty path).
  bool is_beginning(std::string_view name, std::string_view path) const;

private:
  struct Locked {
    std::string_view name;
    std::vector<Version> versions;
  };
  Channels channels_;
  std::vector<Locked> latest_; // by name: what ranges choose from
  std::uint64_t print_;
};

// Versions that need this one, through others too; each as "NAME@VERSION", in order.
std::vector<std::string> dependents_of(const ReleasedSet& set, std::string_view name,
                                       std::string_view version);

using SnapshotPtr = std::shared_ptr<const Snapshot>;

} // namespace selvedge::bundle
