// Request field values in a form in which equal meanings are equal texts (RFC 9111, 4.1), so that
// clients that merely write differently share one stored response.
#pragma once

#include <selvedge/http/field.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace selvedge::cache {

// What a canonical form has room for; longer values are compared as they were sent.
inline constexpr std::size_t kCanonicalBytes = 512;

// Whether the meaning of the field's values is known here.
inline bool has_canonical_form(http::FieldName id) {
  return id == http::FieldName::accept_encoding || id == http::FieldName::accept_language;
}

// The canonical form of all lines of the field, in `scratch`. Accept-Encoding: codings in lower
// case, x-gzip as gzip, refused ones left out where nothing else admits them, by weight, then name
// (RFC 9110, 12.5.3). Accept-Language: ranges in lower case by weight, equal weights in their order
// (12.5.4). Nothing for other fields, whose syntax is not known here, for absent ones, and where it
// does not fit. Idempotent.
std::optional<std::string_view> canonical_value(const http::FieldList& request, http::FieldName id,
                                                std::span<char, kCanonicalBytes> scratch);

} // namespace selvedge::cache
