// By which names a response can be purged: what its origin tags it with, and where it lies.
#pragma once

#include <selvedge/cache/purge_index.hpp>
#include <selvedge/http/head.hpp>

#include <optional>

namespace selvedge::proxy {

inline constexpr std::size_t kMaxTags = 1024; // of one response, places included

// Surrogate-Key and xkey (separated by spaces), Cache-Tag (by commas), Cache-Groups (RFC 9875), and
// the places of `key`. Nothing where there are more than kMaxTags: what cannot be purged by all its
// names must not be stored.
std::optional<cache::Tags> response_tags(cache::PurgeIndex& index, const http::RequestHead& request,
                                         const http::FieldList& response, std::string_view key);

} // namespace selvedge::proxy
