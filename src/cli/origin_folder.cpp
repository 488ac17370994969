#include "origin_folder.hpp"

#include <selvedge/bundle/name.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

namespace selvedge::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kIndex = "index.json";
constexpr const char* kManifest = "bundle.json";

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw std::runtime_error(file.string() + ": " + what);
}

void write_file(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) fail(file, std::string("cannot be written: ") + std::strerror(errno));
}

// Where something is written until it is whole.
fs::path beside(const fs::path& place) {
  return place.parent_path() /
         ("." + place.filename().string() + ".new-" + std::to_string(::getpid()));
}

template <typename T> T good(bundle::Parsed<T> parsed, const fs::path& file) {
  if (!parsed) fail(file, parsed.problem);
  return std::move(*parsed.value);
}

} // namespace

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(file, std::string("cannot be read: ") + std::strerror(errno));
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> OriginFolder::names() const {
  if (!fs::is_directory(root_)) fail(root_, "is no folder");
  std::vector<std::string> names;
  const auto look_at = [&](const fs::path& folder, const std::string& name) {
    if (bundle::is_bundle_name(name) && fs::exists(folder / kIndex)) names.push_back(name);
  };
  for (const auto& one : fs::directory_iterator(root_)) {
    const std::string name = one.path().filename().string();
    if (!name.starts_with('@')) {
      look_at(one.path(), name);
      continue;
    }
    for (const auto& inner : fs::directory_iterator(one.path())) {
      look_at(inner.path(), name + '/' + inner.path().filename().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

std::optional<bundle::BundleIndex> OriginFolder::index(const std::string& name) const {
  const fs::path file = root_ / name / kIndex;
  if (!fs::exists(file)) return std::nullopt;
  bundle::BundleIndex index = good(bundle::BundleIndex::parse(read_file(file)), file);
  if (index.name() != name) fail(file, "is about '" + index.name() + "'");
  return index;
}

std::optional<bundle::Manifest> OriginFolder::manifest(const std::string& name,
                                                       const std::string& version) const {
  const fs::path file = folder_of(name, version) / kManifest;
  if (!fs::exists(file)) return std::nullopt;
  bundle::Manifest manifest = good(bundle::parse_manifest(read_file(file)), file);
  if (manifest.name != name || manifest.version.text() != version) {
    fail(file, "is about '" + manifest.name + "@" + manifest.version.text() + "'");
  }
  return manifest;
}

fs::path OriginFolder::folder_of(const std::string& name, const std::string& version) const {
  return root_ / name / version;
}

void OriginFolder::write(const bundle::Manifest& manifest, const PackageFiles& files) const {
  const fs::path place = folder_of(manifest.name, manifest.version.text());
  const fs::path made = beside(place);
  fs::remove_all(made);
  try {
    for (const PackageFile& file : files.files) write_file(made / file.path, file.content);
    write_file(made / kManifest, bundle::text_of(manifest));
    fs::rename(made, place);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(made, ignored);
    throw;
  }
}

void OriginFolder::write(const bundle::BundleIndex& index) const {
  const fs::path place = root_ / index.name() / kIndex;
  const fs::path made = beside(place);
  write_file(made, bundle::text_of(index));
  fs::rename(made, place);
}

} // namespace selvedge::cli
