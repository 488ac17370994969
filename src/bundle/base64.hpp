// Base64 with padding (RFC 4648, 4), for values of a known size.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace selvedge::bundle {

std::string base64(std::span<const unsigned char> bytes);

// Fills all of `into`, at most 64 bytes. False for what is not exactly that, in its one spelling.
bool decode_base64(std::string_view text, std::span<unsigned char> into);

} // namespace selvedge::bundle
