#include <selvedge/cache/decide.hpp>

namespace selvedge::cache {

namespace {

using base::Seconds;

bool has_validator(const StoredResponse& stored) {
  return !stored.etag().empty() || !stored.last_modified().empty();
}

Seconds staleness(const CacheDecision& decision) {
  return std::max(-decision.ttl, Seconds{0});
}

// RFC 9111, 4.2.4: what the response itself forbids, no client and no configuration can allow.
bool may_be_stale(const Freshness& freshness) {
  return !freshness.must_revalidate && !freshness.no_cache;
}

// What the client asks about freshness (RFC 9111, 5.2.1): a reason not to answer it with a fresh
// response, or nothing.
std::string_view client_demand(const http::RequestHead& request, const http::CacheControl& control,
                               const Freshness& freshness, const CacheDecision& stored) {
  // It has no argument in requests (RFC 9111, 5.2.1.4); whoever gives one means it all the same.
  if (control.no_cache || !control.no_cache_fields.empty()) return "request no-cache";
  // RFC 8246, 2.1: a reload does not ask for what cannot have changed; no-cache does.
  if (control.max_age && !freshness.immutable) {
    // An age is rounded down: whatever is stored is older than 0.
    if (*control.max_age == Seconds{0} || stored.age > *control.max_age) return "request max-age";
  }
  if (control.min_fresh && stored.ttl < *control.min_fresh) return "request min-fresh";
  // RFC 9111, 5.4: Pragma counts only without Cache-Control.
  if (!control.is_present && request.fields.may_have(bit_of(http::FieldName::pragma))) {
    for (const http::Field& field : request.fields) {
      if (field.id != http::FieldName::pragma) continue;
      const bool is_other = http::for_each_element(field.value, [](std::string_view directive) {
        return !http::equals_ignoring_case(directive, "no-cache");
      });
      if (!is_other) return "request pragma";
    }
  }
  return {};
}

CacheDecision ask_origin(CacheDecision decision, const StoredResponse& stored,
                         std::string_view reason) {
  decision.action = has_validator(stored) ? Action::revalidate : Action::fetch;
  decision.reason = reason;
  return decision;
}

bool may_serve_on_error(const http::CacheControl& control, const Freshness& freshness,
                        const CacheDecision& decision) {
  if (freshness.no_cache) return false;
  const Seconds stale_for = staleness(decision);
  if (decision.ttl > Seconds{0}) return true;
  if (freshness.must_revalidate) return false;
  const auto allows = [stale_for](Seconds window) {
    return window > Seconds{0} && stale_for <= window;
  };
  return allows(freshness.stale_if_error) || allows(control.stale_if_error.value_or(Seconds{0}));
}

// Requires: the stored response is stale.
CacheDecision judge_stale(const http::CacheControl& control, const StoredResponse& stored,
                          base::Instant now, Seconds stale_for, CacheDecision decision) {
  const Freshness& freshness = stored.freshness();
  if (!may_be_stale(freshness)) return ask_origin(decision, stored, "stale");
  if (control.max_stale && staleness(decision) <= *control.max_stale) { // RFC 9111, 5.2.1.2
    decision.action = Action::serve;
    decision.reason = "request max-stale";
    return decision;
  }
  if (freshness.stale_while_revalidate > Seconds{0} &&
      staleness(decision) <= freshness.stale_while_revalidate) {
    decision.action = Action::serve_stale_and_revalidate;
    decision.reason = "stale-while-revalidate";
    return decision;
  }
  if (stale_for > Seconds{0} && staleness(decision) <= stale_for) {
    decision.action = Action::serve_stale_and_revalidate;
    decision.reason = "policy serve_stale";
    return decision;
  }
  if (decision.may_serve_on_error && stored.has_origin_failed_lately(now.steady)) {
    decision.action = Action::serve_stale_and_revalidate;
    decision.reason = "stale-if-error";
    return decision;
  }
  return ask_origin(decision, stored, "stale");
}

CacheDecision judge_marker(CacheDecision decision) {
  const bool is_fresh = decision.ttl > Seconds{0};
  decision.action = is_fresh ? Action::fetch_alone : Action::fetch;
  decision.reason = is_fresh ? "known not to be stored" : "pass marker expired";
  return decision;
}

// Requires: the request is one that the cache may answer.
CacheDecision judge(const http::RequestHead& request, const http::CacheControl& control,
                    const StoredResponse& stored, base::Instant now, const CachePolicy& policy,
                    Standing standing, Seconds stale_for) {
  const Freshness& freshness = stored.freshness();
  CacheDecision decision;
  decision.age = freshness.age(now.steady);
  decision.ttl = freshness.lifetime - decision.age;
  if (stored.is_pass_marker()) return judge_marker(decision);
  // A soft purge ends the lifetime at this moment; it is not known since when it has been over.
  if (standing == Standing::soft_purged) decision.ttl = std::min(decision.ttl, Seconds{0});
  decision.may_serve_on_error = may_serve_on_error(control, freshness, decision);
  if (freshness.no_cache) return ask_origin(decision, stored, "no-cache"); // RFC 9111, 5.2.2.4
  if (policy.clients_may_revalidate) {
    if (control.no_cache) decision.may_serve_on_error = false; // it wants the origin's word or none
    const std::string_view demand = client_demand(request, control, freshness, decision);
    if (!demand.empty()) {
      decision.is_client_demand = decision.ttl > Seconds{0};
      return ask_origin(decision, stored, demand);
    }
  }
  if (decision.ttl <= Seconds{0}) return judge_stale(control, stored, now, stale_for, decision);
  decision.action = Action::serve;
  decision.reason = "fresh";
  return decision;
}

// Why this request bypasses the cache, or nothing.
std::string_view bypass_reason(const http::RequestHead& request, const CachePolicy& policy) {
  if (!policy.enabled) return "caching is off";
  if (request.method != http::Method::get && request.method != http::Method::head) return "method";
  // The key says nothing of content, so an answer that depends on it must not be shared.
  if (request.has_content) return "request content";
  return {};
}

bool serves(Action action) {
  return action == Action::serve || action == Action::serve_stale_and_revalidate;
}

} // namespace

std::string_view text_of(Action action) {
  switch (action) {
  case Action::serve:
    return "serve";
  case Action::serve_stale_and_revalidate:
    return "serve-stale-and-revalidate";
  case Action::revalidate:
    return "revalidate";
  case Action::fetch:
    return "fetch";
  case Action::fetch_alone:
    return "fetch-alone";
  case Action::pass:
    return "pass";
  case Action::answer_504:
    return "answer-504";
  }
  return "";
}

CacheDecision decide(const http::RequestHead& request, const StoredResponse* stored,
                     base::Instant now, const CachePolicy& policy, Standing standing,
                     Seconds stale_for) {
  const http::CacheControl control = http::parse_cache_control(request.fields);
  CacheDecision decision;
  const std::string_view bypass = bypass_reason(request, policy);
  if (!bypass.empty()) {
    decision.action = Action::pass;
    decision.reason = bypass;
  } else if (stored == nullptr) {
    decision.reason = "nothing stored";
  } else {
    decision = judge(request, control, *stored, now, policy, standing, stale_for);
  }
  if (control.no_store && bypass.empty() && !serves(decision.action)) {
    // RFC 9111, 5.2.1.5: about storing this request's answer, not about what is stored already.
    decision.action = Action::pass;
    decision.reason = "request no-store";
  }
  if (control.only_if_cached && policy.enabled && !serves(decision.action)) { // RFC 9111, 5.2.1.7
    decision.action = Action::answer_504;
    decision.reason = "only-if-cached";
  }
  return decision;
}

bool may_collapse(const StoredResponse& response, base::Instant now) {
  const Freshness& freshness = response.freshness();
  if (freshness.no_cache) return false;
  const Seconds stale_for = freshness.age(now.steady) - freshness.lifetime;
  if (stale_for < Seconds{0}) return true;
  return !freshness.must_revalidate && freshness.stale_while_revalidate > Seconds{0} &&
         stale_for <= freshness.stale_while_revalidate;
}

} // namespace selvedge::cache
