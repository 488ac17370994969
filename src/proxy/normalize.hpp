// One form for requests that mean the same to a route: for the key, for Vary, and for the origin,
// which is asked in that form too.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/proxy/routing.hpp>

namespace selvedge::proxy {

// The host in lower case and without a port that says nothing: what the origin is told is what the
// key has.
std::string_view normal_authority(std::string_view authority, std::string_view scheme,
                                  base::Arena& arena);

// For GET and HEAD of a route that is cached: the target by its query rule, and the fields that the
// route normalises reduced to what it keeps. normal_path() comes before the route is looked for.
void normalize(http::RequestHead& request, const Route& route, base::Arena& arena);

} // namespace selvedge::proxy
