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

// Whether a lifetime may be assumed where none was given (RFC 9110, 15.1).
bool is_heuristically_cacheable(http::Status status) {
  switch (status) {
  case 200:
  case 203:
  case 204:
  case 300:
  case 301:
  case 308:
  case 404:
  case 405:
  case 410:
  case 414:
  case 501:
    return true;
  default:
    return false;
  }
}

bool is_storable_status(http::Status status) {
  // 206 is a part and 304 an update of something else: neither answers a request by itself.
  return status >= 200 && status <= 599 && status != 206 && status != 304;
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

// freshness_lifetime of RFC 9111, 4.2.1, as the origin said it; nothing where it said nothing.
std::optional<Seconds> explicit_lifetime(const http::ResponseHead& response,
                                         const http::CacheControl& control,
                                         base::Instant received) {
  if (control.s_maxage) return control.s_maxage;
  if (control.max_age) return control.max_age;
  const http::Field* expires = response.fields.find(FieldName::expires);
  if (expires == nullptr) return std::nullopt;
  // RFC 9111, 5.3: invalid dates, "0" among them, mean a time in the past.
  const auto at = http::parse_http_date(expires->value, received.wall);
  if (!at) return Seconds{0};
  return std::clamp(Seconds{*at - date_of(response, received)}, Seconds{0}, kLongest);
}

// RFC 9111, 4.2.2: only statuses defined as cacheable by default, or a response marked public.
Seconds assumed_lifetime(http::Status status, const http::CacheControl& control,
                         const CachePolicy& policy) {
  const bool may_assume = is_heuristically_cacheable(status) || control.is_public;
  return may_assume ? policy.default_lifetime : Seconds{0};
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
  // RFC 9111, 7.3 leaves it to the cache: a cookie is as a rule for one client.
  if (response.fields.find(FieldName::set_cookie) != nullptr && !control.is_public) {
    return "set-cookie";
  }
  if (response.content_length && *response.content_length > policy.max_object) return "too large";
  return {};
}

// Whether decide() could ever answer with it, or have it confirmed. Without that, storing is a
// waste.
std::string_view usefulness_refusal(const http::ResponseHead& response, const Freshness& freshness,
                                    bool has_lifetime) {
  const bool has_validator = !response.fields.value(FieldName::etag).empty() ||
                             !response.fields.value(FieldName::last_modified).empty();
  if (freshness.no_cache) return has_validator ? "" : "no-cache without validator";
  if (!has_lifetime) return "no explicit lifetime";
  const Seconds staleness = freshness.initial_age - freshness.lifetime;
  if (staleness < Seconds{0} || has_validator) return {};
  const bool may_be_stale = freshness.stale_while_revalidate > Seconds{0} &&
                            staleness <= freshness.stale_while_revalidate;
  if (may_be_stale && !freshness.must_revalidate) return {};
  return "stale on arrival";
}

std::string_view storing_reason(const Freshness& freshness, bool has_stated_lifetime) {
  if (freshness.no_cache) return "for validation";
  return has_stated_lifetime ? "explicit lifetime" : "default lifetime";
}

} // namespace

StoreDecision decide_store(const http::RequestHead& request, const http::ResponseHead& response,
                           base::Instant requested, base::Instant received,
                           const CachePolicy& policy) {
  const http::CacheControl control = http::parse_cache_control(response.fields);
  const auto stated = explicit_lifetime(response, control, received);
  const Seconds assumed = assumed_lifetime(response.status, control, policy);

  StoreDecision decision;
  Freshness& freshness = decision.freshness;
  freshness.response_time = received.steady;
  freshness.initial_age = initial_age(response, requested, received);
  freshness.lifetime = stated.value_or(assumed);
  freshness.stale_while_revalidate = control.stale_while_revalidate.value_or(Seconds{0});
  freshness.stale_if_error = control.stale_if_error.value_or(Seconds{0});
  // RFC 9111, 5.2.2.10: s-maxage implies proxy-revalidate.
  freshness.must_revalidate =
      control.must_revalidate || control.proxy_revalidate || control.s_maxage.has_value();
  freshness.no_cache = control.no_cache;

  decision.reason = request_refusal(request, control, policy);
  if (decision.reason.empty())
    decision.reason = response_refusal(request, response, control, policy);
  if (decision.reason.empty()) {
    const bool has_lifetime = stated.has_value() || assumed > Seconds{0};
    decision.reason = usefulness_refusal(response, freshness, has_lifetime);
  }
  decision.may_store = decision.reason.empty();
  if (decision.may_store) decision.reason = storing_reason(freshness, stated.has_value());
  return decision;
}

} // namespace selvedge::cache
