// One cookie of a request. Pure.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/http/field.hpp>

#include <string_view>

namespace selvedge::proxy {

// RFC 6265, 5.4: "a=b; NAME=value", in one field or several (RFC 9113, 8.2.3). The first of that
// name; "" where there is none.
std::string_view cookie_in(const http::FieldList& fields, std::string_view name);
// Takes all of that name away; the texts of what is left are in the arena.
void remove_cookie(http::FieldList& fields, std::string_view name, base::Arena& arena);

} // namespace selvedge::proxy
