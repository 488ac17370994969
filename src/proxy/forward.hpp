// What an origin is sent for a client's request. Pure.
#pragma once

#include <selvedge/downstream/stream.hpp>
#include <selvedge/http/head.hpp>

#include <string_view>

namespace selvedge::proxy {

enum class Purpose : std::uint8_t {
  fill, // for everybody: no conditions and ranges of this client
  pass, // for this client: as it asked
};

// Fields that ask for the answer under a condition, or for a part of it (RFC 9110, 13.1 and 14.2).
inline constexpr std::uint64_t kConditional =
    bit_of(http::FieldName::if_match) | bit_of(http::FieldName::if_modified_since) |
    bit_of(http::FieldName::if_none_match) | bit_of(http::FieldName::if_range) |
    bit_of(http::FieldName::if_unmodified_since) | bit_of(http::FieldName::range);
constexpr bool is_conditional(http::FieldName id) {
  return (kConditional & bit_of(id)) != 0;
}

// A copy of the client's head with its texts in `arena`: hop-by-hop fields off, forwarding fields
// set to what this node knows (RFC 9110, 7.6.3; X-Forwarded-* of clients are not believed).
http::RequestHead forwarded_head(const http::RequestHead& request,
                                 const downstream::ClientConnection& client, std::string_view via,
                                 Purpose purpose, base::Arena& arena);

// True when this node is in the request's Via already: it asks itself.
bool is_loop(const http::RequestHead& request, std::string_view node_name);

} // namespace selvedge::proxy
