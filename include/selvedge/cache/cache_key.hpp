// The name under which a response is stored: the normalised host and target of the request.
// (RFC 9111, 2; GET and HEAD share a key, other methods are not stored.)
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/base/fingerprint.hpp>
#include <selvedge/http/head.hpp>

#include <string_view>

namespace selvedge::cache {

struct CacheKey {
  std::string_view text; // "https://host/path?query", in the arena it was made in
  base::Fingerprint print;
};

// scheme, authority and target as one text; the host in lower case, default ports removed, an empty
// path written "/". The scheme is part of the key: an origin may answer both differently.
CacheKey make_cache_key(std::string_view scheme, std::string_view authority,
                        std::string_view target, base::Arena& arena);

} // namespace selvedge::cache
