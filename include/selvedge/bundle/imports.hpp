// What an asset cannot do without, as its content says: the modules that a script imports
// statically (ECMA-262, 16.2) and the sheets that a style imports (CSS Cascading, 2). Content is
// anybody's: whatever it is, it costs in proportion to its size. Pure. Thread: any.
#pragma once

#include <selvedge/bundle/manifest.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

enum class ImportSyntax : std::uint8_t { script, style };

// By the name of the file: of .js and .mjs, and of .css.
std::optional<ImportSyntax> import_syntax_of(std::string_view path);

inline constexpr std::size_t kLargestScanned = 8 << 20; // bytes; larger content is not looked at
inline constexpr std::size_t kMostImports = 4096;       // of one content; the others are not told

// What is imported, as it is written, in the order of the content. Views into it. Left out are
// import(), which is for later; specifiers with escapes; and @import behind a rule, where it says
// nothing. Comments, strings, templates and regular expressions are known for what they are; where
// a '/' begins one is told by the token before it.
std::vector<std::string_view> find_imports(std::string_view content, ImportSyntax syntax);

// What a specifier in the asset at `from` stands for: './x.js' and '../y/z.js' another asset,
// 'NAME/PATH' and 'NAME' one of a dependency and its entry assets, of the bundle's own name one of
// its own and the first of its entry. In a style 'x.css' is './x.css' when there is one. Nothing
// for what is of neither: other URLs, 'node:fs', '#internal', an asset that is not there.
std::optional<AssetReference> resolve_import(std::string_view specifier, std::string_view from,
                                             const Manifest& manifest);

// Both together: each once, in the order of the content, without the asset at `path` itself.
// Requires: the manifest has its assets, dependencies and entry.
std::vector<AssetReference> required_by(std::string_view path, std::string_view content,
                                        const Manifest& manifest);

} // namespace selvedge::bundle
