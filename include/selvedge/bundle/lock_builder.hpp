// Finds versions that go together: those asked for, and of everything they need one that all can
// use where there is one, as npm lays it out. What was used before is used on as long as it is
// admitted; otherwise the index of a bundle is asked for, and the manifest of each version that was
// chosen. It does not fetch them: whoever walks it is told what is needed next. Pure.
// Thread: one.
#pragma once

#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/manifest.hpp>
#include <selvedge/bundle/snapshot.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

class LockBuilder {
public:
  static constexpr std::size_t kMostVersions = 1000; // of all bundles together

  struct Root {
    std::string name;
    std::string version; // exact
  };
  struct Wanted {
    std::string name;
    std::string version; // whose manifest; empty: the index
    friend auto operator<=>(const Wanted&, const Wanted&) = default;
  };
  struct Choice { // of a version for a dependency
    const Dependency* dependency = nullptr;
    std::size_t chosen = kNone; // of versions(); kNone: none is admitted
  };
  static constexpr std::size_t kNone = SIZE_MAX;
  struct Placed {
    std::string name;
    std::string version;
    std::shared_ptr<const Manifest> manifest;
    std::vector<Choice> choices; // by name
    std::size_t by = kNone;      // who needed it first; kNone: it was asked for
  };
  struct Missing {
    std::size_t by = kNone; // of versions()
    std::string name;
    std::string range;
  };

  // `before`: what is kept where it serves; outlives this; null: nothing.
  LockBuilder(std::vector<Root> roots, const ReleasedSet* before)
      : roots_(std::move(roots)), before_(before) {}

  // Goes as far as is known. What must be told next; empty: it is done, well or not.
  std::vector<Wanted> walk();
  void take(std::shared_ptr<const BundleIndex> index);
  void take(std::shared_ptr<const Manifest> manifest);
  // That there is none, or none that can be used, and why; for good, or as it seems now.
  void take_absent(const Wanted& what, const std::string& why, bool is_for_good);

  // --- once it is done
  // Empty, or why these do not go together: what is missing, and through whom it is needed.
  std::string problem() const;
  // All is as it is: nothing could not be had for the moment, and nothing was left out.
  bool is_certain() const { return is_certain_ && !is_too_large_; }
  // The nearest first: those asked for, then what they need.
  const std::vector<Placed>& versions() const { return placed_; }
  const std::vector<Missing>& missing() const { return missing_; }
  // Names of which more than one version is needed.
  std::vector<std::string> conflicts() const;
  // Who needs the name, and which of its versions they take: "a@1.0.0 takes 2.1.0 for ^2".
  std::vector<std::string> explain(std::string_view name) const;
  ReleasedSet set() const; // Requires: there is no problem

private:
  std::vector<Wanted> manifests_wanted(std::size_t from) const;
  std::vector<Wanted> indexes_wanted(std::size_t from) const;
  void place(const std::string& name, const std::string& version, std::size_t by);
  void meet(std::size_t by, const Dependency& dependency);
  std::size_t placed_for(const Dependency& dependency) const;
  const std::string* kept_for(const Dependency& dependency) const;
  std::string who(std::size_t one) const;

  const std::vector<Root> roots_;
  const ReleasedSet* before_;
  std::map<std::string, std::shared_ptr<const BundleIndex>, std::less<>> indexes_;
  std::map<Wanted, std::shared_ptr<const Manifest>> manifests_;
  std::map<Wanted, std::string> absent_; // why
  std::vector<Placed> placed_;
  std::multimap<std::string, std::size_t, std::less<>> by_name_; // in the order they were placed
  std::vector<Missing> missing_;
  bool is_too_large_ = false;
  bool is_certain_ = true;
};

// `set` with bundles that were released before and are to stay as they were, with all that they
// need.
ReleasedSet with_unchanged(ReleasedSet set, const ReleasedSet& before,
                           const std::vector<std::string>& names);

} // namespace selvedge::bundle
