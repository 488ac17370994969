// What makes a request head acceptable, whatever version carried it. Pure.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/http/head.hpp>

#include <string_view>

namespace selvedge::codec {

// host [":" port], nothing else: no userinfo, path, space or control (RFC 9110, 4.2.3 and 7.2).
bool is_authority(std::string_view text);
// Origin form or "*" (RFC 9112, 3.2): ASCII without spaces, controls, fragment and what somebody
// might take for the end of the URL; in the path no NUL, no backslash and no "%" that encodes
// nothing, which others read in other ways.
bool is_target(std::string_view text);

struct AbsoluteTarget {
  std::string_view scheme;
  std::string_view authority;
  std::string_view target; // origin form; "/" where the path was empty
  bool has_empty_path = false;
};
// The parts of "http://host/path"; nothing when the text is not in absolute form (RFC 9112, 3.2.2).
std::optional<AbsoluteTarget> parse_absolute_target(std::string_view text);

} // namespace selvedge::codec
