#include <selvedge/bundle/imports.hpp>

#include "import_scan.hpp"

#include <selvedge/bundle/name.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace selvedge::bundle {

namespace {

// "https:", "data:", "node:" (RFC 3986, 3.1).
bool has_scheme(std::string_view text) {
  const std::size_t colon = text.find_first_of(":/");
  return colon != std::string_view::npos && text[colon] == ':';
}

// What `reference` names from a file in `folder`. Nothing when it leaves the bundle.
std::optional<std::string> joined(std::string_view folder, std::string_view reference) {
  std::string path(folder);
  for (;;) {
    const std::size_t slash = reference.find('/');
    const std::string_view segment = reference.substr(0, slash);
    if (segment == "..") {
      if (path.empty()) return std::nullopt;
      const std::size_t parent = path.rfind('/');
      path.resize(parent == std::string::npos ? 0 : parent);
    } else if (segment.empty()) {
      return std::nullopt; // a folder
    } else if (segment != ".") {
      if (!path.empty()) path += '/';
      path += segment;
    }
    if (slash == std::string_view::npos) return path;
    reference.remove_prefix(slash + 1);
  }
}

// A manifest reads what is before a ':' as the name of a bundle.
std::optional<AssetReference> own_asset(std::string_view path, const Manifest& manifest) {
  if (path.find(':') != std::string_view::npos) return std::nullopt;
  const Asset* asset = manifest.find(path);
  if (asset == nullptr) return std::nullopt;
  return AssetReference{"", asset->path};
}

// Those that a URL can name as they stand. What they are not is no text of a manifest, either.
bool is_plain_path(std::string_view path) {
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  return is_asset_path(path) && std::ranges::all_of(path, is_visible);
}

// "NAME", "NAME/", "NAME/PATH".
std::optional<AssetReference> of_package(std::string_view specifier, const Manifest& manifest) {
  std::size_t slash = specifier.find('/');
  if (specifier.starts_with('@') && slash != std::string_view::npos) {
    slash = specifier.find('/', slash + 1);
  }
  const std::string_view name = specifier.substr(0, slash);
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view() : specifier.substr(slash + 1);
  if (name == manifest.name) {
    if (!path.empty()) return own_asset(path, manifest);
    return manifest.entry.empty() ? std::nullopt : own_asset(manifest.entry.front(), manifest);
  }
  if (manifest.dependency(name) == nullptr) return std::nullopt;
  if (!path.empty() && !is_plain_path(path)) return std::nullopt;
  return AssetReference{std::string(name), std::string(path)};
}

} // namespace

std::optional<ImportSyntax> import_syntax_of(std::string_view path) {
  if (path.ends_with(".js") || path.ends_with(".mjs")) return ImportSyntax::script;
  if (path.ends_with(".css")) return ImportSyntax::style;
  return std::nullopt;
}

std::vector<std::string_view> find_imports(std::string_view content, ImportSyntax syntax) {
  if (content.size() > kLargestScanned) return {};
  return syntax == ImportSyntax::script ? find_script_imports(content)
                                        : find_style_imports(content);
}

std::optional<AssetReference> resolve_import(std::string_view specifier, std::string_view from,
                                             const Manifest& manifest) {
  specifier = specifier.substr(0, specifier.find_first_of("?#"));
  if (specifier.empty() || specifier.starts_with('/') || has_scheme(specifier)) return std::nullopt;
  const bool is_relative = specifier.starts_with("./") || specifier.starts_with("../");
  if (is_relative || import_syntax_of(from) == ImportSyntax::style) {
    const std::size_t slash = from.rfind('/');
    const auto path =
        joined(from.substr(0, slash == std::string_view::npos ? 0 : slash), specifier);
    const auto own = path ? own_asset(*path, manifest) : std::nullopt;
    if (own || is_relative) return own;
  }
  return of_package(specifier, manifest);
}

std::vector<AssetReference> required_by(std::string_view path, std::string_view content,
                                        const Manifest& manifest) {
  std::vector<AssetReference> required;
  const auto syntax = import_syntax_of(path);
  if (!syntax) return required;
  std::set<std::string> seen{std::string(path)};
  for (const std::string_view specifier : find_imports(content, *syntax)) {
    auto reference = resolve_import(specifier, path, manifest);
    if (reference && seen.insert(reference->text()).second) {
      required.push_back(std::move(*reference));
    }
  }
  return required;
}

} // namespace selvedge::bundle
