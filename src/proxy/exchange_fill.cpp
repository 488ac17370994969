// Waiting for the origin. Whoever asks first leads: its Filler asks; the others follow the same
// fill and take what it brings, if it is for them.
#include "exchange.hpp"

#include "answer_form.hpp"

#include <algorithm>

namespace selvedge::proxy {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using cache::Fill;
using cache::Standing;
using http::CacheOutcome;
using http::FieldName;
using http::Method;

namespace {

// RFC 8297: hints of use before the answer is there.
bool is_hint(std::string_view link) {
  for (const char* relation : {"preload", "preconnect", "modulepreload", "dns-prefetch"}) {
    if (link.find(relation) != std::string_view::npos) return true;
  }
  return false;
}

} // namespace

void Exchange::ask_origin(cache::StoredResponsePtr stored, const cache::CacheDecision& decision) {
  const http::RequestHead& request = stream_.request();
  stale_ = stored && !stored->is_pass_marker() ? std::move(stored) : nullptr;
  about_stale_ = decision;
  range_ = {};
  if (stale_) {
    forward_reason_ = decision.is_client_demand ? "request" : "stale";
    send_early_hints(*stale_);
  } else if (forward_reason_.empty()) {
    const auto variants = proxy_.store_.variants(key_);
    const bool has_others = std::any_of(variants.begin(), variants.end(), [](const auto& one) {
      return !one->is_pass_marker() && !one->content_range() && one->coding() == cache::kAsItCame;
    });
    forward_reason_ = has_others ? "vary-miss" : "uri-miss";
  }
  if (stops_at_store()) return;
  // The answer to HEAD has no content to keep: it is asked for as it is.
  if (request.method == Method::head) return go_alone(forward_reason_);
  // RFC 9111, 4.3.2: conditions that only the origin can judge.
  if (request.fields.find(FieldName::if_match) != nullptr ||
      request.fields.find(FieldName::if_unmodified_since) != nullptr) {
    return go_alone(forward_reason_);
  }
  const http::Field* range = stale_ ? nullptr : request.fields.find(FieldName::range);
  if (range != nullptr && route_->range_miss == RangeMiss::forward &&
      request.fields.count(FieldName::range) == 1) {
    const auto specs = http::parse_range(range->value);
    // Parts of several ranges cannot be stored as parts of one.
    if (specs && specs->size() > 1) return go_alone(forward_reason_);
    if (specs && request.fields.find(FieldName::if_range) != nullptr) {
      return go_alone(forward_reason_);
    }
    if (specs) range_ = range->value;
  }
  send_closure_hints();
  if (bundle_ != nullptr && !knows_content(Awaited::content)) return;
  if (asks_alone_) return go_alone(forward_reason_, Purpose::fill);
  join_fill({});
}

// The client can begin with what the page needed the last time while the origin is asked.
void Exchange::send_early_hints(const cache::StoredResponse& stale) {
  if (!route_->early_hints || stream_.request().method != Method::get) return;
  // What was never fresh may have been another client's.
  const cache::Freshness& freshness = stale.freshness();
  if (freshness.no_cache || freshness.lifetime <= base::Seconds{0}) return;
  boost::container::small_vector<http::Field, 8> hints;
  for (const http::Field& field : stale.head().fields()) {
    if (field.id == FieldName::link && is_hint(field.value)) hints.push_back(field);
  }
  if (!hints.empty()) stream_.inform(103, {hints.data(), hints.size()});
}

void Exchange::on_interim(const http::ResponseHead& head) {
  if (stream_.has_responded()) return;
  http::FieldList fields = head.fields;
  http::remove_hop_by_hop(fields);
  stream_.inform(head.status, {fields.begin(), fields.end()});
}

// Fills of one key run side by side for each variant, and for each range that is asked for.
void Exchange::join_fill(std::string variant) {
  if (is_loop(stream_.request(), proxy_.via_name_)) return answer_status(508);
  if (!range_.empty()) variant.append("range ").append(range_);
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
  if (!stale_ && serve_if_stored_meanwhile()) return;
  start_filler(Purpose::fill);
}

// Another fill may have ended between the lookup and the join: then ours is not needed.
bool Exchange::serve_if_stored_meanwhile() {
  cache::StoredResponsePtr found = find();
  if (!found) return false;
  const Standing standing = proxy_.store_.purges().standing(found->purge_state());
  const cache::CacheDecision decision =
      cache::decide(stream_.request(), found.get(), proxy_.worker_.now(), route_->policy, standing);
  if (decision.action != cache::Action::serve) return false;
  const cache::FillPtr fill = fill_;
  proxy_.fills_.remove(*fill);
  leave_fill();
  // Whoever joined in the meantime finds the same in the store.
  fill->fail({ErrorCode::cancelled, ErrorSource::internal});
  serve(std::move(found), CacheOutcome::hit, decision);
  return true;
}

void Exchange::start_filler(Purpose purpose) {
  const http::RequestHead& request = stream_.request();
  Filler::Task task;
  task.fill = fill_;
  task.routing = routing_;
  task.route = route_;
  task.purpose = purpose;
  task.stale = stale_;
  if (purpose == Purpose::fill && !stale_ && range_.empty()) task.candidates = candidates();
  task.range = purpose == Purpose::fill ? std::string(range_) : std::string();
  task.has_fallback = stale_ && about_stale_.may_serve_on_error;
  if (request.has_content) task.content = &stream_.content();
  task.client = this;
  task.taken = taken_;
  task.asked_codings = asked_codings_;
  task.importance = importance();
  task.origin = other_origin();
  if (bundle_ != nullptr) {
    task.bundle = bundle_version();
    task.is_secondary = is_secondary_;
  }
  task.expected = expected_;
  task.most_lifetime = most_lifetime_;
  filler_ = Filler::start(proxy_, request, stream_.client(), std::move(task));
}

// RFC 9111, 4.3.1: other variants, one of which the origin may find right for this request too.
std::vector<cache::StoredResponsePtr> Exchange::candidates() {
  std::vector<cache::StoredResponsePtr> found;
  if (forward_reason_ != "vary-miss") return found;
  for (cache::StoredResponsePtr& one : proxy_.store_.variants(key_)) {
    const bool is_usable = !one->is_pass_marker() && !one->content_range() &&
                           !one->etag().empty() && one->coding() == cache::kAsItCame;
    if (is_usable && proxy_.store_.purges().standing(one->purge_state()) == Standing::valid) {
      found.push_back(std::move(one));
    }
  }
  return found;
}

// Answers under this key were not for sharing a moment ago, so nobody waits for another; but what
// comes may be stored again. With conditions of its own the client may need no content: then the
// origin is asked just as it asks.
void Exchange::fetch_alone() {
  const http::RequestHead& request = stream_.request();
  const bool has_conditions =
      request.method != Method::get || request.fields.may_have(kConditional);
  go_alone("uri-miss", has_conditions ? Purpose::pass : Purpose::fill);
}

// A fill of our own that nobody else can find.
void Exchange::go_alone(std::string_view reason, Purpose purpose) {
  if (stops_at_store()) return;
  if (is_loop(stream_.request(), proxy_.via_name_)) return answer_status(508);
  forward_reason_ = reason;
  if (bundle_ != nullptr && !is_content_known_) {
    alone_purpose_ = purpose;
    if (!knows_content(Awaited::content_alone)) return;
  }
  // The origin judges no conditions and ranges of what is compared as a whole.
  if (expected_ && stream_.request().method == Method::get) {
    purpose = Purpose::fill;
    http::FieldList& fields = stream_.request().fields;
    const auto kJudged = bit_of(FieldName::if_match) | bit_of(FieldName::if_unmodified_since);
    if (fields.may_have(kJudged)) fields.remove(FieldName::range);
  }
  outcome_ = CacheOutcome::pass;
  is_leader_ = true;
  fill_ = new Fill(std::string(key_.text), key_.print);
  fill_->subscribe(*this);
  start_filler(purpose);
}

void Exchange::leave_fill() {
  if (awaited_ != Awaited::nothing) {
    awaited_ = Awaited::nothing;
    stop_waiting();
    proxy_.wakes_->remove(*this);
  }
  if (slices_) slices_->leave();
  if (filler_) {
    note_fetch();
    filler_->detach_client();
  }
  filler_.reset();
  if (!fill_) return;
  fill_->unsubscribe(*this);
  reader_.leave();
  fill_->note_consumed(); // what this reader held back is free
  proxy_.wakes_->remove(*this);
  fill_.reset();
}

void Exchange::resume() {
  switch (awaited_) {
  case Awaited::nothing:
    break;
  case Awaited::version:
    return find_version();
  case Awaited::content:
    if (knows_content(Awaited::content)) join_fill({});
    return;
  case Awaited::content_alone:
    if (knows_content(Awaited::content_alone)) go_alone(forward_reason_, alone_purpose_);
    return;
  case Awaited::closure:
    return find_closure();
  }
  if (stream_.has_responded()) {
    stream_.on_body_ready();
  } else {
    answer_from_fill();
  }
}

void Exchange::answer_from_fill() {
  if (coding_of_) return answer_from_coding();
  switch (fill_->state()) {
  case Fill::State::waiting:
    return;
  case Fill::State::failed:
    return answer_failure(fill_->error());
  case Fill::State::alone:
    if (!is_leader_) return follow_elsewhere();
    break;
  case Fill::State::streaming:
  case Fill::State::complete:
    if (!is_leader_ && !may_share(*fill_->response())) return follow_elsewhere();
    break;
  }
  serve_fill();
}

// RFC 9111, 4: what came for the leader answers a follower too, if it selects it and need not be
// validated for each request. What must be is often made for who asks (5.2.2.4), though the origin
// does not say so: however new it is, it is the leader's.
bool Exchange::may_share(const cache::StoredResponse& response) const {
  if (!cache::selects(response, stream_.request())) return false;
  if (proxy_.store_.purges().standing(response.purge_state()) == Standing::purged) return false;
  const auto now = proxy_.worker_.now();
  if (response.content_range() && !range_within(stream_.request(), response, now.wall))
    return false;
  return cache::may_collapse(response, now);
}

// The stored response, though the origin should have been asked.
void Exchange::serve_instead(std::string_view detail) {
  cache::StoredResponsePtr stale = stale_;
  leave_fill();
  const bool is_fresh = about_stale_.ttl > base::Seconds{0};
  serve(std::move(stale), is_fresh ? CacheOutcome::hit : CacheOutcome::stale, about_stale_, detail);
}

void Exchange::answer_failure(Error error) {
  if (stale_ && about_stale_.may_serve_on_error && error.source == ErrorSource::upstream) {
    return serve_instead("stale-if-error");
  }
  // The fill was not needed, or its leader had no use for it.
  const bool is_for_leader =
      error.code == ErrorCode::cancelled || error.code == ErrorCode::server_error;
  if (is_for_leader && !is_leader_ && fill_) return follow_elsewhere();
  // RFC 9111, 5.2.2.2: what must be validated cannot be.
  if (stale_ && stale_->freshness().must_revalidate && error.source == ErrorSource::upstream) {
    return answer_error(error, 504);
  }
  answer_error(error);
}

// What the fill brings is not for us: another variant, an answer to its leader alone, one to be
// validated for each, or nothing. Look again, once.
void Exchange::follow_elsewhere() {
  const cache::FillPtr fill = fill_;
  leave_fill();
  if (looked_again_ || fill->state() == Fill::State::alone) return go_alone("bypass");
  looked_again_ = true;
  if (fill->state() == Fill::State::failed) return look_up();
  const cache::StoredResponse& other = *fill->response();
  if (cache::selects(other, stream_.request())) {
    const auto now = proxy_.worker_.now();
    return cache::may_collapse(other, now) ? look_up() : go_alone_again();
  }
  // Those who want the same variant wait for one fill of it.
  forward_reason_ = "vary-miss";
  stale_ = nullptr;
  join_fill(variant_wanted(other));
}

// Each asks for itself; what is stored by now may be confirmed for it.
void Exchange::go_alone_again() {
  asks_alone_ = true;
  look_up();
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
  const bool was_validated = fill_->was_validated();
  if (was_validated && is_leader_) outcome_ = CacheOutcome::revalidated;
  if (outcome_ == CacheOutcome::pass && fill_->state() != Fill::State::alone) {
    outcome_ = CacheOutcome::miss; // it can be stored after all
  }
  reader_ = cache::BodyReader::growing(answer.body());
  const bool is_alone = fill_->state() == Fill::State::alone;
  fields_before_ = extras_.size();
  CacheStatusParts parts;
  parts.outcome = outcome_;
  parts.forward_reason = forward_reason_;
  if (is_leader_) parts.forward_status = was_validated ? http::Status{304} : answer.status();
  parts.is_stored = is_leader_ && !is_alone && fill_->may_store();
  const base::Seconds age = answer.freshness().age(proxy_.worker_.now().steady);
  add_field(FieldName::cache_status,
            cache_status_text(proxy_.options_.node_name, parts, stream_.arena()));
  if (is_leader_) {
    for (const http::Field& field : fill_->leader_fields().fields()) { // the fill may go before
      extras_.push_back(
          {field.id, stream_.arena().copy(field.name), stream_.arena().copy(field.value)});
    }
  }
  // RFC 9111, 5.1: an Age says that the answer was not made for this request.
  const bool is_shared = outcome_ == CacheOutcome::collapsed || was_validated;
  if (is_shared || (!is_alone && age.count() > 0)) { // what passes has the Age it came with
    add_cache_fields(age);
  } else {
    add_field(FieldName::via, proxy_.via_);
  }
  respond_from_fill(answer);
}

} // namespace selvedge::proxy
