// The chain of proxies that a request came through, as X-Forwarded-For and Forwarded (RFC 7239)
// tell it. Pure.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/downstream/stream.hpp>
#include <selvedge/http/field.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/proxy/routing.hpp>

#include <string>
#include <string_view>

namespace selvedge::proxy {

// What this node knows, as an element of Forwarded: "for=192.0.2.7;host=a.example;proto=https".
std::string forwarded_element(const downstream::ClientConnection& client,
                              std::string_view authority);

// The address of a node (RFC 7239, 6): without port, brackets and quotes. Nothing for "unknown",
// for names, and for what is malformed.
std::string_view address_of_node(std::string_view node);

// Who sent the request: the right-most address of the chain that is not a trusted proxy, and the
// left-most where all are. An address that cannot be read ends the chain. Of a peer that is not
// trusted, its own. The view is into one of the arguments.
std::string_view client_address(const http::FieldList& request, std::string_view peer,
                                const Forwarding& forwarding);

// What a trusted proxy says of the scheme and host that its client asked for: "http" or "https", as
// X-Forwarded-Proto or else Forwarded has it, and an authority, as X-Forwarded-Host has it, where
// origins are told in these fields. Nothing for what is neither, and of others.
std::string_view told_scheme(const http::FieldList& request, std::string_view peer,
                             const Forwarding& forwarding);
std::string_view told_host(const http::FieldList& request, std::string_view peer,
                           const Forwarding& forwarding);
// The hosts and schemes in Forwarded of a trusted proxy, where origins get to see it, and whatever
// else an origin might take for one, as one text in the arena. Nothing where all of them are those
// of the request.
std::string_view told_by_forwarded(const http::RequestHead& request, std::string_view peer,
                                   const Forwarding& forwarding, base::Arena& arena);

} // namespace selvedge::proxy
