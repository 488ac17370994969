// selvedge bundle pack: packages into the layout that origins have.
#include "commands.hpp"
#include "origin_folder.hpp"

#include <selvedge/bundle/imports.hpp>
#include <selvedge/bundle/name.hpp>
#include <selvedge/bundle/package_json.hpp>
#include <selvedge/http/media_type.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

namespace selvedge::cli {
namespace {

namespace fs = std::filesystem;
using bundle::Asset;
using bundle::AssetClass;
using bundle::BundleIndex;
using bundle::Manifest;
using nlohmann::json;

[[noreturn]] void fail(const std::string& source, const std::string& what) {
  throw std::runtime_error(source + ": " + what);
}

struct Packed {
  Manifest manifest;
  std::uint64_t bytes = 0;
  bool was_there = false;
  std::vector<std::string> left_out; // files and dependencies
};

bundle::PackageJson package_json_of(const PackageFiles& files, const std::string& source) {
  const PackageFile* file = files.find("package.json");
  if (file == nullptr) return {};
  auto parsed = bundle::parse_package_json(file->content);
  if (!parsed) fail(source + ": package.json", parsed.problem);
  return std::move(*parsed.value);
}

// Scripts name files without their endings: what `main` or `module` says may be a folder, too.
std::vector<std::string> entries_of(const bundle::PackageJson& package, const PackageFiles& files) {
  std::vector<std::string> entries;
  for (const std::string& path : package.entry) {
    for (const char* end : {"", ".js", ".mjs", "/index.js"}) {
      if (files.find(path + end) == nullptr) continue;
      const std::string found = path + end;
      if (std::ranges::find(entries, found) == entries.end()) entries.push_back(found);
      break;
    }
  }
  if (entries.empty() && files.find("index.js") != nullptr) entries.emplace_back("index.js");
  return entries;
}

Asset asset_of(const PackageFile& file) {
  Asset asset;
  asset.path = file.path;
  asset.size = file.content.size();
  asset.type = http::media_type_of(file.path);
  bundle::DigestSum sum(bundle::DigestAlgorithm::sha384);
  sum.add(file.content);
  asset.digest = sum.digest();
  asset.importance = bundle::class_of(file.path);
  return asset;
}

void set_entries(Manifest& manifest, std::vector<std::string> entries, const std::string& source) {
  for (const std::string& path : entries) {
    const auto asset = std::ranges::lower_bound(manifest.assets, path, {}, &Asset::path);
    if (asset == manifest.assets.end() || asset->path != path) {
      fail(source, "the entry '" + path + "' is none of its files");
    }
    asset->importance = AssetClass::critical;
  }
  manifest.entry = std::move(entries);
}

std::size_t count_required(const Manifest& manifest) {
  std::size_t count = 0;
  for (const Asset& asset : manifest.assets) count += asset.required.size();
  return count;
}

// Last, since what an import stands for depends on all else in the manifest.
void set_required(Manifest& manifest, const PackageFiles& files, const std::string& source) {
  for (Asset& asset : manifest.assets) {
    const PackageFile* file = files.find(asset.path);
    asset.required = bundle::required_by(asset.path, file->content, manifest);
  }
  if (bundle::text_of(manifest).size() > Manifest::kLargest) {
    fail(source, fmt::format("its manifest would be larger than {} bytes", Manifest::kLargest));
  }
}

Packed manifest_of(const PackageFiles& files, const std::string& source,
                   const PackOptions& options) {
  Packed packed;
  bundle::PackageJson package = package_json_of(files, source);
  Manifest& manifest = packed.manifest;
  manifest.name = options.name.empty() ? package.name : options.name;
  const std::string version = options.version.empty() ? package.version : options.version;
  if (manifest.name.empty() || version.empty()) {
    fail(source, "no package.json says its name and version: say them with --name and --version");
  }
  if (!bundle::is_bundle_name(manifest.name)) {
    fail(source, "'" + manifest.name + "' is no name of a bundle");
  }
  const auto parsed = bundle::parse_version(version);
  if (!parsed) fail(source, "'" + version + "' is no version such as 1.2.3");
  manifest.version = *parsed;
  manifest.version.build.clear();
  if (files.find("bundle.json") != nullptr) {
    fail(source, "has a bundle.json of its own, which is where the manifest goes");
  }
  for (const PackageFile& file : files.files) {
    if (!bundle::is_asset_path(file.path)) {
      fail(source, "'" + file.path + "' is no path inside of a bundle");
    }
    manifest.assets.push_back(asset_of(file));
    packed.bytes += file.content.size();
  }
  manifest.dependencies = std::move(package.dependencies);
  set_entries(manifest, options.entry.empty() ? entries_of(package, files) : options.entry, source);
  for (bundle::Export& one : package.exports) {
    if (files.find(one.path) != nullptr) manifest.exports.push_back(std::move(one));
  }
  set_required(manifest, files, source);
  packed.left_out = files.left_out;
  for (std::string& one : package.left_out) packed.left_out.push_back("dependency " + one);
  return packed;
}

// Which version a channel stands for after another one came: of `latest` the greatest release,
// unless the channel was named.
void update_index(const OriginFolder& origin, const Manifest& manifest,
                  const PackOptions& options) {
  BundleIndex index = origin.index(manifest.name).value_or(BundleIndex::of(manifest.name));
  const std::string text = manifest.version.text();
  if (index.find(text) == nullptr) index.add({manifest.version, text, options.released, false});
  if (!options.channel.empty()) {
    index.set_channel(options.channel, text);
  } else if (!manifest.version.is_prerelease()) {
    const bundle::Resolution latest = index.resolve(BundleIndex::kDefaultChannel);
    if (latest.version == nullptr || latest.version->version < manifest.version) {
      index.set_channel(std::string(BundleIndex::kDefaultChannel), text);
    }
  }
  origin.write(index);
}

Packed pack_one(const OriginFolder& origin, const std::string& source, const PackOptions& options) {
  const PackageFiles files = read_package(source);
  Packed packed = manifest_of(files, source, options);
  const Manifest& manifest = packed.manifest;
  const std::string text = manifest.version.text();
  if (const auto old = origin.manifest(manifest.name, text)) {
    // Whoever has a version has it for a year: it cannot become another one.
    if (bundle::text_of(*old) != bundle::text_of(manifest)) {
      fail(source, fmt::format("{}@{} is there already and differs: a version never changes",
                               manifest.name, text));
    }
    packed.was_there = true;
  } else {
    origin.write(manifest, files);
  }
  update_index(origin, manifest, options);
  return packed;
}

void show_progress(std::size_t done, std::size_t of, const std::string& source) {
  if (::isatty(STDERR_FILENO) == 0) return;
  constexpr std::size_t kWidth = 24;
  const std::size_t full = of == 0 ? kWidth : done * kWidth / of;
  std::cerr << fmt::format("\r\033[K[{}{}] {}/{} {}", std::string(full, '='),
                           std::string(kWidth - full, ' '), done, of, source);
  if (done == of) std::cerr << "\r\033[K";
}

json json_of(const Packed& packed) {
  const Manifest& manifest = packed.manifest;
  return {{"name", manifest.name},
          {"version", manifest.version.text()},
          {"assets", manifest.assets.size()},
          {"bytes", packed.bytes},
          {"dependencies", manifest.dependencies.size()},
          {"entry", manifest.entry},
          {"requires", count_required(manifest)},
          {"was_there", packed.was_there},
          {"left_out", packed.left_out}};
}

void print(const Packed& packed) {
  const Manifest& manifest = packed.manifest;
  std::cout << fmt::format("{}@{}: {} files, {:.1f} KiB, {} dependencies{}\n", manifest.name,
                           manifest.version.text(), manifest.assets.size(),
                           static_cast<double>(packed.bytes) / 1024, manifest.dependencies.size(),
                           packed.was_there ? ", was there" : "");
  for (const std::string& one : packed.left_out) std::cout << "  left out: " << one << "\n";
}

} // namespace

int pack_bundles(const PackOptions& options) {
  if (options.sources.size() > 1 && (!options.name.empty() || !options.version.empty())) {
    std::cerr << "selvedge: --name and --version are of one package, and there are "
              << options.sources.size() << "\n";
    return kBadConfiguration;
  }
  if (!options.channel.empty() && !bundle::is_channel_name(options.channel)) {
    std::cerr << "selvedge: '" << options.channel << "' is no name of a channel, such as beta\n";
    return kBadConfiguration;
  }
  const OriginFolder origin(options.origin);
  json all = json::array();
  std::size_t done = 0;
  try {
    for (const std::string& source : options.sources) {
      show_progress(done, options.sources.size(), source);
      const Packed packed = pack_one(origin, source, options);
      if (options.output == Output::json) {
        all.push_back(json_of(packed));
      } else {
        show_progress(options.sources.size(), options.sources.size(), "");
        print(packed);
      }
      ++done;
    }
    show_progress(done, done, "");
  } catch (const std::exception& error) {
    show_progress(0, 0, "");
    std::cerr << "selvedge: " << error.what() << "\n";
    return kBadConfiguration;
  }
  if (options.output == Output::json) std::cout << all.dump(2) << "\n";
  return kDone;
}

} // namespace selvedge::cli
