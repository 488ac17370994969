// Compression dictionaries of bundles (RFC 9842): what the versions of an asset have in common, and
// what fields say of it. Pure.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/cache/stored_response.hpp>
#include <selvedge/http/head_block.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace selvedge::proxy {

inline constexpr std::string_view kUseAsDictionary = "use-as-dictionary";
inline constexpr std::string_view kAvailableDictionary = "available-dictionary";
inline constexpr std::string_view kDictionaryId = "dictionary-id";

// An asset of a bundle, whatever its version.
struct DictionaryPlace {
  std::string_view text; // the cache key with '*' for the version
  std::string_view base; // what stands before "/NAME" in targets
  std::string_view name; // of the bundle
  std::string_view path; // of the asset, as it was written
};

// By the key of a version's asset; nothing where it is none, or has a query. Secure ones only: RFC
// 9842, 8: others have no dictionaries. `prefix`: of the route. Views into the arguments, and the
// arena.
std::optional<DictionaryPlace> dictionary_place(std::string_view key, std::string_view prefix,
                                                std::string_view name, std::string_view version,
                                                base::Arena& arena);

// The value of Use-As-Dictionary: for that asset of all versions, however they are selected.
std::string use_as_dictionary(const DictionaryPlace& place);

// RFC 9842, 2.2: what the client has; nothing where it says none, or cannot be read.
std::optional<cache::ContentDigest> available_dictionary(const http::FieldList& request);

// RFC 9842, 9.3.3: whether who asks may read the answer, as far as browsers tell; else its length
// could say something of it.
bool may_read(const http::FieldList& request, std::string_view allowed_origin);

} // namespace selvedge::proxy
