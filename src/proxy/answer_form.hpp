// In what form a response answers a request: whole, as 304, as ranges of it, or as a refusal of the
// ranges (RFC 9110, 13.2.2 and 14.2). Pure.
#pragma once

#include <selvedge/cache/stored_response.hpp>
#include <selvedge/http/byte_range.hpp>
#include <selvedge/http/head.hpp>

#include <optional>

namespace selvedge::proxy {

struct AnswerForm {
  enum class Kind : std::uint8_t { whole, not_modified, partial, unsatisfiable };
  Kind kind = Kind::whole;
  http::RangeSelection selection; // of the representation; partial: one range or more
};

// `length`: of the representation, when it is known. `is_complete`: all of it is here, so that
// ranges need not ascend.
AnswerForm answer_form(const http::RequestHead& request, const cache::StoredResponse& response,
                       std::optional<std::uint64_t> length, bool is_complete,
                       std::chrono::sys_seconds now);

// Where in a partial response (RFC 9111, 3.3) the single range of a request lies; nothing when it
// does not hold all of it.
std::optional<http::ByteRange> range_within(const http::RequestHead& request,
                                            const cache::StoredResponse& part,
                                            std::chrono::sys_seconds now);

// Of a stored head, what a 304 carries (RFC 9110, 15.4.5): what names, dates and directs the
// response, and no description of content that is not there.
bool belongs_in_not_modified(http::FieldName name);

} // namespace selvedge::proxy
