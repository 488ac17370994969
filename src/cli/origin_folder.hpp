// Bundles as an origin has them on disk:
//   ROOT/NAME/index.json
//   ROOT/NAME/VERSION/bundle.json
//   ROOT/NAME/VERSION/PATH
// A node before a directory origin of that root, or any file server, serves them. Whatever is
// written is first written beside its place and then moved there: readers see all of it or nothing.
#pragma once

#include "package_files.hpp"

#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/manifest.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace selvedge::cli {

class OriginFolder {
public:
  explicit OriginFolder(std::filesystem::path root) : root_(std::move(root)) {}

  // Everything here throws std::runtime_error that names the file when it cannot be read or
  // written, or is not what it should be.
  std::vector<std::string> names() const; // of bundles, in order
  std::optional<bundle::BundleIndex> index(const std::string& name) const;
  std::optional<bundle::Manifest> manifest(const std::string& name,
                                           const std::string& version) const;
  std::filesystem::path folder_of(const std::string& name, const std::string& version) const;

  // The files and the manifest of a version. Requires: it is not there yet.
  void write(const bundle::Manifest& manifest, const PackageFiles& files) const;
  void write(const bundle::BundleIndex& index) const;

private:
  std::filesystem::path root_;
};

// Of a whole file. Throws std::runtime_error that names it.
std::string read_file(const std::filesystem::path& file);

} // namespace selvedge::cli
