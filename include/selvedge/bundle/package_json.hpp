// What npm's package.json says that a bundle needs to know: name, version, what it depends on,
// which of its files are asked for first. Pure. Thread: any.
#pragma once

#include <selvedge/bundle/manifest.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

struct PackageJson {
  static constexpr std::size_t kLargest = 4 << 20; // bytes of its text

  std::string name;    // empty: not told
  std::string version; // likewise; as it was written
  // `dependencies`, and `peerDependencies` that are not optional, by name.
  std::vector<Dependency> dependencies;
  // Dependencies that are no range of versions of a bundle (a URL, a tag, an alias): left out.
  std::vector<std::string> left_out; // "name: text"
  // The script that pages ask for first, by `exports`, or else the first of `module`, `browser` and
  // `main`; then `style` and `sass`, and what else `exports` names for itself.
  std::vector<std::string> entry;
  // Scripts of subpaths in `exports` that are elsewhere than their names say.
  std::vector<Export> exports; // by name
};

Parsed<PackageJson> parse_package_json(std::string_view json);

// How much a file matters, by its path: source maps, types, docs and the like are secondary,
// scripts and styles core, the rest standard.
AssetClass class_of(std::string_view path);

} // namespace selvedge::bundle
