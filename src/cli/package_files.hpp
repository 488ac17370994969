// The files of a package: of a folder, or of a tarball as `npm pack` makes it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace selvedge::cli {

struct PackageFile {
  std::string path; // inside of the package: "dist/a.js"
  std::string content;
};

struct PackageFiles {
  static constexpr std::size_t kLargestFile = std::size_t{256} << 20; // bytes
  static constexpr std::size_t kMostFiles = 100'000;

  std::vector<PackageFile> files;    // by path
  std::vector<std::string> left_out; // what is no file: links, devices

  const PackageFile* find(const std::string& path) const; // null: there is none
};

// Throws std::runtime_error that names the source and the entry: it cannot be read, is too large,
// or has a path that leaves it. A folder's `node_modules` and names that begin with a dot are no
// part of it; of a tarball the first folder of every path ("package/") is taken off.
PackageFiles read_package(const std::string& source);

} // namespace selvedge::cli
