#include "package_files.hpp"

#include <selvedge/bundle/name.hpp>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace selvedge::cli {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& source, const std::string& what) {
  throw std::runtime_error(source + ": " + what);
}

// --- a folder

std::string content_of(const fs::path& file, const std::string& source) {
  if (fs::file_size(file) > PackageFiles::kLargestFile) fail(source, "is too large");
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(source, "cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

PackageFiles read_folder(const fs::path& root) {
  PackageFiles package;
  fs::recursive_directory_iterator at(root);
  for (const auto end = fs::end(at); at != end; ++at) {
    const std::string name = at->path().filename().string();
    const bool is_hidden = name.starts_with('.') || name == "node_modules";
    if (at->is_directory() && !at->is_symlink()) {
      if (is_hidden) at.disable_recursion_pending();
      continue;
    }
    if (is_hidden) continue;
    const std::string path = at->path().lexically_relative(root).generic_string();
    if (!at->is_regular_file() || at->is_symlink()) {
      package.left_out.push_back(path);
      continue;
    }
    package.files.push_back({path, content_of(at->path(), at->path().string())});
    if (package.files.size() > PackageFiles::kMostFiles) fail(root, "has too many files");
  }
  return package;
}

// --- a tarball

struct FreeArchive {
  void operator()(archive* of) const { archive_read_free(of); }
};

std::string content_of(archive* from, archive_entry* entry, const std::string& source) {
  const auto size = archive_entry_size(entry);
  if (size < 0 || static_cast<std::uint64_t>(size) > PackageFiles::kLargestFile) {
    fail(source, "is too large");
  }
  std::string content(static_cast<std::size_t>(size), '\0');
  for (std::size_t got = 0; got < content.size();) {
    const la_ssize_t n = archive_read_data(from, content.data() + got, content.size() - got);
    if (n <= 0) fail(source, n == 0 ? "is cut short" : archive_error_string(from));
    got += static_cast<std::size_t>(n);
  }
  return content;
}

// "package/dist/a.js" is "dist/a.js".
std::string inner_path(const std::string& path, const std::string& source) {
  const std::size_t slash = path.find('/');
  const std::string inner = slash == std::string::npos ? path : path.substr(slash + 1);
  if (!bundle::is_asset_path(path) || !bundle::is_asset_path(inner)) {
    fail(source, fmt::format("'{}' is no path inside of a package", path));
  }
  return inner;
}

PackageFiles read_tarball(const std::string& source) {
  const std::unique_ptr<archive, FreeArchive> from(archive_read_new());
  archive_read_support_filter_gzip(from.get());
  archive_read_support_format_tar(from.get());
  constexpr std::size_t kBlock = 65536;
  if (archive_read_open_filename(from.get(), source.c_str(), kBlock) != ARCHIVE_OK) {
    fail(source, archive_error_string(from.get()));
  }
  PackageFiles package;
  for (archive_entry* entry = nullptr;;) {
    const int result = archive_read_next_header(from.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    if (result < ARCHIVE_WARN) fail(source, archive_error_string(from.get()));
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    const char* name = archive_entry_pathname(entry);
    const std::string path = inner_path(name == nullptr ? "" : name, source);
    const bool is_link = archive_entry_hardlink(entry) != nullptr;
    if (archive_entry_filetype(entry) != AE_IFREG || is_link) {
      package.left_out.push_back(path);
      continue;
    }
    package.files.push_back({path, content_of(from.get(), entry, source + ": " + path)});
    if (package.files.size() > PackageFiles::kMostFiles) fail(source, "has too many files");
  }
  return package;
}

} // namespace

const PackageFile* PackageFiles::find(const std::string& path) const {
  const auto found = std::ranges::lower_bound(files, path, {}, &PackageFile::path);
  return found != files.end() && found->path == path ? &*found : nullptr;
}

PackageFiles read_package(const std::string& source) {
  if (!fs::exists(source)) fail(source, "is not there");
  PackageFiles package = fs::is_directory(source) ? read_folder(source) : read_tarball(source);
  std::ranges::sort(package.files, {}, &PackageFile::path);
  const auto same = std::ranges::adjacent_find(package.files, {}, &PackageFile::path);
  if (same != package.files.end()) fail(source, "'" + same->path + "' is there twice");
  if (package.files.empty()) fail(source, "has no files");
  return package;
}

} // namespace selvedge::cli
