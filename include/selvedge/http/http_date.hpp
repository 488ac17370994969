// Dates (RFC 9110, 5.6.7).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::http {

// Reads IMF-fixdate and the two obsolete forms (RFC 850, asctime); nothing else. A two-digit year
// more than 50 years ahead of `now` is in the past (RFC 9110, 5.6.7).
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text,
                                                        std::chrono::sys_seconds now);
// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::chrono::sys_seconds at);

} // namespace selvedge::http
