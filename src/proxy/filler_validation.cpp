// What an origin's answer says of what is stored: it confirms or updates it (RFC 9111, 4.3), or
// ends it (4.4).
#include "filler.hpp"

#include "compression.hpp"

#include "response_tags.hpp"
#include "written_url.hpp"

#include <selvedge/cache/refresh.hpp>
#include <selvedge/http/structured_field.hpp>
#include <selvedge/proxy/purge.hpp>

#include <algorithm>

namespace selvedge::proxy {

using http::FieldName;
using http::Method;

// RFC 9111, 4.3.1.
void Filler::ask_to_confirm() {
  if (task_.expected) {
    // Only what was compared can be confirmed, and the origin knows nothing of its digest.
    const bool is_right =
        task_.stale && task_.stale->etag() == ContentCheck(*task_.expected).entity_tag();
    task_.candidates.clear();
    if (!is_right) task_.stale = nullptr;
  }
  std::string tags;
  const auto add = [&tags, this](const cache::StoredResponse& stored) {
    if (stored.etag().empty() || task_.expected) return; // the origin knows nothing of a digest
    if (!tags.empty()) tags.append(", ");
    tags.append(stored.etag());
  };
  if (task_.stale) add(*task_.stale);
  for (const auto& candidate : task_.candidates) add(*candidate);
  if (!tags.empty()) head_.fields.add(FieldName::if_none_match, arena_.copy(tags));
  if (task_.stale && !task_.stale->last_modified().empty()) {
    head_.fields.add(FieldName::if_modified_since, arena_.copy(task_.stale->last_modified()));
  }
  is_conditional_ = !tags.empty() || head_.fields.find(FieldName::if_modified_since) != nullptr;
}

// RFC 9111, 4.3.3 and 4.3.4.
Filler::Next Filler::take_confirmation(http::ResponseHead& head) {
  cache::StoredResponsePtr confirmed;
  if (task_.expected) head.fields.remove(FieldName::etag); // it is not that of what is stored
  if (task_.route->compression) {                          // nor is what it says of coded bytes
    head.fields.remove_if([](const http::Field& field) { return is_about_coded_bytes(field); });
  }
  if (task_.stale && cache::is_confirmed_by(head, *task_.stale)) confirmed = task_.stale;
  const bool names_one = head.fields.find(FieldName::etag) != nullptr;
  for (const auto& candidate : task_.candidates) {
    if (!confirmed && names_one && cache::is_confirmed_by(head, *candidate)) confirmed = candidate;
  }
  if (!confirmed) return ask_without_conditions();
  http::ResponseHead update = head;
  cache::StoreDecision decision;
  auto fresh = refreshed(*confirmed, update, decision);
  const bool is_late = is_from_before_purge(head, fresh->freshness(), fresh->purge_state().tags);
  if (is_late && ask_past_caches()) return Next::ask_again;
  is_over_ = true;
  response_ = std::move(fresh);
  task_.fill->note_validated();
  if (decision.may_store && task_.fill->may_store() && !is_late) {
    insert();
    insert_variants();
    task_.fill->stream(response_);
  } else {
    // What it says now is for the one who asked; and it is not to be stored any more, unless it is
    // that one's request which forbids it (RFC 9111, 3).
    task_.fill->forbid_storing();
    if (!decision.is_about_request) proxy_.store_.remove(*confirmed);
    task_.fill->keep_alone(response_);
  }
  proxy_.fills_.remove(*task_.fill);
  return Next::nothing;
}

// What was made of it is as fresh.
void Filler::insert_variants() {
  cache::Store& store = proxy_.store_;
  for (const auto& one : store.variants({response_->key(), response_->print()})) {
    const bool is_made_of_it = one->coding() != cache::kAsItCame &&
                               one->vary() == response_->vary() &&
                               one->content_id() == response_->content_id();
    if (!is_made_of_it) continue;
    store.insert(coded_response(*response_, static_cast<coding::ContentCoding>(one->coding()),
                                one->shared_body(), store.ledger(), one->dictionary()));
  }
}

// The 304 is about something that is not stored here.
Filler::Next Filler::ask_without_conditions() {
  is_conditional_ = false;
  head_.fields.remove(FieldName::if_none_match);
  head_.fields.remove(FieldName::if_modified_since);
  return Next::ask_again;
}

// RFC 9111, 3.2 and 4.3.4: the stored response with the fields of the update; the content is
// shared.
boost::intrusive_ptr<cache::StoredResponse> Filler::refreshed(const cache::StoredResponse& stored,
                                                              http::ResponseHead& head,
                                                              cache::StoreDecision& decision) {
  auto tags = response_tags(proxy_.store_.purges(), request_, head.fields, task_.fill->key());
  const http::FieldList update = head.fields;
  head.fields = cache::updated_fields(stored.head(), update);
  for (const http::Field& field : stored.steering().fields()) {
    if (update.find(field.name) == nullptr) head.fields.add(field);
  }
  head.status = stored.status();
  head.content_length = stored.body().length();
  http::RequestHead as_get = request_;
  as_get.method = Method::get;
  decision =
      cache::decide_store(as_get, head, requested_, proxy_.worker_.now(), task_.route->policy);
  take_leader_fields(head);
  head.fields.remove(FieldName::age); // each answer gets its own (RFC 9111, 5.1)
  const auto vary = cache::vary_text(head.fields, request_);
  decision.may_store = decision.may_store && vary && tags;
  drop_lifetime(head);
  auto parts = parts_of(head, decision.freshness);
  set_lifetime(parts.freshness);
  parts.vary = vary.value_or(std::string());
  parts.vary_as_sent = cache::vary_text_as_sent(parts.vary, request_);
  parts.key = stored_key(head.status, parts.vary);
  parts.print = base::fingerprint(parts.key);
  parts.content_range = stored.content_range();
  parts.tags = stored.purge_state().tags; // a 304 need not repeat them
  parts.kept_by = stored.kept_by();
  if (tags) {
    for (cache::TagPtr& tag : *tags) {
      if (std::find(parts.tags.begin(), parts.tags.end(), tag) == parts.tags.end()) {
        parts.tags.push_back(std::move(tag));
      }
    }
  }
  parts.body = stored.shared_body();
  return new cache::StoredResponse(std::move(parts), &proxy_.store_.ledger());
}

// RFC 9111, 4.3.5: a HEAD tells about the stored response to a GET.
void Filler::take_answer_to_head(http::ResponseHead& head) {
  if (!task_.stale) return;
  if (head.status == 404 || head.status == 410) proxy_.store_.remove(*task_.stale);
  if (head.status != 200) return;
  // What is stored is not coded by the origin, or not any more.
  const bool is_coded = head.fields.find(FieldName::content_encoding) != nullptr;
  if (task_.route->compression && is_coded) return;
  if (!cache::agrees_with_head(head, *task_.stale)) {
    proxy_.store_.remove(*task_.stale);
    return;
  }
  http::ResponseHead update = head; // the client gets the head as it came
  cache::StoreDecision decision;
  auto fresh = refreshed(*task_.stale, update, decision);
  task_.fill->set_leader_fields({}); // the head is sent as it came
  if (decision.may_store && task_.fill->may_store()) proxy_.store_.insert(std::move(fresh));
}

// RFC 9111, 4.4: an unsafe request that has succeeded ends what is stored for its target, and for
// what Location and Content-Location name on the same origin; RFC 9875, 3: for the groups it names.
void Filler::invalidate(const http::ResponseHead& head) {
  if (head.status < 200 || head.status >= 400) return;
  PurgeRequest ended;
  const std::string origin = written_origin(request_);
  ended.urls.push_back(origin + std::string(request_.target));
  for (const FieldName name : {FieldName::location, FieldName::content_location}) {
    const auto url = same_origin_url(request_, head.fields.value(name));
    if (url) ended.urls.push_back(*url);
  }
  const std::string value = http::joined_value(head.fields, FieldName::cache_group_invalidation);
  if (const auto groups = http::parse_sf_strings(value)) {
    for (const std::string& group : *groups) ended.groups.push_back(origin + " " + group);
  }
  purge(proxy_.store_, proxy_.fills_, task_.routing.get(), ended, proxy_.worker_.now().steady);
}

} // namespace selvedge::proxy
