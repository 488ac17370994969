// Request fields by which a client would speak for others: for the proxies in front of an origin,
// or for the request line itself. Origins and their frameworks believe some of them without being
// asked to. Pure.
#pragma once

#include <string_view>

namespace selvedge::proxy {

enum class Claim : unsigned char {
  none,
  // Where the request comes from, or how: only a proxy knows that. X-Real-IP, X-Client-IP...
  about_connection,
  // Scheme, port or host by which the client came to a proxy: likewise, and origins write URLs with
  // them. X-Forwarded-Port, X-Forwarded-Ssl...
  about_url,
  // Another URL, host or method than that of the request: X-Original-URL, X-HTTP-Method-Override...
  about_request,
  // A field that this node writes, frames messages with or ends here, spelled with "_" for "-":
  // programs that turn fields into variables (CGI, WSGI) take one for the other.
  spelling,
};

// `name` in any case. Of the fields in their own spelling that forward.hpp writes anew: none.
Claim claim_of(std::string_view name);

} // namespace selvedge::proxy
