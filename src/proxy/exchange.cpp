#include "exchange.hpp"

#include "access_rules.hpp"
#include "answer_form.hpp"
#include "forwarded.hpp"
#include "normalize.hpp"

#include <selvedge/proxy/purge.hpp>

#include <utility>

namespace selvedge::proxy {

using cache::Action;
using cache::Standing;
using http::CacheOutcome;
using http::FieldName;
using http::Method;

namespace {

constexpr http::Status kClientGone = 499; // in logs and metrics, as nginx has it

bool is_retrieval(Method method) {
  return method == Method::get || method == Method::head;
}

} // namespace

void Exchange::start() {
  http::RequestHead& request = stream_.request();
  routing_ = proxy_.routing_;
  if (proxy_.policing_ && !proxy_.policing_->is_plain) policing_ = proxy_.policing_;
  asker_ = stream_.standing();
  // Another policy has come into force while the request waited.
  if (policing_ && asker_.generation != policing_->generation) asker_ = proxy_.identify(stream_);
  if (request.method == Method::connect || request.method == Method::trace) {
    return answer_status(405);
  }
  // Before anything is decided by them: the origin will not see what is for this hop only.
  http::remove_hop_by_hop(request.fields);
  request.target = cache::normal_path(request.target, stream_.arena());
  const std::string_view scheme =
      told_scheme(request.fields, stream_.client().peer_address, routing_->forwarding());
  if (!scheme.empty()) request.scheme = scheme;
  request.authority = normal_authority(request.authority, request.scheme, stream_.arena());
  route_ = routing_->find(request.authority, request.path());
  if (route_ == nullptr) {
    proxy_.counters_.unrouted.add();
    return answer_status(404);
  }
  const bool is_purge = request.method == Method::purge && routing_->purgers() != nullptr;
  if (routing_->hides_protected(*route_, request, stream_.arena())) {
    proxy_.counters_.refused_spellings.add();
    return answer_status(403);
  }
  if (route_->access && is_purge) {
    request.target = route_->access->without_token(request.target, stream_.arena());
  } else if (route_->access && !is_admitted()) {
    return answer_status(403);
  }
  normalize(request, *route_, stream_.arena());
  if (route_->compression) take_codings();
  if (is_purge) return answer_purge();
  if (request.method == Method::options && !take_hop()) return answer_status(204);
  if (route_->bundles) return find_bundle();
  look_up();
}

// Whether the client may have what the route has. A token is gone from the target then, and from
// the log, too.
bool Exchange::is_admitted() {
  http::RequestHead& request = stream_.request();
  const AccessRules& access = *route_->access;
  const std::string_view address =
      client_address(request.fields, stream_.client().peer_address, routing_->forwarding());
  const bool has_good_address = access.admits(address);
  if (!has_good_address) proxy_.counters_.refused_addresses.add();
  if (!access.wants_token()) return has_good_address;
  const TokenVerdict verdict =
      access.take_token(request, address, proxy_.worker_.now().wall, stream_.arena());
  if (has_good_address) proxy_.counters_.tokens[static_cast<std::size_t>(verdict)].add();
  return has_good_address && verdict == TokenVerdict::good;
}

// RFC 9110, 7.6.2: one hop less of those that OPTIONS may still go. False: none is left.
bool Exchange::take_hop() {
  constexpr std::string_view kName = "max-forwards";
  http::FieldList& fields = stream_.request().fields;
  const http::Field* field = fields.find(kName);
  const auto left = field == nullptr ? std::nullopt : http::parse_delta_seconds(field->value);
  if (!left) return true;
  if (left->count() == 0) return false;
  fields.remove_if(
      [kName](const http::Field& one) { return http::equals_ignoring_case(one.name, kName); });
  fields.add(kName, number_text(left->count() - 1, stream_.arena()));
  return true;
}

// The origin is not asked: a PURGE is for this cache.
void Exchange::answer_purge() {
  if (!routing_->purgers()->contains(stream_.client().peer_address)) return answer_status(403);
  const PurgeRequest wanted = purge_request_of(stream_.request());
  if (!refusal_of(wanted).empty()) return answer_status(400);
  const PurgeReceipt receipt =
      purge(proxy_.store_, proxy_.fills_, routing_.get(), wanted, proxy_.worker_.now().steady);
  if (proxy_.options_.purge_counters != nullptr) {
    proxy_.options_.purge_counters->note(wanted, receipt);
  }
  base::Arena& arena = stream_.arena();
  outcome_ = CacheOutcome::synthetic;
  status_ = 200;
  add_field(FieldName::via, proxy_.via_);
  add_field(FieldName::content_type, "application/json");
  own_content_ = purge_content(receipt.epoch, receipt.matched, arena);
  downstream::Response response;
  response.status = 200;
  response.content_length = own_content_.size();
  response.content = this;
  send(response);
}

// --- from the store

cache::StoredResponsePtr Exchange::find() {
  const http::RequestHead& request = stream_.request();
  const auto owner = static_cast<cache::Owner>(overload::index_of(asker_.importance));
  const auto look = [&]() {
    cache::StoredResponsePtr found = proxy_.store_.find(key_, request, owner, taken_);
    if (found || !proxy_.store_.has_query_free()) return found;
    return proxy_.store_.find(cache::query_free_key(key_, stream_.arena()), request, owner, taken_);
  };
  cache::StoredResponsePtr found = look();
  if (!found || !found->dictionary() || may_read_difference(*found)) return found;
  taken_.dictionary = nullptr;
  return look();
}

cache::CacheKey Exchange::make_key() {
  const http::RequestHead& request = stream_.request();
  const cache::CacheKey key = cache::make_cache_key(request, route_->key, stream_.arena());
  return routing_->forwarding().trusted ? with_told_url(key) : key; // else nobody is believed
}

// With the host and scheme that the client asked for, as a trusted proxy tells them: the origin is
// told, and may answer by them. Beside the request's own, which has chosen the route and who may
// have what it has.
cache::CacheKey Exchange::with_told_url(cache::CacheKey key) {
  const http::RequestHead& request = stream_.request();
  base::Arena& arena = stream_.arena();
  const std::string_view peer = stream_.client().peer_address;
  const auto add = [&](std::string_view name, std::string_view told) {
    const std::string_view text = joined({key.text, name, told}, arena);
    key = {text, base::fingerprint(text)};
  };
  const std::string_view told = told_host(request.fields, peer, routing_->forwarding());
  const std::string_view host = told.empty() ? told : normal_authority(told, request.scheme, arena);
  if (!host.empty() && host != request.authority) add("\nx-forwarded-host: ", host);
  const std::string_view other = told_by_forwarded(request, peer, routing_->forwarding(), arena);
  if (!other.empty()) add("\nforwarded: ", other);
  return key;
}

void Exchange::look_up() {
  const http::RequestHead& request = stream_.request();
  key_ = make_key();
  cache::StoredResponsePtr stored;
  if (route_->policy.enabled && is_retrieval(request.method)) stored = find();
  if (!judge(stored.get())) return;
  cache::CacheDecision decision = decide(stored);
  const bool is_served =
      decision.action == Action::serve || decision.action == Action::serve_stale_and_revalidate;
  if (!is_served && stored && stored->coding() != cache::kAsItCame) {
    stored = as_it_came(stored); // the origin knows nothing of what was made of it
    decision = decide(stored);
  }
  switch (decision.action) {
  case Action::serve: {
    if (taken_.dictionary != nullptr && !stored->dictionary()) want_difference(*stored);
    if (cache::StoredResponsePtr plain = to_be_coded(stored)) {
      return serve_coded(std::move(plain), decision);
    }
    const bool is_fresh = decision.ttl > base::Seconds{0};
    return serve(std::move(stored), is_fresh ? CacheOutcome::hit : CacheOutcome::stale, decision);
  }
  case Action::serve_stale_and_revalidate:
    if (revalidates_) revalidate_in_background(as_it_came(stored));
    return serve(std::move(stored), CacheOutcome::stale, decision);
  case Action::answer_504:
    if (serve_part()) return;
    forward_reason_ = {}; // nothing is forwarded
    return answer_status(504);
  case Action::fetch_alone:
    return fetch_alone();
  case Action::pass:
    return go_alone(is_retrieval(request.method) ? "bypass" : "method");
  case Action::revalidate:
  case Action::fetch:
    if (serve_part()) return;
    if (!stored && uses_slices()) {
      if (stops_at_store()) return;
      return begin_slices();
    }
    return ask_origin(std::move(stored), decision);
  }
}

cache::CacheDecision Exchange::decide(const cache::StoredResponsePtr& stored) const {
  const Standing standing =
      stored ? proxy_.store_.purges().standing(stored->purge_state()) : Standing::valid;
  return cache::decide(stream_.request(), stored.get(), proxy_.worker_.now(), route_->policy,
                       standing, stale_for_);
}

// RFC 9111, 3.3: a part that is stored answers a request for a part of it.
bool Exchange::serve_part() {
  const http::RequestHead& request = stream_.request();
  if (request.method != Method::get || request.fields.find(FieldName::range) == nullptr ||
      !route_->policy.enabled) {
    return false;
  }
  const base::Instant now = proxy_.worker_.now();
  for (cache::StoredResponsePtr& part : proxy_.store_.find_partial(key_, request)) {
    forward_reason_ = "partial"; // unless it serves
    const auto wanted = range_within(request, *part, now.wall);
    if (!wanted) continue;
    const Standing standing = proxy_.store_.purges().standing(part->purge_state());
    const auto decision = cache::decide(request, part.get(), now, route_->policy, standing);
    if (decision.action != Action::serve) continue;
    const bool is_fresh = decision.ttl > base::Seconds{0};
    serve(std::move(part), is_fresh ? CacheOutcome::hit : CacheOutcome::stale, decision);
    return true;
  }
  return false;
}

void Exchange::serve(cache::StoredResponsePtr stored, CacheOutcome outcome,
                     const cache::CacheDecision& decision, std::string_view detail) {
  stored_ = std::move(stored);
  reader_ = cache::BodyReader(stored_->body());
  add_hit_fields(outcome, decision, detail);
  respond(*stored_);
}

void Exchange::add_hit_fields(CacheOutcome outcome, const cache::CacheDecision& decision,
                              std::string_view detail) {
  outcome_ = outcome;
  CacheStatusParts parts;
  parts.outcome = outcome;
  parts.ttl = decision.ttl;
  if (!detail.empty()) { // the origin was asked first
    parts.forward_reason = forward_reason_;
    parts.detail = detail;
  }
  add_field(FieldName::cache_status,
            cache_status_text(proxy_.options_.node_name, parts, stream_.arena()));
  add_cache_fields(decision.age);
}

void Exchange::revalidate_in_background(const cache::StoredResponsePtr& stale) {
  // What it must be is found out first; another request will find it known.
  if (bundle_ != nullptr && !knows_content_at_once()) return;
  cache::FillPtr fill = proxy_.fills_.begin(key_);
  if (!fill) return;
  Filler::Task task;
  task.fill = std::move(fill);
  task.routing = routing_;
  task.route = route_;
  task.stale = stale;
  task.has_fallback = true;
  task.importance = overload::Importance::background;
  task.origin = other_origin();
  task.expected = expected_;
  task.most_lifetime = most_lifetime_;
  if (bundle_ != nullptr) task.bundle = bundle_version();
  task.is_secondary = is_secondary_;
  Filler::start(proxy_, stream_.request(), stream_.client(), std::move(task));
}

// --- the end

// Before the filler goes: what it has learned, for the log.
void Exchange::note_fetch() {
  if (proxy_.log_ == nullptr || filler_->notes().empty()) return;
  auto* const notes = stream_.arena().make<FetchNotes>(filler_->notes());
  notes->trace_id = stream_.arena().copy(notes->trace_id);
  fetch_notes_ = notes;
}

void Exchange::add_fetch_notes(AccessRecord& record) const {
  std::array<char, AccessRecord::kText> text;
  const std::size_t size = fetch_notes_->timings.write({text.data(), record.room()});
  record.set(AccessRecord::server_timing, {text.data(), size});
}

void Exchange::on_stream_end(const downstream::StreamEnd& end) {
  leave_fill();
  if (status_ == 0) status_ = kClientGone;
  place_.release();
  const net::Worker& worker = proxy_.worker_;
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(worker.now().steady -
                                                                              stream_.started());
  if (route_ != nullptr) route_->counters->count(outcome_, status_, duration, content_bytes_);
  count_coding();
  keep_account(duration);
  AccessRecord* record = proxy_.log_ != nullptr ? proxy_.log_->reserve() : nullptr;
  if (record == nullptr) return;
  const http::RequestHead& request = stream_.request();
  record->clear();
  record->time = worker.now().wall;
  record->duration = duration;
  record->content_bytes = content_bytes_;
  record->status = status_;
  record->outcome = outcome_;
  record->version = request.version;
  record->is_secure = stream_.client().is_secure;
  record->is_complete = end.is_complete;
  const std::string_view peer = stream_.client().peer_address;
  record->set(AccessRecord::client,
              routing_ ? client_address(request.fields, peer, routing_->forwarding()) : peer);
  if (fetch_notes_ != nullptr) record->set(AccessRecord::trace, fetch_notes_->trace_id);
  record->set(AccessRecord::listener, stream_.client().listener);
  record->set(AccessRecord::route, route_ != nullptr ? std::string_view(route_->name) : "");
  if (policing_) {
    record->set(AccessRecord::tier, policing_->set->tiers()[asker_.identity.tier].name);
  }
  record->set(AccessRecord::method, request.method_text);
  record->set(AccessRecord::authority, request.authority);
  record->set(AccessRecord::target, bundle_ != nullptr ? asked_target_ : request.target);
  record->set(AccessRecord::agent, request.fields.value(FieldName::user_agent));
  const http::Field* referer = request.fields.find("referer");
  std::string_view from = referer != nullptr ? referer->value : "";
  if (route_ != nullptr && route_->access)
    from = route_->access->without_token(from, stream_.arena());
  record->set(AccessRecord::referer, from);
  if (fetch_notes_ != nullptr) add_fetch_notes(*record); // into what room is left
  proxy_.log_->push();
}

} // namespace selvedge::proxy
