#include <selvedge/bundle/manifest.hpp>

#include "json_reader.hpp"

#include <selvedge/bundle/name.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace selvedge::bundle {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> kClasses{"critical", "core", "standard", "secondary"};

std::string name_at(const JsonPlace& place) {
  std::string name = place.text();
  if (!is_bundle_name(name)) place.fail("'" + name + "' is no name of a bundle");
  return name;
}

Version version_at(const JsonPlace& place) {
  const std::string text = place.text();
  const auto version = parse_version(text);
  if (!version || version->text() != text) {
    place.fail("'" + text + "' is no version such as 1.2.3");
  }
  return *version;
}

std::string path_at(const JsonPlace& place) {
  std::string path = place.text();
  if (!is_asset_path(path)) place.fail("'" + path + "' is no path inside of a bundle");
  return path;
}

AssetClass class_at(const JsonPlace& place) {
  const std::string text = place.text();
  const auto found = std::ranges::find(kClasses, text);
  if (found == kClasses.end()) {
    place.fail("'" + text + "' is not critical, core, standard or secondary");
  }
  return static_cast<AssetClass>(found - kClasses.begin());
}

std::string type_at(const JsonPlace& place) {
  std::string type = place.text();
  const auto is_visible = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (type.find('/') == std::string::npos || !std::ranges::all_of(type, is_visible)) {
    place.fail("'" + type + "' is no media type");
  }
  return type;
}

AssetReference reference_at(const JsonPlace& place) {
  const std::string text = place.text();
  const std::size_t colon = text.find(':');
  AssetReference reference;
  if (colon != std::string::npos) reference.bundle = text.substr(0, colon);
  reference.path = text.substr(colon == std::string::npos ? 0 : colon + 1);
  if (colon != std::string::npos && !is_bundle_name(reference.bundle)) {
    place.fail("'" + reference.bundle + "' is no name of a bundle");
  }
  if (!reference.is_entry() && !is_asset_path(reference.path)) {
    place.fail("'" + reference.path + "' is no path inside of a bundle");
  }
  return reference;
}

void check_count(const JsonPlace& place, std::size_t count, std::size_t most) {
  if (count > most) place.fail("there are more than " + std::to_string(most));
}

template <typename List, typename Text>
void check_once(const JsonPlace& place, const List& list, Text text) {
  std::set<std::string> seen;
  for (const auto& one : list) {
    if (!seen.insert(text(one)).second) place.fail("'" + text(one) + "' is there twice");
  }
}

Asset asset_at(const JsonPlace& place) {
  Asset asset;
  asset.path = path_at(place.at("path"));
  asset.size = place.at("size").number();
  if (place.has("type")) asset.type = type_at(place.at("type"));
  const JsonPlace integrity = place.at("integrity");
  const auto digest = parse_integrity(integrity.text());
  if (!digest) integrity.fail("'" + integrity.text() + "' is no digest such as sha384-...");
  asset.digest = *digest;
  if (place.has("class")) asset.importance = class_at(place.at("class"));
  if (place.has("requires")) {
    const JsonPlace list = place.at("requires");
    check_count(list, list.array().size(), Manifest::kMostNamed);
    for (std::size_t i = 0; i < list.array().size(); ++i) {
      asset.required.push_back(reference_at(list.at(i)));
    }
    check_once(list, asset.required, [](const AssetReference& one) { return one.text(); });
  }
  return asset;
}

std::vector<Dependency> dependencies_at(const JsonPlace& place) {
  check_count(place, place.object().size(), Manifest::kMostNamed);
  std::vector<Dependency> dependencies;
  for (const auto& [name, range] : place.object().items()) {
    const JsonPlace one = place.at(name);
    if (!is_bundle_name(name)) one.fail("'" + name + "' is no name of a bundle");
    std::string text = one.text();
    auto parsed = VersionRange::parse(text);
    if (!parsed) one.fail("'" + text + "' is no range of versions");
    dependencies.push_back({name, std::move(text), std::move(*parsed)});
  }
  return dependencies; // by name: so the object has them
}

std::vector<Export> exports_at(const JsonPlace& place) {
  check_count(place, place.object().size(), Manifest::kMostExports);
  std::vector<Export> exports;
  for (const auto& [name, path] : place.object().items()) {
    if (!is_asset_path(name)) place.fail("'" + name + "' cannot be imported");
    exports.push_back({name, path_at(place.at(name))});
  }
  return exports; // by name
}

std::vector<Asset> assets_at(const JsonPlace& place) {
  const std::size_t count = place.array().size();
  check_count(place, count, Manifest::kMostAssets);
  std::vector<Asset> assets;
  assets.reserve(count);
  for (std::size_t i = 0; i < count; ++i) assets.push_back(asset_at(place.at(i)));
  std::ranges::sort(assets, {}, &Asset::path);
  const auto same = std::ranges::adjacent_find(assets, {}, &Asset::path);
  if (same != assets.end()) place.fail("'" + same->path + "' is there twice");
  return assets;
}

// What assets need is there, as far as this bundle can tell.
void check_references(const Manifest& manifest) {
  for (const Asset& asset : manifest.assets) {
    for (const AssetReference& one : asset.required) {
      const bool is_known = one.bundle.empty() ? manifest.find(one.path) != nullptr
                                               : manifest.dependency(one.bundle) != nullptr;
      if (is_known) continue;
      throw WrongJson("'" + asset.path + "' requires '" + one.text() + "', which is no " +
                      (one.bundle.empty() ? "asset of this bundle" : "dependency"));
    }
  }
  for (const Export& one : manifest.exports) {
    if (manifest.find(one.path) == nullptr) {
      throw WrongJson("exports: '" + one.path + "' is no asset of this bundle");
    }
  }
  for (const std::string& path : manifest.entry) {
    if (manifest.find(path) == nullptr) {
      throw WrongJson("entry: '" + path + "' is no asset of this bundle");
    }
  }
}

Manifest manifest_at(const JsonPlace& root) {
  Manifest manifest;
  manifest.name = name_at(root.at("name"));
  manifest.version = version_at(root.at("version"));
  manifest.assets = assets_at(root.at("assets"));
  if (root.has("dependencies")) manifest.dependencies = dependencies_at(root.at("dependencies"));
  if (root.has("entry")) {
    const JsonPlace list = root.at("entry");
    check_count(list, list.array().size(), Manifest::kMostNamed);
    for (std::size_t i = 0; i < list.array().size(); ++i) {
      manifest.entry.push_back(path_at(list.at(i)));
    }
    check_once(list, manifest.entry, [](const std::string& one) { return one; });
  }
  if (root.has("exports")) manifest.exports = exports_at(root.at("exports"));
  check_references(manifest);
  return manifest;
}

Json json_of(const Asset& asset) {
  Json json{{"path", asset.path},
            {"size", asset.size},
            {"integrity", asset.digest.integrity()},
            {"class", text_of(asset.importance)}};
  if (!asset.type.empty()) json["type"] = asset.type;
  for (const AssetReference& one : asset.required) json["requires"].push_back(one.text());
  return json;
}

} // namespace

std::string_view text_of(AssetClass of) {
  return kClasses[static_cast<std::size_t>(of)];
}

const Asset* Manifest::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(assets, path, {}, &Asset::path);
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

const Dependency* Manifest::dependency(std::string_view on) const {
  const auto found = std::ranges::lower_bound(dependencies, on, {}, &Dependency::name);
  return found != dependencies.end() && found->name == on ? &*found : nullptr;
}

Parsed<Manifest> parse_manifest(std::string_view text) {
  try {
    const Json json = json_of(text, Manifest::kLargest);
    return Parsed<Manifest>::good(manifest_at({json, ""}));
  } catch (const WrongJson& wrong) {
    return Parsed<Manifest>::bad(wrong.what());
  }
}

std::string text_of(const Manifest& manifest) {
  Json json{{"name", manifest.name},
            {"version", manifest.version.text()},
            {"assets", Json::array()},
            {"dependencies", Json::object()},
            {"entry", manifest.entry}};
  for (const Asset& asset : manifest.assets) json["assets"].push_back(json_of(asset));
  for (const Export& one : manifest.exports) json["exports"][one.name] = one.path;
  for (const Dependency& one : manifest.dependencies) json["dependencies"][one.name] = one.text;
  return json.dump(2) + '\n';
}

} // namespace selvedge::bundle
