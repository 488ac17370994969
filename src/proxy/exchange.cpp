#include "exchange.hpp"

#include "answers.hpp"

#include <selvedge/http/validator.hpp>

namespace selvedge::proxy {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using cache::Action;
using cache::Fill;
using http::CacheOutcome;
using http::FieldName;
using http::Method;

namespace {
constexpr http::Status kClientGone = 499; // in logs and metrics, as nginx has it
} // namespace

void Exchange::start() {
  const http::RequestHead& request = stream_.request();
  routing_ = proxy_.routing_;
  if (request.method == Method::connect || request.method == Method::trace) {
    return answer_status(405);
  }
  route_ = routing_->find(request.authority, request.path());
  if (route_ == nullptr) {
    proxy_.counters_.unrouted.add();
    return answer_status(404);
  }
  look_up();
}

void Exchange::look_up() {
  const http::RequestHead& request = stream_.request();
  key_ = cache::make_cache_key(request.scheme, request.authority, request.target, stream_.arena());
  const bool may_be_stored =
      route_->policy.enabled && (request.method == Method::get || request.method == Method::head);
  cache::StoredResponsePtr stored;
  if (may_be_stored) stored = proxy_.store_.find(key_, request);
  const cache::CacheDecision decision =
      cache::decide(request, stored.get(), proxy_.worker_.now(), route_->policy);
  switch (decision.action) {
  case Action::serve:
    return serve(std::move(stored), CacheOutcome::hit, decision);
  case Action::serve_stale_and_revalidate:
    revalidate_in_background(stored);
    return serve(std::move(stored), CacheOutcome::stale, decision);
  case Action::answer_504:
    forward_reason_ = {};
    return answer_status(504);
  case Action::pass:
    return go_alone(request.method == Method::get || request.method == Method::head ? "bypass"
                                                                                    : "method");
  case Action::revalidate:
    was_stale_ = true;
    return join_fill(std::move(stored), {});
  case Action::fetch:
    was_stale_ = stored != nullptr;
    return join_fill(nullptr, {});
  }
}

// --- from the store

void Exchange::serve(cache::StoredResponsePtr stored, CacheOutcome outcome,
                     const cache::CacheDecision& decision) {
  stored_ = std::move(stored);
  outcome_ = outcome;
  reader_ = cache::BodyReader(stored_->body());
  CacheStatusParts parts;
  parts.outcome = outcome;
  parts.ttl = decision.ttl;
  extras_.add(FieldName::cache_status,
              cache_status_text(proxy_.options_.node_name, parts, stream_.arena()));
  add_cache_fields(decision.age);
  respond_stored(*stored_);
}

void Exchange::add_cache_fields(base::Seconds age) {
  extras_.add(FieldName::age, number_text(age.count(), stream_.arena()));
  extras_.add(FieldName::via, proxy_.via_);
}

bool Exchange::is_not_modified(const cache::StoredResponse& stored) const {
  const bool has_condition = stored.status() == 200 && outcome_ != CacheOutcome::pass;
  return has_condition && http::is_not_modified(stream_.request(), stored.etag(),
                                                stored.last_modified(), proxy_.worker_.now().wall);
}

void Exchange::respond_stored(const cache::StoredResponse& stored) {
  downstream::Response response;
  response.block = &stored.head();
  response.fields = {extras_.fields.data(), extras_.count};
  response.status = stored.status();
  if (is_not_modified(stored)) {
    response.status = 304;
  } else if (!http::has_no_content(stored.status())) {
    // HTTP/1.1 has trailers only behind chunked content.
    if (trailers().empty()) response.content_length = stored.body().length();
    response.content = this;
  }
  status_ = response.status;
  stream_.respond(response); // the last word: the stream may be over
}

void Exchange::revalidate_in_background(const cache::StoredResponsePtr& stale) {
  cache::FillPtr fill = proxy_.fills_.begin(key_);
  if (!fill) return;
  Filler::Task task;
  task.fill = std::move(fill);
  task.routing = routing_;
  task.route = route_;
  task.stale = stale;
  Filler::start(proxy_, stream_.request(), stream_.client(), std::move(task));
}

// --- from the origin, shared

void Exchange::join_fill(cache::StoredResponsePtr stale, std::string_view variant) {
  const http::RequestHead& request = stream_.request();
  if (is_loop(request, proxy_.via_name_)) return answer_status(508);
  // The answer to HEAD has no content to keep: it is asked for as it is.
  if (request.method == Method::head) return go_alone(was_stale_ ? "stale" : "uri-miss");
  forward_reason_ = was_stale_ ? "stale" : "uri-miss";
  cache::FillTable::Joined joined = proxy_.fills_.join(key_, variant, *this);
  fill_ = std::move(joined.fill);
  is_leader_ = joined.is_leader;
  if (!is_leader_) {
    outcome_ = CacheOutcome::collapsed;
    proxy_.counters_.collapsed.add();
    if (fill_->state() != Fill::State::waiting) on_progress();
    return;
  }
  outcome_ = CacheOutcome::miss;
  if (!stale && serve_if_stored_meanwhile()) return;
  start_filler(Purpose::fill, std::move(stale));
}

// Another fill may have ended between the lookup and the join: then ours is not needed.
bool Exchange::serve_if_stored_meanwhile() {
  cache::StoredResponsePtr found = proxy_.store_.find(key_, stream_.request());
  const cache::CacheDecision decision =
      cache::decide(stream_.request(), found.get(), proxy_.worker_.now(), route_->policy);
  if (decision.action != Action::serve) return false;
  const cache::FillPtr fill = fill_;
  proxy_.fills_.remove(*fill);
  leave_fill();
  // Whoever joined in the meantime finds the same in the store.
  fill->fail({ErrorCode::cancelled, ErrorSource::internal});
  serve(std::move(found), CacheOutcome::hit, decision);
  return true;
}

void Exchange::start_filler(Purpose purpose, cache::StoredResponsePtr stale) {
  const http::RequestHead& request = stream_.request();
  Filler::Task task;
  task.fill = fill_;
  task.routing = routing_;
  task.route = route_;
  task.purpose = purpose;
  task.stale = std::move(stale);
  if (request.has_content) task.content = &stream_.content();
  auto filler = Filler::start(proxy_, request, stream_.client(), std::move(task));
  if (request.has_content) filler_ = std::move(filler);
}

// A fill of our own that nobody else can find.
void Exchange::go_alone(std::string_view reason) {
  if (is_loop(stream_.request(), proxy_.via_name_)) return answer_status(508);
  forward_reason_ = reason;
  outcome_ = CacheOutcome::pass;
  is_leader_ = true;
  fill_ = new Fill(std::string(key_.text), key_.print);
  fill_->subscribe(*this);
  start_filler(Purpose::pass, nullptr);
}

void Exchange::leave_fill() {
  if (!fill_) return;
  fill_->unsubscribe(*this);
  reader_.leave();
  fill_->note_consumed(); // what this reader held back is free
  proxy_.wakes_->remove(*this);
  fill_.reset();
}

void Exchange::resume() {
  if (stream_.has_responded()) {
    stream_.on_body_ready();
  } else {
    answer_from_fill();
  }
}

void Exchange::answer_from_fill() {
  switch (fill_->state()) {
  case Fill::State::waiting:
    return;
  case Fill::State::failed:
    // The fill was not needed, or its leader had no use for it: look again, once.
    if (fill_->error().code == ErrorCode::cancelled && !is_leader_) return follow_elsewhere();
    return answer_error(fill_->error());
  case Fill::State::alone:
    if (!is_leader_) return follow_elsewhere();
    break;
  case Fill::State::streaming:
  case Fill::State::complete:
    if (!cache::selects(*fill_->response(), stream_.request())) return follow_elsewhere();
    break;
  }
  serve_fill();
}

// What the fill brings is not for us: another variant, an answer to its leader alone, or nothing.
void Exchange::follow_elsewhere() {
  const cache::FillPtr fill = fill_;
  leave_fill();
  if (looked_again_ || fill->state() == Fill::State::alone) return go_alone("bypass");
  looked_again_ = true;
  if (fill->state() == Fill::State::failed) return look_up();
  // Those who want the same variant wait for one fill of it.
  join_fill(nullptr, variant_wanted(*fill->response()));
}

std::string Exchange::variant_wanted(const cache::StoredResponse& other) const {
  http::FieldList vary;
  for (const http::Field& field : other.head().fields()) {
    if (field.id == FieldName::vary) vary.add(field);
  }
  return cache::vary_text(vary, stream_.request()).value_or(std::string());
}

void Exchange::serve_fill() {
  const cache::StoredResponse& answer = *fill_->response();
  status_ = answer.status();
  const bool was_validated = fill_->was_validated();
  if (was_validated && is_leader_) outcome_ = CacheOutcome::revalidated;
  reader_ = cache::BodyReader::growing(answer.body());
  CacheStatusParts parts;
  parts.outcome = outcome_;
  parts.forward_reason = forward_reason_;
  if (is_leader_) parts.forward_status = was_validated ? http::Status{304} : answer.status();
  parts.is_stored = is_leader_ && fill_->state() != Fill::State::alone;
  extras_.add(FieldName::cache_status,
              cache_status_text(proxy_.options_.node_name, parts, stream_.arena()));
  // RFC 9111, 5.1: an Age says that the answer was not made for this request.
  const base::Seconds age = answer.freshness().age(proxy_.worker_.now().steady);
  const bool is_shared = outcome_ == CacheOutcome::collapsed || was_validated;
  if (is_shared || age.count() > 0) {
    add_cache_fields(age);
  } else {
    extras_.add(FieldName::via, proxy_.via_);
  }
  respond_stored(answer);
}

// --- content

http::BodySource::Peek Exchange::peek(std::span<std::string_view> views) {
  if (!own_content_.empty()) {
    views[0] = own_content_;
    return {http::BodyState::ready, 1, true};
  }
  if (status_ == 0 || (!stored_ && !fill_)) return {http::BodyState::end, 0, true};
  if (fill_ && !reader_.is_started()) {
    if (auto first = fill_->take_first(*this)) reader_.start(std::move(first));
  }
  return reader_.peek(views);
}

void Exchange::consume(std::size_t bytes) {
  if (!own_content_.empty()) {
    own_content_.remove_prefix(bytes);
    return;
  }
  reader_.consume(bytes);
  if (fill_) fill_->note_consumed();
}

// --- made here

void Exchange::refuse(Error error) {
  proxy_.counters_.refused.add();
  if (filler_) filler_->detach_client();
  answer_error(error);
}

void Exchange::answer_error(Error error) {
  extras_.add(FieldName::proxy_status,
              proxy_status_text(proxy_.options_.node_name, error, stream_.arena()));
  outcome_ = error.source == ErrorSource::downstream ? CacheOutcome::none : CacheOutcome::error;
  answer_status(status_of(error));
}

void Exchange::answer_status(http::Status status) {
  leave_fill();
  base::Arena& arena = stream_.arena();
  extras_.add(FieldName::via, proxy_.via_);
  if (outcome_ == CacheOutcome::none || outcome_ == CacheOutcome::pass) {
    outcome_ = CacheOutcome::synthetic;
  }
  status_ = status;
  if (!forward_reason_.empty()) {
    CacheStatusParts parts;
    parts.outcome = outcome_;
    parts.forward_reason = forward_reason_;
    extras_.add(FieldName::cache_status,
                cache_status_text(proxy_.options_.node_name, parts, arena));
  }
  extras_.add(FieldName::content_type, "text/plain; charset=utf-8");
  if (status == 405) extras_.add(FieldName::allow, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (status == 503) extras_.add(FieldName::retry_after, "1");
  own_content_ = error_content(status, arena);
  downstream::Response response;
  response.status = status;
  response.fields = {extras_.fields.data(), extras_.count};
  response.content_length = own_content_.size();
  response.content = this;
  stream_.respond(response);
}

// --- the end

void Exchange::on_stream_end(const downstream::StreamEnd& end) {
  if (filler_) filler_->detach_client();
  leave_fill();
  if (status_ == 0) status_ = kClientGone;
  const net::Worker& worker = proxy_.worker_;
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(worker.now().steady -
                                                                              stream_.started());
  if (route_ != nullptr) {
    route_->counters->count(outcome_, status_, duration, reader_.consumed());
  }
  AccessRecord* record = proxy_.log_ != nullptr ? proxy_.log_->reserve() : nullptr;
  if (record == nullptr) return;
  const http::RequestHead& request = stream_.request();
  record->clear();
  record->time = worker.now().wall;
  record->duration = duration;
  record->content_bytes = reader_.consumed();
  record->status = status_;
  record->outcome = outcome_;
  record->version = request.version;
  record->is_secure = stream_.client().is_secure;
  record->is_complete = end.is_complete;
  record->set(AccessRecord::client, stream_.client().peer_address);
  record->set(AccessRecord::listener, stream_.client().listener);
  record->set(AccessRecord::route, route_ != nullptr ? std::string_view(route_->name) : "");
  record->set(AccessRecord::method, request.method_text);
  record->set(AccessRecord::authority, request.authority);
  record->set(AccessRecord::target, request.target);
  record->set(AccessRecord::agent, request.fields.value(FieldName::user_agent));
  const http::Field* referer = request.fields.find("referer");
  record->set(AccessRecord::referer, referer != nullptr ? referer->value : "");
  proxy_.log_->push();
}

} // namespace selvedge::proxy
