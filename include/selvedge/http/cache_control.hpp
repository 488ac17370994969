// Cache-Control as a value (RFC 9111, 5.2; RFC 5861; RFC 8246), and the fields that say the same to
// some caches only (RFC 9213; Surrogate-Control of the Edge Architecture Specification 1.0).
#pragma once

#include <selvedge/http/field.hpp>

#include <boost/container/small_vector.hpp>

#include <chrono>
#include <optional>
#include <span>

namespace selvedge::http {

// Directive names are case-insensitive, arguments may be quoted, the first of a repeated directive
// counts. Seconds too large for 31 bits are 2^31 (RFC 9111, 1.2.2); an argument that is not a
// non-negative integer makes the response stale: max-age=0 (RFC 9111, 4.2.1).
struct CacheControl {
  using Seconds = std::chrono::seconds;
  std::optional<Seconds> max_age;
  std::optional<Seconds> s_maxage;
  std::optional<Seconds> stale_while_revalidate;
  std::optional<Seconds> stale_if_error;
  std::optional<Seconds> min_fresh;
  std::optional<Seconds> max_stale; // without an argument: Seconds::max()
  bool no_store = false;
  bool no_cache = false;   // the whole response; with a field list only those are concerned
  bool is_private = false; // likewise
  // Field names that no-cache="..." and private="..." list (RFC 9111, 5.2.2.4 and 5.2.2.7): views
  // of the field values. An empty or malformed list concerns the whole response. Of repeated
  // directives all lists count.
  boost::container::small_vector<std::string_view, 2> no_cache_fields;
  boost::container::small_vector<std::string_view, 2> private_fields;
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool only_if_cached = false;
  bool no_transform = false;
  bool immutable = false;
  bool is_present = false; // at least one field of that name was there
};

// RFC 9111, 1.2.2: digits only; values too large for 31 bits are 2^31.
std::optional<std::chrono::seconds> parse_delta_seconds(std::string_view text);

// All fields named `name`, read as one list.
CacheControl parse_cache_control(const FieldList& fields,
                                 FieldName name = FieldName::cache_control);

// The directives of a targeted field (RFC 9213, 2.1): a structured Dictionary. Nothing where the
// field is absent, empty or malformed, or where a directive known here has a value of another type:
// then the next field decides. Of a directive set to ?0 it is as if it were not there.
std::optional<CacheControl> parse_targeted_control(const FieldList& fields, FieldName name);
// Surrogate-Control: max-age=SECONDS or max-age=FRESH+STALE, no-store, no-store-remote,
// content=...; directives addressed to others (";other-name") do not count. FRESH+STALE sets
// stale_while_revalidate to STALE. Nothing where the field is absent, or says nothing of storing.
std::optional<CacheControl> parse_surrogate_control(const FieldList& fields);

// What decides about a response: the first of `targets` (names of targeted fields, or
// surrogate_control) that is there and valid; else Cache-Control, also when absent.
struct EffectiveControl {
  CacheControl control;
  FieldName source = FieldName::cache_control;
  // RFC 9213, 2.2: where a targeted field decides, Cache-Control and Expires do not.
  bool is_targeted() const { return source != FieldName::cache_control; }
};
EffectiveControl effective_control(const FieldList& response, std::span<const FieldName> targets);

} // namespace selvedge::http
