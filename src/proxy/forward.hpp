// What an origin is sent for a client's request. Pure.
#pragma once

#include "header_rules.hpp"
#include "trace_context.hpp"

#include <selvedge/downstream/stream.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/proxy/routing.hpp>

#include <string_view>

namespace selvedge::proxy {

// How an edge tells a shield that it is a cache, after the Edge Architecture Specification.
inline constexpr std::string_view kSurrogateCapability = "surrogate-capability";

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

// What else makes the head. All of it outlives the call only.
struct ForwardContext {
  const downstream::ClientConnection& client;
  std::string_view via; // of this node
  const Forwarding& forwarding;
  Purpose purpose = Purpose::fill;
  const HeaderRules* rules = nullptr;  // of the route; null: none
  const TraceContext* trace = nullptr; // null: the client's fields pass as they are
  // Where the answer may be stored, for which the key must know all that the origin goes by: fields
  // that claim to be of another request do not pass, unless they are part of the key. Null: none is
  // stored.
  const Route* caching = nullptr;
};

// A copy of the client's head with its texts in `arena`, but for those of the rules, which live as
// long as the route: hop-by-hop fields off, Via continued (RFC 9110, 7.6.3), forwarding fields
// (X-Forwarded-*, Forwarded) continued for trusted proxies and replaced for all others.
http::RequestHead forwarded_head(const http::RequestHead& request, const ForwardContext& context,
                                 base::Arena& arena);

// True when this node is in the request's Via already: it asks itself.
bool is_loop(const http::RequestHead& request, std::string_view node_name);

} // namespace selvedge::proxy
