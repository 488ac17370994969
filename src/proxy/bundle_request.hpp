// What a request on a route of bundles asks for, and where the origin has it. Pure.
//
//   asked for                     at the origin
//   /NAME@1.2.3/dist/a.js         /NAME/1.2.3/dist/a.js
//   /NAME@^1.2/dist/a.js          the same, once it is known what ^1.2 stands for
//   /NAME@1.2.3/, /NAME@1.2.3     /NAME/1.2.3/bundle.json
//   (the index)                   /NAME/index.json
#pragma once

#include <selvedge/base/arena.hpp>

#include <initializer_list>
#include <optional>
#include <string>
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

// Texts one behind the other, in the arena.
std::string_view joined(std::initializer_list<std::string_view> parts, base::Arena& arena);

// Without percent-encoding, in the arena. What is no encoding stays as it is.
std::string_view decoded(std::string_view text, base::Arena& arena);

// As it stands in a target: what may not (RFC 3986, 3.3) is percent-encoded.
std::string encoded(std::string_view path);

// Targets, in the arena.
std::string_view origin_target(const BundleRequest& request, std::string_view version,
                               base::Arena& arena);
// Of the index, or of the manifest of a version.
std::string_view document_target(std::string_view base, std::string_view name,
                                 std::string_view version, base::Arena& arena);
// The URL that never changes: "/NAME@VERSION/PATH".
std::string_view exact_url(const BundleRequest& request, std::string_view version,
                           base::Arena& arena);

} // namespace selvedge::proxy
