// What becomes of a stored response when the origin says something new about it without sending it
// again: a 304 (RFC 9111, 4.3.3 and 4.3.4) or the answer to a HEAD (4.3.5). Pure.
#pragma once

#include <selvedge/cache/stored_response.hpp>
#include <selvedge/http/head.hpp>

namespace selvedge::cache {

// RFC 9111, 4.3.4: whether a 304 is about this stored response: the strong validator that it has is
// the same, else the weak one, else it has none and nothing contradicts.
bool is_confirmed_by(const http::ResponseHead& not_modified, const StoredResponse& stored);

// RFC 9111, 4.3.5: whether a 200 to a HEAD shows that the stored content is still that of a GET.
bool agrees_with_head(const http::ResponseHead& head, const StoredResponse& stored);

// The fields of the stored response, updated (RFC 9111, 3.2): each field of the new one replaces
// those of its name; Content-Length, and Content-Encoding and Content-Range, which say what the
// stored bytes are, stay. Views of both.
http::FieldList updated_fields(const http::HeadBlock& stored, const http::FieldList& update);

} // namespace selvedge::cache
