// May a response be stored, and for how long is it fresh (RFC 9111, 3 and 4.2).
#include <selvedge/cache/decide.hpp>

#include <selvedge/http/cache_control.hpp>
#include <selvedge/http/http_date.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

using base::Seconds;
using http::FieldName;

constexpr Seconds kLongest{std::int64_t{1} << 31}; // RFC 9111, 1.2.2

// Whether a lifetime may be assumed where none was given (RFC 9110, 15.1). Of the statuses named
// there, 405, 414 and 501 are about how somebody asked: what one client provokes must not be what
// others get.
bool is_heuristically_cacheable(http::Status status) {
  switch (status) {
  case 200:
  case 203:
  case 204:
  case 206:
  case 300:
  case 301:
  case 308:
  case 404:
  case 410:
    return true;
  default:
    return false;
  }
}

// RFC 9111, 3: any final status, known or not. A 304 updates something else, a 416 is about the
// Range of one request, which is no part of the key.
bool is_storable_status(http::Status status) {
  return status >= 200 && status <= 599 && status != 304 && status != 416;
}

std::chrono::sys_seconds date_of(const http::ResponseHead& response, base::Instant received) {
  // RFC 9110, 6.6.1: without a usable Date, the time it was received.
  return http::parse_http_date(response.fields.value(FieldName::date), received.wall)
      .value_or(received.wall);
}

// RFC 9111, 5.1: the first of several values counts; what is no number is ignored.
Seconds age_value(const http::ResponseHead& response) {
  Seconds age{0};
  http::for_each_element(response.fields.value(FieldName::age), [&age](std::string_view first) {
    age = http::parse_delta_seconds(first).value_or(Seconds{0});
    return false;
  });
  return age;
}

// corrected_initial_age of RFC 9111, 4.2.3.
Seconds initial_age(const http::ResponseHead& response, base::Instant requested,
                    base::Instant received) {
  const Seconds apparent_age =
      std::max(Seconds{received.wall - date_of(response, received)}, Seconds{0});
  const Seconds response_delay =
      std::max(std::chrono::floor<Seconds>(received.steady - requested.steady), Seconds{0});
  return std::min(std::max(apparent_age, age_value(response) + response_delay), kLongest);
}

// How long a response is fresh, and what says so.
struct Lifetime {
  Seconds value{0};
  std::string_view source; // for `explain`
  bool is_stated = false;  // by the origin
};

// freshness_lifetime of RFC 9111, 4.2.1, as the origin said it; nothing where it said nothing.
std::optional<Lifetime> stated_lifetime(const http::ResponseHead& response,
                                        const http::EffectiveControl& effective,
                                        base::Instant received) {
  const http::CacheControl& control = effective.control;
  if (control.s_maxage) return Lifetime{*control.s_maxage, "s-maxage", true};
  if (control.max_age) return Lifetime{*control.max_age, "max-age", true};
  if (effective.is_targeted()) return std::nullopt; // RFC 9213, 2.2: then Expires does not count
  const http::Field* expires = response.fields.find(FieldName::expires);
  if (expires == nullptr) return std::nullopt;
  // RFC 9111, 5.3: invalid dates, "0" among them, mean a time in the past; of several the first
  // counts (4.2.1).
  const auto at = http::parse_http_date(expires->value, received.wall);
  if (!at) return Lifetime{Seconds{0}, "invalid expires", true};
  const Seconds lifetime =
      std::clamp(Seconds{*at - date_of(response, received)}, Seconds{0}, kLongest);
  return Lifetime{lifetime, "expires", true};
}

// What the configuration says for a status that the origin gave no lifetime.
std::optional<Lifetime> configured_lifetime(http::Status status, const CachePolicy& policy) {
  for (const http::Status wanted : {status, static_cast<http::Status>(status / 100)}) {
    for (const StatusLifetime& one : policy.status_lifetimes) {
      if (one.status == wanted) return Lifetime{one.lifetime, "status_lifetimes", false};
    }
  }
  return std::nullopt;
}

// RFC 9111, 4.2.2: a part of the time for which it has not changed.
Seconds heuristic_lifetime(const http::ResponseHead& response, base::Instant received,
                           const CachePolicy& policy) {
  const auto modified =
      http::parse_http_date(response.fields.value(FieldName::last_modified), received.wall);
  if (!modified) return Seconds{0};
  const Seconds unchanged = Seconds{date_of(response, received) - *modified};
  return std::clamp(unchanged * policy.heuristic_percent / 100, Seconds{0}, policy.heuristic_limit);
}

Lifetime lifetime_of(const http::ResponseHead& response, const http::EffectiveControl& effective,
                     base::Instant received, const CachePolicy& policy) {
  if (auto stated = stated_lifetime(response, effective, received)) return *stated;
  if (auto configured = configured_lifetime(response.status, policy)) return *configured;
  // RFC 9111, 4.2.2: only statuses defined as cacheable by default, or a response marked public.
  if (!is_heuristically_cacheable(response.status) && !effective.control.is_public) return {};
  const Seconds heuristic = heuristic_lifetime(response, received, policy);
  if (heuristic > Seconds{0}) return {heuristic, "heuristic", false};
  if (policy.default_lifetime > Seconds{0}) {
    return {policy.default_lifetime, "default_lifetime", false};
  }
  return {};
}

std::string_view request_refusal(const http::RequestHead& request,
                                 const http::CacheControl& control, const CachePolicy& policy) {
  if (!policy.enabled) return "caching is off";
  if (request.method != http::Method::get) return "method";
  if (request.has_content) return "request content"; // the key does not tell contents apart
  if (http::parse_cache_control(request.fields).no_store) return "request no-store";
  // RFC 9111, 3.5
  const bool may_be_shared = control.is_public || control.must_revalidate || control.s_maxage;
  if (request.fields.find(FieldName::authorization) != nullptr && !may_be_shared) {
    return "authorization";
  }
  return {};
}

std::string_view response_refusal(const http::RequestHead& request,
                                  const http::ResponseHead& response,
                                  const http::CacheControl& control, const CachePolicy& policy) {
  if (!is_storable_status(response.status)) return "status";
  if (control.must_understand) {
    // RFC 9111, 5.2.2.3: no-store beside it is for caches that do not know the status.
    if (http::reason_phrase(response.status).empty()) return "must-understand";
  } else if (control.no_store) {
    return "no-store";
  }
  if (control.is_private) return "private";
  if (!vary_text(response.fields, request)) return "vary *"; // RFC 9111, 4.1
  const http::Field* cookie = response.fields.find(FieldName::set_cookie);
  if (policy.set_cookie == CookieRule::bypass && !control.is_public && cookie != nullptr &&
      !is_for_one_client(control, *cookie)) {
    return "set-cookie";
  }
  if (response.content_length && *response.content_length > policy.max_object) return "too large";
  return {};
}

bool has_validator(const http::ResponseHead& response) {
  return !response.fields.value(FieldName::etag).empty() ||
         !response.fields.value(FieldName::last_modified).empty();
}

// Whether decide() could ever answer with it, or have it confirmed. Without that, storing is a
// waste. `source` is that of the lifetime, empty where there is none.
std::string_view usefulness_refusal(const http::ResponseHead& response, const Freshness& freshness,
                                    const http::CacheControl& control) {
  if (has_validator(response)) {
    const bool may_be_stored = !freshness.source.empty() || control.is_public ||
                               is_heuristically_cacheable(response.status);
    return may_be_stored ? "" : "no explicit lifetime"; // RFC 9111, 3
  }
  if (freshness.no_cache) return "no-cache without validator";
  if (freshness.source.empty()) return "no explicit lifetime";
  if (freshness.initial_age < freshness.lifetime) return {};
  // Stale on arrival and never to be confirmed: of use only where the origin wants it used stale.
  const Seconds staleness = freshness.initial_age - freshness.lifetime;
  const Seconds allowed = std::max(control.stale_while_revalidate.value_or(Seconds{0}),
                                   control.stale_if_error.value_or(Seconds{0}));
  if (!freshness.must_revalidate && allowed > Seconds{0} && staleness <= allowed) return {};
  return "stale on arrival";
}

std::string_view storing_reason(const Freshness& freshness, bool is_stated) {
  if (freshness.no_cache || freshness.source.empty()) return "for validation";
  return is_stated ? "explicit lifetime" : freshness.source;
}

Freshness freshness_of(const http::CacheControl& control, const Lifetime& lifetime,
                       const CachePolicy& policy) {
  Freshness freshness;
  freshness.lifetime = lifetime.value;
  freshness.source = lifetime.source;
  freshness.stale_while_revalidate =
      control.stale_while_revalidate.value_or(policy.stale_while_revalidate);
  freshness.stale_if_error = control.stale_if_error.value_or(policy.stale_if_error);
  // RFC 9111, 5.2.2.10: s-maxage implies proxy-revalidate. Where nobody gave a lifetime, or none at
  // all, each use needs the origin's word: such answers are often made for who asked, and then
  // neither max-stale of another nor a failing origin may give them away.
  const bool may_be_stale = control.stale_while_revalidate || control.stale_if_error;
  freshness.must_revalidate = control.must_revalidate || control.proxy_revalidate ||
                              control.s_maxage.has_value() || lifetime.source.empty() ||
                              (lifetime.value <= Seconds{0} && !may_be_stale);
  freshness.no_cache = control.no_cache;
  freshness.immutable = control.immutable;
  return freshness;
}

} // namespace

std::vector<http::FieldName> default_control_fields() {
  return {FieldName::selvedge_cache_control, FieldName::cdn_cache_control,
          FieldName::surrogate_control};
}

bool is_for_one_client(const http::CacheControl& control, const http::Field& field) {
  const auto names_it = [&field](std::string_view name) {
    return http::equals_ignoring_case(name, field.name);
  };
  return std::any_of(control.private_fields.begin(), control.private_fields.end(), names_it) ||
         std::any_of(control.no_cache_fields.begin(), control.no_cache_fields.end(), names_it);
}

StoreDecision decide_store(const http::RequestHead& request, const http::ResponseHead& response,
                           base::Instant requested, base::Instant received,
                           const CachePolicy& policy) {
  const http::EffectiveControl effective =
      http::effective_control(response.fields, policy.control_fields);
  const http::CacheControl& control = effective.control;
  const Lifetime lifetime = lifetime_of(response, effective, received, policy);

  StoreDecision decision;
  decision.freshness = freshness_of(control, lifetime, policy);
  decision.freshness.control_field = text_of(effective.source);
  decision.freshness.response_time = received.steady;
  decision.freshness.initial_age = initial_age(response, requested, received);

  decision.reason = request_refusal(request, control, policy);
  decision.is_about_request = !decision.reason.empty();
  if (decision.reason.empty())
    decision.reason = response_refusal(request, response, control, policy);
  if (decision.reason.empty()) {
    decision.reason = usefulness_refusal(response, decision.freshness, control);
  }
  decision.may_store = decision.reason.empty();
  if (decision.may_store) decision.reason = storing_reason(decision.freshness, lifetime.is_stated);
  return decision;
}

} // namespace selvedge::cache
