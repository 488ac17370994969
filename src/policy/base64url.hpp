// Base64url as tokens and keys have it: without padding, line ends or stray bits, so that one value
// has one text. Source: RFC 4648, 5; RFC 7515, 2. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace selvedge::policy {

// Nothing for what is not exactly that.
std::optional<std::string> base64url_decoded(std::string_view text);

} // namespace selvedge::policy
