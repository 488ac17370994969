// What a version of a bundle is made of: the bundle.json beside its assets. Pure values; immutable
// once read. Thread: any.
//
//   {"name": "@acme/ui", "version": "2.3.1",
//    "assets": [{"path": "button.js", "size": 812, "type": "text/javascript",
//                "integrity": "sha384-...", "class": "core",
//                "requires": ["base.js", "@acme/tokens:tokens.css", "lit:"]}],
//    "dependencies": {"@acme/tokens": "^1.4.0", "lit": "^3.3.0"},
//    "entry": ["button.js"], "exports": {"icons": "dist/icons.js"}}
//
// "lit:" is whatever the version of lit that is used has as its entry.
#pragma once

#include <selvedge/bundle/integrity.hpp>
#include <selvedge/bundle/parsed.hpp>
#include <selvedge/bundle/version_range.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

// How much it matters to whoever uses the bundle. The order is that of importance.
enum class AssetClass : std::uint8_t { critical, core, standard, secondary };
std::string_view text_of(AssetClass of);

// Another asset that this one is of no use without: of this bundle, or of one it depends on.
struct AssetReference {
  std::string bundle; // empty: this one
  std::string path;   // empty: the entry assets of `bundle`, which is another one
  bool is_entry() const { return !bundle.empty() && path.empty(); }
  std::string text() const { return bundle.empty() ? path : bundle + ':' + path; }
  friend bool operator==(const AssetReference&, const AssetReference&) = default;
};

struct Asset {
  std::string path;
  std::uint64_t size = 0; // bytes
  std::string type;       // media type; empty: by its name
  Digest digest;
  AssetClass importance = AssetClass::standard;
  std::vector<AssetReference> required;
};

struct Dependency {
  std::string name;
  std::string text; // of the range, as it was written
  VersionRange range;
};

// What scripts of others import as "NAME/name", where that is not the path of an asset.
struct Export {
  std::string name;
  std::string path; // of an asset
  friend bool operator==(const Export&, const Export&) = default;
};

struct Manifest {
  static constexpr std::size_t kLargest = 32 << 20; // bytes of its text
  static constexpr std::size_t kMostAssets = 100'000;
  static constexpr std::size_t kMostNamed = 1000; // dependencies, entries, what one asset requires
  static constexpr std::size_t kMostExports = 10'000;

  std::string name;
  Version version;
  std::vector<Asset> assets;            // by path
  std::vector<Dependency> dependencies; // by name
  std::vector<std::string> entry;       // paths of assets that pages ask for first
  std::vector<Export> exports;          // by name

  const Asset* find(std::string_view path) const; // null: there is none
  const Dependency* dependency(std::string_view on) const;
};

Parsed<Manifest> parse_manifest(std::string_view json);
// The same bytes for the same manifest: keys and assets in order.
std::string text_of(const Manifest& manifest);

} // namespace selvedge::bundle
