// Large objects on routes that fetch them slice by slice.
#include "exchange.hpp"

#include "answer_form.hpp"

namespace selvedge::proxy {

using http::CacheOutcome;
using http::FieldName;
using http::Method;

bool Exchange::uses_slices() const {
  return route_->slice > 0 && stream_.request().method == Method::get;
}

void Exchange::begin_slices() {
  const http::RequestHead& request = stream_.request();
  if (is_loop(request, proxy_.via_name_)) return answer_status(508);
  forward_reason_ = "uri-miss";
  SlicedContent::Context context;
  context.proxy = &proxy_;
  context.routing = routing_;
  context.route = route_;
  context.request = &request;
  context.client = &stream_.client();
  context.key = key_;
  SlicedContent::User& user = *this;
  slices_ = std::make_unique<SlicedContent>(std::move(context), user);
  // With If-Range, the whole may be wanted after all.
  std::uint64_t offset = 0;
  const bool may_be_whole = request.fields.find(FieldName::if_range) != nullptr;
  const auto specs = http::parse_range(request.fields.value(FieldName::range));
  if (!may_be_whole && specs && specs->size() == 1) offset = specs->front().first.value_or(0);
  slices_->open(offset);
}

void Exchange::on_slice_head() {
  if (stream_.has_responded()) return;
  const cache::StoredResponse* head = slices_->head();
  if (head == nullptr) return answer_error(slices_->error());
  // A part that cannot be continued safely: as the client asked, then.
  if (head->status() == 206 && !slices_->is_sliceable()) {
    slices_->leave();
    return go_alone("bypass");
  }
  outcome_ = slices_->is_leader() ? CacheOutcome::miss : CacheOutcome::collapsed;
  if (slices_->is_from_store()) {
    const bool is_fresh = slices_->decision().ttl > base::Seconds{0};
    outcome_ = is_fresh ? CacheOutcome::hit : CacheOutcome::stale;
  }
  add_slice_fields(*head);
  respond_slices(*head);
}

void Exchange::add_slice_fields(const cache::StoredResponse& head) {
  CacheStatusParts parts;
  parts.outcome = outcome_;
  if (slices_->is_from_store()) {
    parts.ttl = slices_->decision().ttl;
  } else {
    parts.forward_reason = forward_reason_;
    if (slices_->is_leader()) parts.forward_status = head.status();
    parts.is_stored = slices_->is_stored();
  }
  add_field(FieldName::cache_status,
            cache_status_text(proxy_.options_.node_name, parts, stream_.arena()));
  const base::Seconds age = head.freshness().age(proxy_.worker_.now().steady);
  if (outcome_ != CacheOutcome::miss || age.count() > 0) return add_cache_fields(age);
  add_field(FieldName::via, proxy_.via_);
}

void Exchange::respond_slices(const cache::StoredResponse& head) {
  const bool is_sliced = slices_->is_sliceable();
  const auto length = is_sliced ? slices_->length() : head.body().length();
  AnswerForm form = answer_form(stream_.request(), head, length, false, proxy_.worker_.now().wall);
  if (form.kind == AnswerForm::Kind::not_modified) return respond_not_modified(head);
  if (form.kind == AnswerForm::Kind::unsatisfiable) return answer_unsatisfied(*length);
  downstream::Response response;
  response.block = &head.head();
  response.status = head.status();
  response.content_length = length;
  if (!http::has_no_content(head.status())) response.content = this;
  if (!is_sliced) {
    slices_->deliver_body();
    return send(response);
  }
  const bool is_range = form.kind == AnswerForm::Kind::partial && form.selection.ranges.size() == 1;
  const http::ByteRange range =
      is_range ? form.selection.ranges.front() : http::ByteRange{0, *length - 1};
  response.status = is_range ? 206 : 200;
  response.content_length = range.size();
  if (is_range) {
    add_field(FieldName::content_range, content_range_text(range, *length, stream_.arena()));
  }
  slices_->deliver(range);
  send(response);
}

} // namespace selvedge::proxy
