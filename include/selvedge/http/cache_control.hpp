// Cache-Control as a value (RFC 9111, 5.2; RFC 5861; RFC 8246).
#pragma once

#include <selvedge/http/field.hpp>

#include <chrono>
#include <optional>

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
  bool no_cache = false;   // without a field list, or with one (treated alike here)
  bool is_private = false; // likewise
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

} // namespace selvedge::http
