// What becomes of the head of an origin's answer: is it stored, or for the one who asked alone, or
// must the origin be asked again. What it says of something stored is in filler_validation.cpp.
#include "filler.hpp"

#include "compression.hpp"
#include "dictionary_place.hpp"
#include "response_tags.hpp"

#include <selvedge/http/http_date.hpp>

#include <algorithm>

namespace selvedge::proxy {

using base::ErrorCode;
using http::FieldName;
using http::Method;

namespace {

// How long requests for something that is not stored do not queue behind each other.
constexpr base::Seconds kPassMarkerLifetime{10};

// Fields of a response that this node keeps to itself and to edges that ask for them. A 304 need
// not repeat them.
bool is_kept_here(FieldName id) {
  return id == FieldName::surrogate_control || id == FieldName::selvedge_cache_control ||
         id == FieldName::cache_tag || id == FieldName::surrogate_key || id == FieldName::xkey;
}

// Content up to this is shown to nobody before it was checked, so that what is wrong is a clean
// 502. More is shown as it comes, but for its end.
constexpr std::uint64_t kMostHeld = 1u << 20;

// Of content that is decoded: what is not stored goes through a window, but somebody pays for it.
constexpr std::uint64_t kMostDecoded = 1u << 30;

// RFC 5861, 4: the errors instead of which a stale response may be used.
bool is_server_error(http::Status status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

// RFC 9110, 15.3.7: whether a part is what a range asks for, or the beginning of it. Requires: the
// range has one spec.
bool answers_range(std::string_view range, const http::ContentRange& part) {
  const auto specs = http::parse_range(range);
  if (!specs || specs->size() != 1) return true; // whatever the origin took it for
  const http::RangeSpec& spec = specs->front();
  if (!spec.first) { // a suffix
    if (!part.complete_length) return part.range.size() <= spec.last.value_or(0);
    const std::uint64_t suffix = std::min(spec.last.value_or(0), *part.complete_length);
    return part.range.first == *part.complete_length - suffix;
  }
  return part.range.first == *spec.first && part.range.last <= spec.last.value_or(part.range.last);
}

// Nobody waits for what is fetched in the background: it is for whom the one before was kept.
cache::Owner owner_of(const Filler::Task& task) {
  const auto owner = static_cast<cache::Owner>(overload::index_of(task.importance));
  const bool is_for_others = task.importance == overload::Importance::background && task.stale;
  return is_for_others ? task.stale->owner.load(std::memory_order_relaxed) : owner;
}

} // namespace

Filler::Next Filler::take_head(http::ResponseHead& head) {
  http::remove_hop_by_hop(head.fields);
  notes_.timings = {};
  notes_.timings.add(head.fields);
  const base::Instant now = proxy_.worker_.now();
  if (head.fields.find(FieldName::date) == nullptr) {
    head.fields.add(FieldName::date, arena_.copy(http::http_date(now.wall))); // RFC 9110, 6.6.1
  }
  const bool is_retrieval = request_.method == Method::get || request_.method == Method::head;
  if (head.status != 206 && head.status != 416) head.fields.remove(FieldName::content_range);
  if (is_retrieval && task_.route->policy.set_cookie == cache::CookieRule::strip) {
    head.fields.remove(FieldName::set_cookie);
  }
  if (is_server_error(head.status) && task_.has_fallback) {
    base::Error error{ErrorCode::server_error, base::ErrorSource::upstream};
    error.os_error = head.status;
    fail(error);
    return Next::nothing;
  }
  if (task_.purpose == Purpose::pass) {
    if (!http::is_safe(request_.method)) invalidate(head);
    if (request_.method == Method::head && !task_.expected) take_answer_to_head(head);
    if (!begin_check(head)) {
      fail_check();
      return Next::nothing;
    }
    if (request_.method == Method::head) check_.reset(); // its digest is told, and that is all
    keep_alone(head, {});
    return Next::read_content;
  }
  if (head.status == 304 && is_conditional_) return take_confirmation(head);
  return take_answer(head);
}

Filler::Next Filler::take_answer(http::ResponseHead& head) {
  // A part or a confirmation that nobody asked for answers nothing (RFC 9110, 15.3.7 and 15.4.5).
  if (head.status == 304 || (head.status == 206 && task_.range.empty())) {
    fail({ErrorCode::protocol, base::ErrorSource::upstream});
    return Next::nothing;
  }
  const cache::StoreDecision decision =
      cache::decide_store(request_, head, requested_, proxy_.worker_.now(), task_.route->policy);
  const auto vary = cache::vary_text(head.fields, request_);
  const bool is_part = head.status == 206;
  const auto part = http::parse_content_range(head.fields.value(FieldName::content_range));
  const bool is_usable_part =
      is_part && part && head.content_length.value_or(part->range.size()) == part->range.size();
  if (is_part && !(is_usable_part && answers_range(task_.range, *part))) {
    fail({ErrorCode::protocol, base::ErrorSource::upstream});
    return Next::nothing;
  }
  auto tags = response_tags(proxy_.store_.purges(), request_, head.fields, task_.fill->key());
  if (!begin_check(head)) {
    fail_check();
    return Next::nothing;
  }
  is_storing_ =
      decision.may_store && vary && tags && task_.fill->may_store() && is_part == is_usable_part;
  if (is_storing_ && is_from_before_purge(head, decision.freshness, *tags)) {
    is_storing_ = false; // the second time it is given to this client only
    if (ask_past_caches()) return Next::ask_again;
  }
  if (!undo_coding(head)) is_storing_ = false;
  if (is_storing_) {
    store_streaming(head, decision, *vary, std::move(*tags));
  } else {
    // What is gone does not come back when the origin fails. What is fresh stays, whoever asked.
    if (task_.stale && !decision.is_about_request && (head.status == 404 || head.status == 410)) {
      const cache::Freshness& old = task_.stale->freshness();
      if (old.age(proxy_.worker_.now().steady) >= old.lifetime) proxy_.store_.remove(*task_.stale);
    }
    // An error may be what one client has provoked: it says nothing of what others get.
    const bool is_for_all = head.status < 400 && !is_part && !decision.is_about_request &&
                            !has_asked_past_caches_ && !has_fresh();
    // What is still to be checked may be nothing for anybody.
    if (is_for_all && !check_) leave_marker(decision.reason, vary.value_or(std::string()));
    keep_alone(head, decision);
  }
  return Next::read_content;
}

// What is stored is coded here, for everybody. What is not, the client gets as the origin coded it,
// if it takes that. False: what cannot be undone is of no use to others.
bool Filler::undo_coding(http::ResponseHead& head) {
  decoder_.reset();
  const std::string_view value = head.fields.value(FieldName::content_encoding);
  if (!task_.route->compression || value.empty() || http::equals_ignoring_case(value, "identity")) {
    return true;
  }
  const auto coding = head.fields.count(FieldName::content_encoding) == 1
                          ? coding::content_coding_of(value)
                          : std::nullopt;
  if (!coding || head.status != 200 || forbids_transforming(head.fields)) return false;
  if (!is_storing_ && task_.taken.ranks[number_of(*coding)] > 0) return true;
  coding::DecoderLimits limits;
  limits.content_bytes = std::max(kMostDecoded, task_.route->policy.max_object);
  decoder_ = coding::make_decoder(*coding, limits);
  if (!decoder_) return false;
  head.content_length.reset();
  head.fields.remove_if([](const http::Field& field) { return is_about_coded_bytes(field); });
  return true;
}

// A cache between here and the origin that has not heard of a purge yet would bring back what was
// purged: by its Age, its copy is from before.
bool Filler::is_from_before_purge(const http::ResponseHead& head, const cache::Freshness& freshness,
                                  const cache::Tags& tags) {
  if (head.fields.find(FieldName::age) == nullptr) return false;
  constexpr base::Seconds kRounding{1}; // ages are whole seconds
  const base::Steady generated = freshness.response_time - freshness.initial_age - kRounding;
  cache::PurgeState state;
  state.tags = tags;
  state.tags.push_back(proxy_.store_.purges().intern(cache::TagKind::target, task_.fill->key()));
  state.born = born_;
  return proxy_.store_.purges().predates_purge(state, generated);
}

// False: that was done already.
bool Filler::ask_past_caches() {
  if (has_asked_past_caches_) return false;
  has_asked_past_caches_ = true;
  head_.fields.remove(FieldName::cache_control);
  head_.fields.add(FieldName::cache_control, "no-cache"); // RFC 9111, 5.2.1.4
  return true;
}

void Filler::store_streaming(http::ResponseHead& head, const cache::StoreDecision& decision,
                             const std::string& vary, cache::Tags tags) {
  const auto part = head.status == 206
                        ? http::parse_content_range(head.fields.value(FieldName::content_range))
                        : std::nullopt;
  take_leader_fields(head);
  if (cache::is_query_free(vary)) { // a purge of its URL knows it by that key
    const std::string_view key = task_.fill->key();
    const std::string_view url = key.substr(0, key.find('\n'));
    tags.push_back(proxy_.store_.purges().intern(
        cache::TagKind::target, cache::query_free_key({url, base::fingerprint(url)}, arena_).text));
  }
  if (part) head.fields.remove(FieldName::content_range); // written anew for what is asked of it
  drop_lifetime(head);
  offer_dictionary(head);
  auto parts = parts_of(head, decision.freshness);
  set_lifetime(parts.freshness);
  parts.key = stored_key(head.status, vary);
  parts.print = base::fingerprint(parts.key);
  parts.vary = vary;
  parts.vary_as_sent = cache::vary_text_as_sent(vary, request_);
  parts.tags = std::move(tags);
  add_bundle_tags(parts);
  parts.content_range = part;
  parts.body = new cache::Body({head.content_length, &proxy_.store_.ledger()});
  response_ = new cache::StoredResponse(std::move(parts), &proxy_.store_.ledger());
  is_held_ = check_ && check_->size() <= kMostHeld;
  if (!is_held_) task_.fill->stream(response_);
}

// What a manifest vouches for: how long clients may keep it depends on how they ask for it.
void Filler::drop_lifetime(http::ResponseHead& head) const {
  if (!task_.expected || head.status != 200) return;
  head.fields.remove(FieldName::cache_control);
  head.fields.remove(FieldName::expires);
}

// And it does not change, whatever the origin says.
void Filler::set_lifetime(cache::Freshness& freshness) const {
  constexpr base::Seconds kYear{365 * 24 * 3600};
  if (task_.expected) {
    freshness.lifetime = std::max(freshness.lifetime, kYear);
    freshness.no_cache = freshness.must_revalidate = false;
    freshness.immutable = true;
  }
  if (task_.most_lifetime.count() > 0) {
    freshness.lifetime = std::min(freshness.lifetime, task_.most_lifetime);
  }
}

// By which a version, or all of a bundle, is purged, and kept while it is released.
void Filler::add_bundle_tags(cache::StoredResponse::Parts& parts) {
  if (task_.bundle.empty()) return;
  cache::PurgeIndex& index = proxy_.store_.purges();
  const std::string_view version = task_.bundle;
  parts.tags.push_back(index.intern(cache::TagKind::bundle, version));
  const std::size_t at = version.rfind('@');
  if (at == 0 || at == std::string_view::npos) return; // its index
  if (!task_.is_secondary) parts.kept_by = parts.tags.back();
  const std::string_view name = version.substr(0, at);
  parts.tags.push_back(index.intern(cache::TagKind::bundle, name));
}

// RFC 9842, 2.1: what clients have of this version helps them to the next. The response is only
// for those to whom it was sent over TLS: the scheme is part of its key.
void Filler::offer_dictionary(http::ResponseHead& head) {
  dictionary_place_ = {};
  sum_.reset();
  const Compression* const compression = task_.route->compression.get();
  const std::size_t at = task_.bundle.rfind('@');
  if (compression == nullptr || at == 0 || at == std::string::npos) return;
  if (!compression->may_be_dictionary(head, head.content_length)) return;
  const std::string_view bundle = task_.bundle;
  const auto place = dictionary_place(arena_.copy(stored_key(head.status, {})), task_.route->prefix,
                                      bundle.substr(0, at), bundle.substr(at + 1), arena_);
  if (!place) return;
  dictionary_place_ = place->text;
  if (!check_) sum_.emplace(bundle::DigestAlgorithm::sha256);
  if (head.fields.find(kUseAsDictionary) != nullptr) return; // the origin says for what
  head.fields.add(kUseAsDictionary, arena_.copy(use_as_dictionary(*place)));
}

// False: it cannot be what it is to be.
bool Filler::begin_check(http::ResponseHead& head) {
  check_.reset();
  if (!task_.expected || head.status / 100 != 2) return true;
  if (head.status != 200) return false; // another success is of something else
  const std::string_view coding = head.fields.value(FieldName::content_encoding);
  const bool is_coded = !coding.empty() && !http::equals_ignoring_case(coding, "identity");
  if (is_coded || head.content_length.value_or(task_.expected->size) != task_.expected->size) {
    return false;
  }
  check_.emplace(*task_.expected);
  head.fields.remove(FieldName::etag);
  head.fields.remove(FieldName::content_encoding);
  head.fields.remove_if([](const http::Field& field) {
    return http::equals_ignoring_case(field.name, kReprDigest) ||
           http::equals_ignoring_case(field.name, "content-md5");
  });
  head.content_length = task_.expected->size;
  head.fields.add(FieldName::etag, arena_.copy(check_->entity_tag()));
  const std::string digest = check_->repr_digest();
  if (!digest.empty()) head.fields.add(kReprDigest, arena_.copy(digest));
  return true;
}

// RFC 9111, 5.2.2.4 and 5.2.2.7: what is listed for one client is not stored.
void Filler::take_leader_fields(http::ResponseHead& head) {
  const http::EffectiveControl effective =
      http::effective_control(head.fields, task_.route->policy.control_fields);
  http::FieldList for_leader;
  for (const http::Field& field : head.fields) {
    if (cache::is_for_one_client(effective.control, field)) for_leader.add(field);
  }
  if (for_leader.empty()) return;
  task_.fill->set_leader_fields(http::HeadBlock(for_leader));
  head.fields.remove_if([&effective](const http::Field& field) {
    return cache::is_for_one_client(effective.control, field);
  });
}

std::string Filler::stored_key(http::Status status, const std::string& vary) {
  const bool is_whole = !task_.whole_key.empty() && status != 206;
  const cache::CacheKey key{is_whole ? std::string_view(task_.whole_key) : task_.fill->key(), {}};
  if (!cache::is_query_free(vary)) return std::string(key.text);
  return std::string(cache::query_free_key(key, arena_).text);
}

cache::StoredResponse::Parts Filler::parts_of(http::ResponseHead& head,
                                              const cache::Freshness& freshness) {
  cache::StoredResponse::Parts parts;
  parts.key = task_.fill->key();
  parts.print = task_.fill->print();
  parts.status = head.status;
  parts.freshness = freshness;
  parts.born = born_;
  parts.owner = owner_of(task_);
  const auto date = http::parse_http_date(head.fields.value(FieldName::date), requested_.wall);
  parts.date = date.value_or(requested_.wall);
  http::FieldList steering;
  for (const http::Field& field : head.fields) {
    if (is_kept_here(field.id)) steering.add(field);
  }
  parts.steering = http::HeadBlock(steering);
  head.fields.remove_if([this](const http::Field& field) {
    return is_kept_here(field.id) || (is_storing_ && field.id == FieldName::age);
  });
  parts.head = http::HeadBlock(head.fields);
  return parts;
}

// The answer is not for storing: it goes through a window to the one who asked for it.
void Filler::keep_alone(http::ResponseHead& head, const cache::StoreDecision& decision) {
  proxy_.fills_.remove(*task_.fill);
  cache::Freshness freshness = decision.freshness;
  if (task_.purpose == Purpose::pass) { // only its age is of interest
    freshness =
        cache::decide_store(request_, head, requested_, proxy_.worker_.now(), task_.route->policy)
            .freshness;
  }
  auto parts = parts_of(head, freshness);
  parts.body = new cache::Body({head.content_length, nullptr});
  response_ = new cache::StoredResponse(std::move(parts), nullptr);
  task_.fill->forget_beginning();
  task_.fill->keep_alone(response_);
}

// Whether something is stored under the key that others get without asking: that the answer to this
// request is not to be stored does not end it.
bool Filler::has_fresh() {
  cache::Store& store = proxy_.store_;
  const base::Steady now = proxy_.worker_.now().steady;
  const std::string key = stored_key(0, {});
  for (const auto& one : store.variants({key, base::fingerprint(key)})) {
    if (one->is_pass_marker() || one->freshness().no_cache) continue;
    const bool is_valid = store.purges().standing(one->purge_state()) == cache::Standing::valid;
    if (is_valid && one->freshness().age(now) < one->freshness().lifetime) return true;
  }
  return false;
}

void Filler::leave_marker(std::string_view reason, std::string vary) {
  cache::StoredResponse::Parts marker;
  marker.key = stored_key(0, {});
  marker.print = base::fingerprint(marker.key);
  marker.is_pass_marker = true;
  if (!cache::is_query_free(vary)) marker.vary = std::move(vary);
  marker.born = born_;
  marker.owner = owner_of(task_);
  cache::add_place_tags(proxy_.store_.purges(), marker.key, marker.tags);
  marker.freshness.response_time = proxy_.worker_.now().steady;
  marker.freshness.lifetime = kPassMarkerLifetime;
  marker.freshness.source = reason; // for `explain`
  proxy_.store_.insert(new cache::StoredResponse(std::move(marker), &proxy_.store_.ledger()));
}

} // namespace selvedge::proxy
