// What a page that begins with an asset will ask for next: the assets that it requires, through
// others and in other bundles, by what was released. Thread: the worker of the catalog.
#pragma once

#include "asset_warmer.hpp"
#include "bundle_catalog.hpp"

#include <string>
#include <vector>

namespace selvedge::proxy {

struct ClosureLinks {
  static constexpr std::size_t kMostAssets = 64; // the nearest first
  static constexpr std::size_t kMostLinks = 32;  // of them, those that browsers can preload

  std::string field;                       // the value of a Link field (RFC 8288); empty: none
  std::vector<AssetWarmer::Wanted> assets; // to be warm
  bool is_complete = true;                 // all manifests that matter are known
};

ClosureLinks closure_links(BundleCatalog& catalog, const Asker& asker, std::string_view base,
                           const bundle::Snapshot& snapshot, const bundle::LockedNeed& version,
                           std::string_view path);

} // namespace selvedge::proxy
