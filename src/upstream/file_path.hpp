// From the path of a request to a path below the root of a directory origin. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace selvedge::upstream {

// Decodes the path of `target` (the query is ignored) and takes off the leading slash; "/" and
// anything that ends in one means index.html there. Nothing for what is never served: dot segments
// and names that begin with a dot, encoded slashes, NUL, empty segments, broken percent-encoding.
std::optional<std::string> file_path_of(std::string_view target);

// True where a segment of the path is an exact version ("acme-ui/2.3.1/button.js"): such a file
// never changes.
bool has_version(std::string_view path);

} // namespace selvedge::upstream
