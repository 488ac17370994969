#include "answer_form.hpp"

#include "forward.hpp"

#include <selvedge/http/validator.hpp>

#include <algorithm>

namespace selvedge::proxy {

using http::FieldName;

namespace {

http::Validators validators_of(const cache::StoredResponse& response) {
  return {response.etag(), response.last_modified(), response.head().value(FieldName::date)};
}

bool if_range_holds(const http::RequestHead& request, const cache::StoredResponse& response,
                    std::chrono::sys_seconds now) {
  return http::if_range_holds(request.fields, response.etag(), response.last_modified(),
                              response.head().value(FieldName::date), now);
}

} // namespace

AnswerForm answer_form(const http::RequestHead& request, const cache::StoredResponse& response,
                       std::optional<std::uint64_t> length, bool is_complete,
                       std::chrono::sys_seconds now) {
  AnswerForm form;
  if (!request.fields.may_have(kConditional)) return form;
  // RFC 9110, 13.2.1: conditions count only where the answer would be a success without them.
  if (response.status() < 200 || response.status() > 299) return form;
  if (http::is_not_modified(request, validators_of(response), response.date(), now)) {
    form.kind = AnswerForm::Kind::not_modified;
    return form;
  }
  // RFC 9110, 14.2: only for GET, only of a 200, or of one that slices stand for.
  const bool is_200 = response.status() == 200 || response.content_range();
  const bool has_range =
      request.method == http::Method::get && is_200 && request.fields.count(FieldName::range) == 1;
  if (!has_range || !length || !if_range_holds(request, response, now)) return form;
  form.selection = http::select_ranges(request.fields.value(FieldName::range), *length);
  switch (form.selection.kind) {
  case http::RangeSelection::Kind::whole:
    break;
  case http::RangeSelection::Kind::unsatisfiable:
    form.kind = AnswerForm::Kind::unsatisfiable;
    break;
  case http::RangeSelection::Kind::partial:
    form.kind = AnswerForm::Kind::partial;
    if (!is_complete) {
      std::sort(form.selection.ranges.begin(), form.selection.ranges.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
    }
    break;
  }
  return form;
}

std::optional<http::ByteRange> range_within(const http::RequestHead& request,
                                            const cache::StoredResponse& part,
                                            std::chrono::sys_seconds now) {
  if (request.fields.count(FieldName::range) != 1 || !part.content_range()) return std::nullopt;
  if (!if_range_holds(request, part, now)) return std::nullopt;
  const http::ContentRange& held = *part.content_range();
  const std::string_view value = request.fields.value(FieldName::range);
  http::ByteRange wanted;
  if (held.complete_length) {
    const http::RangeSelection selection = http::select_ranges(value, *held.complete_length);
    const bool is_one =
        selection.kind == http::RangeSelection::Kind::partial && selection.ranges.size() == 1;
    if (!is_one) return std::nullopt;
    wanted = selection.ranges.front();
  } else {
    // Of unknown length: only a range with both ends can be known to lie within.
    const auto specs = http::parse_range(value);
    if (!specs || specs->size() != 1 || !specs->front().first || !specs->front().last) {
      return std::nullopt;
    }
    wanted = {*specs->front().first, *specs->front().last};
  }
  if (wanted.first < held.range.first || wanted.last > held.range.last) return std::nullopt;
  return wanted;
}

bool belongs_in_not_modified(FieldName name) {
  switch (name) {
  case FieldName::content_encoding:
  case FieldName::content_length:
  case FieldName::content_range:
  case FieldName::content_type:
  case FieldName::last_modified: // the entity tag says it, where there is one
    return false;
  default:
    return true;
  }
}

} // namespace selvedge::proxy
