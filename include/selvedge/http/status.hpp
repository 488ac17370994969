// Status codes (RFC 9110, 15).
#pragma once

#include <cstdint>
#include <string_view>

namespace selvedge::http {

using Status = std::uint16_t;

// "Not Found"; "" for a code without a registered phrase.
std::string_view reason_phrase(Status status);

// True where a response with this status never has content: 1xx, 204, 304.
constexpr bool has_no_content(Status status) {
  return status < 200 || status == 204 || status == 304;
}

} // namespace selvedge::http
