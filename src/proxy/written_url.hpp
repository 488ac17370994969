// URLs of requests as text, and what a response names on the same origin. Pure.
#pragma once

#include <selvedge/http/head.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace selvedge::proxy {

// "https://example.com:8443", in lower case, default ports left out.
std::string written_origin(const http::RequestHead& request);

// The absolute URL that `reference`, as in Location (RFC 9110, 10.2.2), means for this request;
// nothing when it is empty, no http URL, or of another origin (RFC 9111, 4.4).
std::optional<std::string> same_origin_url(const http::RequestHead& request,
                                           std::string_view reference);

} // namespace selvedge::proxy
