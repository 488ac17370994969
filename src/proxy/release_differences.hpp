// After a release: what pages begin with, as differences from the versions that clients have.
// Thread: any.
#pragma once

#include <selvedge/bundle/lock_builder.hpp>
#include <selvedge/bundle/snapshot.hpp>
#include <selvedge/insight/distinct_counts.hpp>
#include <selvedge/proxy/differences.hpp>
#include <selvedge/proxy/routing.hpp>

#include <span>
#include <string_view>

namespace selvedge::proxy {

struct ReleasePlace {
  cache::Store& store;
  Differences& differences;
  const insight::DistinctCounts* sessions; // by the version they have; null: not known
  base::Instant now;
  const Route& route; // Requires: it has dictionaries
  std::string_view scheme;
  std::string_view authority;
};

// Has them made that are not there, of entries that are stored. `before`: what was in force; null:
// nothing. Of other versions those that most sessions have.
void want_differences(const ReleasePlace& place,
                      std::span<const bundle::LockBuilder::Placed> versions,
                      const bundle::ReleasedSet* before);

} // namespace selvedge::proxy
