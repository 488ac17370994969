#include <selvedge/http/cache_control.hpp>

namespace selvedge::http {

namespace {

using Seconds = std::chrono::seconds;

struct Directive {
  std::string_view name;
  std::optional<std::string_view> argument; // without its quotes
};

Directive split(std::string_view element) {
  const std::size_t equals = element.find('=');
  if (equals == std::string_view::npos) return {element, std::nullopt};
  std::string_view argument = trim(element.substr(equals + 1));
  if (argument.size() >= 2 && argument.front() == '"' && argument.back() == '"') {
    argument = argument.substr(1, argument.size() - 2);
  }
  return {trim(element.substr(0, equals)), argument};
}

// The first of a repeated directive counts (RFC 9111, 4.2.1), also where it was not a number.
void set_once(std::optional<Seconds>& to, const Directive& directive) {
  if (!to) to = parse_delta_seconds(directive.argument.value_or("")).value_or(Seconds{0});
}

struct DurationDirective {
  std::string_view name;
  std::optional<Seconds> CacheControl::*member;
};
constexpr DurationDirective kDurations[] = {
    {"max-age", &CacheControl::max_age},
    {"s-maxage", &CacheControl::s_maxage},
    {"stale-while-revalidate", &CacheControl::stale_while_revalidate},
    {"stale-if-error", &CacheControl::stale_if_error},
    {"min-fresh", &CacheControl::min_fresh},
};

struct FlagDirective {
  std::string_view name;
  bool CacheControl::*member;
};
constexpr FlagDirective kFlags[] = {
    {"no-store", &CacheControl::no_store},
    {"no-cache", &CacheControl::no_cache},
    {"private", &CacheControl::is_private},
    {"public", &CacheControl::is_public},
    {"must-revalidate", &CacheControl::must_revalidate},
    {"proxy-revalidate", &CacheControl::proxy_revalidate},
    {"must-understand", &CacheControl::must_understand},
    {"only-if-cached", &CacheControl::only_if_cached},
    {"no-transform", &CacheControl::no_transform},
    {"immutable", &CacheControl::immutable},
};

void apply(CacheControl& control, const Directive& directive) {
  for (const FlagDirective& flag : kFlags) {
    if (equals_ignoring_case(directive.name, flag.name)) {
      control.*flag.member = true;
      return;
    }
  }
  for (const DurationDirective& duration : kDurations) {
    if (equals_ignoring_case(directive.name, duration.name)) {
      set_once(control.*duration.member, directive);
      return;
    }
  }
  if (equals_ignoring_case(directive.name, "max-stale")) {
    // RFC 9111, 5.2.1.2: without an argument, any staleness will do.
    if (directive.argument)
      set_once(control.max_stale, directive);
    else if (!control.max_stale)
      control.max_stale = Seconds::max();
  }
}

} // namespace

std::optional<Seconds> parse_delta_seconds(std::string_view text) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 31;
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = std::min(seconds * 10 + (c - '0'), kLargest);
  }
  return Seconds{seconds};
}

CacheControl parse_cache_control(const FieldList& fields, FieldName name) {
  CacheControl control;
  for (const Field& field : fields) {
    if (field.id != name) continue;
    control.is_present = true;
    for_each_element(field.value, [&control](std::string_view element) {
      apply(control, split(element));
      return true;
    });
  }
  return control;
}

} // namespace selvedge::http
