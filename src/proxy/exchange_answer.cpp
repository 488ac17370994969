// The answer as it is written: whole, 304, ranges, or made here.
#include "exchange.hpp"

#include "answer_form.hpp"
#include "forward.hpp"
#include "header_rules.hpp"

namespace selvedge::proxy {

using base::Error;
using base::ErrorSource;
using http::CacheOutcome;
using http::FieldName;

namespace {

// What describes the content of the representation: it says nothing of a 304, of an answer made
// here, or of a body of several parts.
constexpr std::uint64_t kAboutContent =
    bit_of(FieldName::content_type) | bit_of(FieldName::content_encoding);

} // namespace

void Exchange::add_cache_fields(base::Seconds age) {
  add_field(FieldName::age, number_text(age.count(), stream_.arena()));
  add_field(FieldName::via, proxy_.via_);
}

void Exchange::send(downstream::Response& response) {
  for (const http::Field& field : kept_fields_) extras_.push_back(field);
  response.fields = {extras_.data(), extras_.size()};
  if (bundle_ != nullptr) add_bundle_lifetime(response);
  if (route_ != nullptr && route_->response_rules) {
    const bool has_parts = ranges_ && !ranges_->content_type().empty();
    const bool is_other = response.status == 304 || !own_content_.empty() || has_parts;
    response =
        route_->response_rules->applied(response, is_other ? kAboutContent : 0, stream_.arena());
  }
  status_ = response.status;
  stream_.respond(response); // the last word: the stream may be over
}

// An edge, known by its address, says that it is one (see Filler::head_to_origin), and gets what
// this node was told as a cache: so its purges by tag find what it stores.
void Exchange::add_fields_for_edges(const cache::StoredResponse& answer) {
  const Forwarding& forwarding = routing_->forwarding();
  if (!forwarding.trusted || answer.steering().fields().empty()) return;
  if (stream_.request().fields.find(kSurrogateCapability) == nullptr) return;
  if (!forwarding.trusts(stream_.client().peer_address)) return;
  for (const http::Field& field : answer.steering().fields()) extras_.push_back(field);
}

void Exchange::respond(const cache::StoredResponse& answer) {
  add_fields_for_edges(answer);
  if (route_->compression) add_vary(answer);
  const http::RequestHead& request = stream_.request();
  const auto now = proxy_.worker_.now().wall;
  if (answer.content_range()) {
    const AnswerForm form = answer_form(request, answer, std::nullopt, false, now);
    if (form.kind == AnswerForm::Kind::not_modified) return respond_not_modified(answer);
    // Of a fill, it is what was asked for; of the store, it holds that.
    const auto wanted = range_within(request, answer, now);
    return respond_part(answer, wanted.value_or(answer.content_range()->range));
  }
  if (outcome_ != CacheOutcome::pass) { // what passes, the origin has judged
    const bool is_complete = stored_ != nullptr;
    const AnswerForm form = answer_form(request, answer, answer.body().length(), is_complete, now);
    switch (form.kind) {
    case AnswerForm::Kind::whole:
      break;
    case AnswerForm::Kind::not_modified:
      return respond_not_modified(answer);
    case AnswerForm::Kind::partial:
      return respond_ranges(answer, form.selection.ranges, *answer.body().length());
    case AnswerForm::Kind::unsatisfiable:
      return answer_unsatisfied(*answer.body().length());
    }
  }
  downstream::Response response;
  response.block = &answer.head();
  response.status = answer.status();
  if (links_ && !links_->empty() && response.status == 200) add_field(FieldName::link, *links_);
  if (!http::has_no_content(answer.status())) {
    // HTTP/1.1 has trailers only behind chunked content.
    if (trailers().empty()) response.content_length = answer.body().length();
    response.content = this;
  }
  send(response);
}

void Exchange::answer_unsatisfied(std::uint64_t complete_length) {
  answer_status(416, http::Field{FieldName::content_range, text_of(FieldName::content_range),
                                 unsatisfied_range_text(complete_length, stream_.arena())});
}

void Exchange::respond_not_modified(const cache::StoredResponse& answer) {
  const bool has_etag = !answer.etag().empty();
  for (const http::Field& field : answer.head().fields()) {
    const bool dates_it = field.id == FieldName::last_modified && !has_etag;
    if (dates_it || belongs_in_not_modified(field.id)) extras_.push_back(field);
  }
  downstream::Response response;
  response.status = 304;
  send(response);
}

void Exchange::respond_ranges(const cache::StoredResponse& answer,
                              std::span<const http::ByteRange> ranges,
                              std::uint64_t complete_length) {
  ranges_.emplace(reader_, ranges, complete_length, answer.head().value(FieldName::content_type),
                  stream_.arena());
  const bool is_multipart = !ranges_->content_type().empty();
  downstream::Response response;
  response.status = 206;
  response.content_length = ranges_->content_length();
  response.content = this;
  if (is_multipart) { // the type of the parts is written with each of them
    for (const http::Field& field : answer.head().fields()) {
      if (field.id != FieldName::content_type) extras_.push_back(field);
    }
    add_field(FieldName::content_type, ranges_->content_type());
  } else {
    response.block = &answer.head();
    add_field(FieldName::content_range, ranges_->content_range());
  }
  send(response);
}

// `wanted` is in places of the representation, the body begins somewhere within it.
void Exchange::respond_part(const cache::StoredResponse& part, const http::ByteRange& wanted) {
  const http::ContentRange& held = *part.content_range();
  const std::uint64_t before = held.range.first;
  const http::ByteRange in_body{wanted.first - before, wanted.last - before};
  ranges_.emplace(reader_, std::span(&in_body, 1), held.range.size(), std::string_view(),
                  stream_.arena());
  downstream::Response response;
  response.status = 206;
  response.block = &part.head();
  response.content_length = in_body.size();
  response.content = this;
  add_field(FieldName::content_range,
            content_range_text(wanted, held.complete_length, stream_.arena()));
  send(response);
}

// --- content

http::BodySource::Peek Exchange::peek(std::span<std::string_view> views) {
  if (!own_content_.empty()) {
    views[0] = own_content_;
    return {http::BodyState::ready, 1, true};
  }
  if (is_sliced()) return slices_->peek(views);
  if (status_ == 0 || (!stored_ && !fill_)) return {http::BodyState::end, 0, true};
  if (fill_ && !reader_.is_started()) {
    if (auto first = fill_->take_first(*this)) reader_.start(std::move(first));
  }
  if (!ranges_) return reader_.peek(views);
  const Peek found = ranges_->peek(views);
  if (fill_) fill_->note_consumed(); // what lies before the range has been passed over
  return found;
}

void Exchange::consume(std::size_t bytes) {
  content_bytes_ += bytes;
  if (!own_content_.empty()) {
    own_content_.remove_prefix(bytes);
    return;
  }
  if (is_sliced()) {
    slices_->consume(bytes);
  } else if (ranges_) {
    ranges_->consume(bytes);
  } else {
    reader_.consume(bytes);
  }
  if (fill_) fill_->note_consumed();
}

std::span<const http::Field> Exchange::trailers() const {
  if (ranges_ || is_sliced() || !own_content_.empty()) return {};
  return reader_.trailers();
}

// --- made here

void Exchange::refuse(Error error) {
  proxy_.counters_.refused.add();
  if (filler_) filler_->detach_client();
  answer_error(error);
}

void Exchange::answer_error(Error error) {
  answer_error(error, status_of(error));
}

void Exchange::answer_error(Error error, http::Status status) {
  outcome_ = error.source == ErrorSource::downstream ? CacheOutcome::none : CacheOutcome::error;
  if (error.code == base::ErrorCode::overloaded) {
    outcome_ = CacheOutcome::shed;
    const bool is_its_content = error.source == ErrorSource::downstream;
    shed_reason_ = is_its_content ? ShedReason::memory : ShedReason::origin;
  }
  answer_status(status,
                http::Field{FieldName::proxy_status, text_of(FieldName::proxy_status),
                            proxy_status_text(proxy_.options_.node_name, error, stream_.arena())});
}

void Exchange::answer_status(http::Status status, std::optional<http::Field> field) {
  extras_.clear(); // they are about another answer, and may lie in what is left now
  leave_fill();
  base::Arena& arena = stream_.arena();
  add_field(FieldName::via, proxy_.via_);
  if (outcome_ == CacheOutcome::none || outcome_ == CacheOutcome::pass) {
    outcome_ = CacheOutcome::synthetic;
  }
  if (field) extras_.push_back(*field);
  if (!forward_reason_.empty() || outcome_ == CacheOutcome::hit) {
    CacheStatusParts parts;
    parts.outcome = outcome_;
    parts.forward_reason = forward_reason_;
    add_field(FieldName::cache_status, cache_status_text(proxy_.options_.node_name, parts, arena));
  }
  add_field(FieldName::content_type, "text/plain; charset=utf-8");
  if (status == 405 || status == 204)
    add_field(FieldName::allow, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  const bool says_when = field && field->id == FieldName::retry_after;
  if (status == 503 && !says_when) add_field(FieldName::retry_after, "1");
  own_content_ = error_content(status, arena);
  downstream::Response response;
  response.status = status;
  if (!http::has_no_content(status)) {
    response.content_length = own_content_.size();
    response.content = this;
  }
  send(response);
}

} // namespace selvedge::proxy
