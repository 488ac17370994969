// Names of bundles, paths in them, and the URLs that name both: /NAME@SELECTOR/PATH. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace selvedge::bundle {

// As npm's new names are: "acme-ui", "@acme/ui"; lower case, at most 214 characters.
bool is_bundle_name(std::string_view text);

// A path of an asset: relative, of plain segments ("dist/button.js"), at most 1024 bytes. No empty
// segment, none that is "." or "..", no backslash, no control character.
bool is_asset_path(std::string_view text);

// The parts of a URL's path, as they stand there. Views into it.
struct BundleTarget {
  std::string_view name;
  std::string_view selector; // an exact version, a range or a channel; empty: none was said
  std::string_view path;     // of the asset; empty: the bundle itself
  bool is_folder = false;    // a '/' follows the selector
};

// Of "/acme-ui@^2.1/button.js", "/@acme/ui@latest/", "/acme-ui". Nothing when the name is none.
// Percent-encoding is not decoded: names need none, and selectors are decoded by their reader.
std::optional<BundleTarget> bundle_target(std::string_view path);

} // namespace selvedge::bundle
