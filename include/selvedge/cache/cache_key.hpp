// The name under which a response is stored: the normalised host and target of the request, and
// what else a route's rules make part of it. (RFC 9111, 2; GET and HEAD share a key, other methods
// are not stored.)
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/base/fingerprint.hpp>
#include <selvedge/http/head.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace selvedge::cache {

enum class QueryRule : std::uint8_t {
  keep,  // the whole query is part of the key
  drop,  // no part of it
  allow, // the listed parameters only
  deny,  // all but the listed parameters
};

// What else than host and path tells responses apart. What is left out of the key is not sent to
// the origin either: otherwise one client's parameter would decide what others get.
struct KeyRules {
  QueryRule query = QueryRule::keep;
  std::vector<std::string> parameters; // for allow and deny; a final * stands for any ending
  bool sort_query = false;             // by parameter name; equal names keep their order
  std::vector<std::string> headers;    // request fields that are part of the key, lower case
  std::vector<std::string> cookies;    // cookies that are part of the key, by name
};

struct CacheKey {
  std::string_view text; // "https://host/path?query", in the arena it was made in; then, by the
                         // rules, lines "\nname: value" of fields and "\ncookie name=value"
  base::Fingerprint print;
};

// scheme, authority and target as one text; the host in lower case, default ports removed, an empty
// path written "/". The scheme is part of the key: an origin may answer both differently.
CacheKey make_cache_key(std::string_view scheme, std::string_view authority,
                        std::string_view target, base::Arena& arena);
// With the fields and cookies that the rules name. The target is taken as it is: see
// normal_target().
CacheKey make_cache_key(const http::RequestHead& request, const KeyRules& rules,
                        base::Arena& arena);

// One spelling for targets that mean the same: percent-encoding of unreserved characters undone,
// its digits in upper case, dot segments removed (RFC 3986, 6.2.2). Idempotent; the target itself
// where there is nothing to do.
std::string_view normal_path(std::string_view target, base::Arena& arena);
// The query by the rules. Idempotent.
std::string_view normal_query(std::string_view target, const KeyRules& rules, base::Arena& arena);

// The key of responses whose No-Vary-Search says which queries they answer.
CacheKey query_free_key(const CacheKey& key, base::Arena& arena);

} // namespace selvedge::cache
