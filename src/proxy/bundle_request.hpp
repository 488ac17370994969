// What a request on a route of bundles asks for, and where the origin has it. Pure.
//
//   asked for                     at the origin
//   /NAME@1.2.3/dist/a.js         /NAME/1.2.3/dist/a.js
//   /NAME@^1.2/dist/a.js          the same, once it is known what ^1.2 stands for
//   /NAME@1.2.3/, /NAME@1.2.3     /NAME/1.2.3/bundle.json
//   (the index)                   /NAME/index.json
#pragma once

#include <selvedge/base/arena.hpp>

#include <optional>
#include <string_view>

namespace selvedge::proxy {

struct BundleRequest {
  std::string_view base;     // what stands before "/NAME": the route's prefix
  std::string_view name;     // "@acme/ui"
  std::string_view selector; // decoded; empty: none was said
  std::string_view path;     // of the asset, as it was written; empty: the manifest
  std::string_view query;    // with its '?'; empty: none
  bool is_exact = false;     // the selector is a version, in the one form that versions have
};

// Nothing when the target names no bundle. `target` is normal (cache::normal_path).
std::optional<BundleRequest> bundle_request(std::string_view target, std::string_view prefix,
                                            base::Arena& arena);

// Targets, in the arena.
std::string_view origin_target(const BundleRequest& request, std::string_view version,
                               base::Arena& arena);
std::string_view index_target(const BundleRequest& request, base::Arena& arena);
// The URL that never changes: "/NAME@VERSION/PATH".
std::string_view exact_url(const BundleRequest& request, std::string_view version,
                           base::Arena& arena);

} // namespace selvedge::proxy
