#include <selvedge/bundle/package_json.hpp>

#include "json_reader.hpp"

#include <selvedge/bundle/name.hpp>

#include <algorithm>
#include <array>

namespace selvedge::bundle {

namespace {

using Json = nlohmann::json;

std::string text_at(const JsonPlace& root, const char* key) {
  return root.has(key) ? root.at(key).text() : std::string();
}

bool is_optional_peer(const JsonPlace& root, const std::string& name) {
  if (!root.has("peerDependenciesMeta")) return false;
  const JsonPlace all = root.at("peerDependenciesMeta");
  if (!all.has(name.c_str())) return false;
  const JsonPlace one = all.at(name);
  return one.has("optional") && one.at("optional").truth();
}

void add_dependencies(const JsonPlace& root, const char* key, PackageJson& to) {
  if (!root.has(key)) return;
  const JsonPlace all = root.at(key);
  const bool are_peers = std::string_view(key) == "peerDependencies";
  for (const auto& [name, value] : all.object().items()) {
    std::string text = all.at(name).text();
    if (are_peers && is_optional_peer(root, name)) continue;
    auto range = VersionRange::parse(text);
    if (!range || !is_bundle_name(name)) {
      to.left_out.push_back(name + ": " + text);
      continue;
    }
    const auto at = std::ranges::lower_bound(to.dependencies, name, {}, &Dependency::name);
    if (at != to.dependencies.end() && at->name == name) continue; // `dependencies` come first
    to.dependencies.insert(at, {name, std::move(text), std::move(*range)});
  }
}

// "./dist/a.js" and "dist/a.js" are one; what is no path of a file is nothing.
void add_entry(std::string_view path, PackageJson& to) {
  if (path.starts_with("./")) path.remove_prefix(2);
  if (!is_asset_path(path) || path.find('*') != std::string_view::npos) return;
  if (std::ranges::find(to.entry, path) == to.entry.end()) to.entry.emplace_back(path);
}

// `exports` may be a text, or objects of conditions and of subpaths. What Node.js alone runs is not
// what a browser asks for first.
void add_exports(const Json& json, PackageJson& to, int depth = 0) {
  constexpr int kDeepest = 16;
  constexpr std::array<std::string_view, 5> kNot{"types", "require", "node", "development",
                                                 "node-addons"};
  if (json.is_string()) return add_entry(json.get<std::string>(), to);
  if (!json.is_object() || depth > kDeepest) return;
  // Of alternatives for scripts, one: that of browsers, and modules before what all else can read.
  constexpr std::array<const char*, 4> kScripts{"browser", "import", "module", "default"};
  const auto script = std::ranges::find_if(
      kScripts, [&json](const char* condition) { return json.contains(condition); });
  if (script != kScripts.end()) add_exports(json.at(*script), to, depth + 1);
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(kNot, key) != kNot.end()) continue;
    if (std::ranges::find(kScripts, key) == kScripts.end()) add_exports(value, to, depth + 1);
  }
}

// "./dom": {"import": "./dist/dom.mjs"}. Patterns ("./*") are not followed.
void add_subpaths(const Json& exports, PackageJson& to) {
  for (const auto& [key, value] : exports.items()) {
    if (!key.starts_with("./") || key.find('*') != std::string::npos) continue;
    const std::string name = key.substr(2);
    PackageJson alone;
    add_exports(value, alone);
    if (!is_asset_path(name) || alone.entry.empty() || alone.entry.front() == name) continue;
    to.exports.push_back({name, alone.entry.front()});
  }
}

bool has_script(const PackageJson& package) {
  return std::ranges::any_of(package.entry, [](const std::string& path) {
    return path.ends_with(".js") || path.ends_with(".mjs");
  });
}

void add_named_entry(const Json& json, const char* key, PackageJson& to) {
  const auto found = json.find(key);
  if (found != json.end() && found->is_string()) add_entry(found->get<std::string>(), to);
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
}

} // namespace

Parsed<PackageJson> parse_package_json(std::string_view text) {
  try {
    const Json json = json_of(text, PackageJson::kLargest);
    const JsonPlace root{json, ""};
    PackageJson package;
    package.name = text_at(root, "name");
    package.version = text_at(root, "version");
    add_dependencies(root, "dependencies", package);
    add_dependencies(root, "peerDependencies", package);
    if (root.has("exports")) {
      // Of many subpaths only the package itself is asked for first.
      const Json& exports = json.at("exports");
      const bool has_subpaths =
          exports.is_object() && !exports.empty() && exports.begin().key().starts_with('.');
      if (has_subpaths) {
        add_subpaths(exports, package);
        if (exports.contains(".")) add_exports(exports.at("."), package);
      } else {
        add_exports(exports, package);
      }
    }
    for (const char* key : {"module", "browser", "main"}) {
      if (!has_script(package)) add_named_entry(json, key, package);
    }
    for (const char* key : {"style", "sass"}) add_named_entry(json, key, package);
    return Parsed<PackageJson>::good(std::move(package));
  } catch (const WrongJson& wrong) {
    return Parsed<PackageJson>::bad(wrong.what());
  }
}

AssetClass class_of(std::string_view path) {
  std::string_view file = path.substr(path.rfind('/') + 1);
  if (ends_with_any(file, {".map", ".d.ts", ".d.mts", ".d.cts", ".md", ".markdown", ".txt", ".flow",
                           ".ts", ".tsx", ".scss", ".sass", ".less"}) ||
      file.starts_with("LICENSE") || file.starts_with("LICENCE") || file.starts_with("README") ||
      file.starts_with("CHANGELOG") || file == "package.json" || file == "custom-elements.json") {
    return AssetClass::secondary;
  }
  return ends_with_any(file, {".js", ".mjs", ".css"}) ? AssetClass::core : AssetClass::standard;
}

} // namespace selvedge::bundle
