// The cache directives known here, by name and by the form of their value: what Cache-Control and
// the targeted fields have in common.
#pragma once

#include <selvedge/http/cache_control.hpp>

namespace selvedge::http {

// A number of seconds.
struct DurationDirective {
  std::string_view name;
  std::optional<std::chrono::seconds> CacheControl::*member;
};
inline constexpr DurationDirective kDurationDirectives[] = {
    {"max-age", &CacheControl::max_age},
    {"s-maxage", &CacheControl::s_maxage},
    {"stale-while-revalidate", &CacheControl::stale_while_revalidate},
    {"stale-if-error", &CacheControl::stale_if_error},
    {"min-fresh", &CacheControl::min_fresh},
};

// No value.
struct FlagDirective {
  std::string_view name;
  bool CacheControl::*member;
};
inline constexpr FlagDirective kFlagDirectives[] = {
    {"no-store", &CacheControl::no_store},
    {"public", &CacheControl::is_public},
    {"must-revalidate", &CacheControl::must_revalidate},
    {"proxy-revalidate", &CacheControl::proxy_revalidate},
    {"must-understand", &CacheControl::must_understand},
    {"only-if-cached", &CacheControl::only_if_cached},
    {"no-transform", &CacheControl::no_transform},
    {"immutable", &CacheControl::immutable},
};

// No value, or a list of field names (RFC 9111, 5.2.2.4 and 5.2.2.7).
using FieldNames = boost::container::small_vector<std::string_view, 2>;
struct FieldsDirective {
  std::string_view name;
  bool CacheControl::*whole;
  FieldNames CacheControl::*fields;
};
inline constexpr FieldsDirective kFieldsDirectives[] = {
    {"no-cache", &CacheControl::no_cache, &CacheControl::no_cache_fields},
    {"private", &CacheControl::is_private, &CacheControl::private_fields},
};

// The names of a list, as views of it. Empty where it is empty or has a member that is none: it
// then concerns the whole response.
FieldNames field_names_of(std::string_view list);

} // namespace selvedge::http
