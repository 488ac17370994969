#include <selvedge/cache/decide.hpp>

#include <selvedge/http/cache_control.hpp>

namespace selvedge::cache {

namespace {

bool has_validator(const StoredResponse& stored) {
  return !stored.etag().empty() || !stored.last_modified().empty();
}

// What the client asks about freshness (RFC 9111, 5.2.1): a reason not to answer it with a fresh
// response, or nothing.
std::string_view client_demand(const http::RequestHead& request, const http::CacheControl& control,
                               const CacheDecision& stored) {
  if (control.no_cache) return "request no-cache";
  if (control.max_age && stored.age > *control.max_age) return "request max-age";
  if (control.min_fresh && stored.ttl < *control.min_fresh) return "request min-fresh";
  // RFC 9111, 5.4: Pragma counts only without Cache-Control.
  if (!control.is_present &&
      http::equals_ignoring_case(request.fields.value(http::FieldName::pragma), "no-cache")) {
    return "request pragma";
  }
  return {};
}

bool may_serve_stale_meanwhile(const Freshness& freshness, base::Seconds ttl) {
  // RFC 9111, 4.2.4: must-revalidate and its relatives forbid what RFC 5861, 3 would allow.
  if (freshness.must_revalidate || freshness.no_cache) return false;
  return freshness.stale_while_revalidate > base::Seconds{0} &&
         -ttl <= freshness.stale_while_revalidate;
}

CacheDecision ask_origin(CacheDecision decision, const StoredResponse& stored,
                         std::string_view reason) {
  decision.action = has_validator(stored) ? Action::revalidate : Action::fetch;
  decision.reason = reason;
  return decision;
}

// Requires: the request is one that the cache may answer.
CacheDecision judge(const http::RequestHead& request, const http::CacheControl& control,
                    const StoredResponse& stored, base::Instant now, const CachePolicy& policy) {
  const Freshness& freshness = stored.freshness();
  CacheDecision decision;
  decision.age = freshness.age(now.steady);
  decision.ttl = freshness.lifetime - decision.age;
  const bool is_fresh = decision.ttl > base::Seconds{0};

  if (stored.is_pass_marker()) {
    decision.action = is_fresh ? Action::pass : Action::fetch;
    decision.reason = is_fresh ? "known not to be stored" : "pass marker expired";
    return decision;
  }
  if (freshness.no_cache) return ask_origin(decision, stored, "no-cache"); // RFC 9111, 5.2.2.4
  if (policy.clients_may_revalidate) {
    const std::string_view demand = client_demand(request, control, decision);
    if (!demand.empty()) return ask_origin(decision, stored, demand);
  }
  if (is_fresh) {
    decision.action = Action::serve;
    decision.reason = "fresh";
    return decision;
  }
  if (may_serve_stale_meanwhile(freshness, decision.ttl)) {
    decision.action = Action::serve_stale_and_revalidate;
    decision.reason = "stale-while-revalidate";
    return decision;
  }
  return ask_origin(decision, stored, "stale");
}

// Why this request bypasses the cache, or nothing.
std::string_view bypass_reason(const http::RequestHead& request, const http::CacheControl& control,
                               const CachePolicy& policy) {
  if (!policy.enabled) return "caching is off";
  if (request.method != http::Method::get && request.method != http::Method::head) return "method";
  // The key says nothing of content, so an answer that depends on it must not be shared.
  if (request.has_content) return "request content";
  if (control.no_store) return "request no-store";
  return {};
}

} // namespace

CacheDecision decide(const http::RequestHead& request, const StoredResponse* stored,
                     base::Instant now, const CachePolicy& policy) {
  const http::CacheControl control = http::parse_cache_control(request.fields);
  CacheDecision decision;
  const std::string_view bypass = bypass_reason(request, control, policy);
  if (!bypass.empty()) {
    decision.action = Action::pass;
    decision.reason = bypass;
  } else if (stored == nullptr) {
    decision.reason = "nothing stored";
  } else {
    decision = judge(request, control, *stored, now, policy);
  }
  const bool serves =
      decision.action == Action::serve || decision.action == Action::serve_stale_and_revalidate;
  if (control.only_if_cached && policy.enabled && !serves) { // RFC 9111, 5.2.1.7
    decision.action = Action::answer_504;
    decision.reason = "only-if-cached";
  }
  return decision;
}

} // namespace selvedge::cache
