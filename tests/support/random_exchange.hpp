// Random requests and responses for property tests of the cache, each with what it says: a test
// that wrote a field need not read it to know. Thread: one.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/http/http_date.hpp>

#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace selvedge::test {

using Count = std::int64_t; // of seconds

inline constexpr Count kMost = Count{1} << 31; // RFC 9111, 1.2.2

class Random {
public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  bool once_in(std::size_t times) { return below(times) == 0; }
  template <typename T, std::size_t N> const T& one_of(const T (&all)[N]) { return all[below(N)]; }

private:
  std::mt19937 engine_;
};

// What the field that decides about a response says.
struct Said {
  bool no_store = false;
  bool no_cache = false;
  bool is_private = false;
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool immutable = false;
  std::optional<Count> max_age;
  std::optional<Count> s_maxage;
  std::optional<Count> stale_while_revalidate;
  std::optional<Count> stale_if_error;
};

struct Flag {
  const char* name;
  bool Said::*member;
};
inline constexpr Flag kFlags[] = {
    {"no-store", &Said::no_store},
    {"no-cache", &Said::no_cache},
    {"private", &Said::is_private},
    {"public", &Said::is_public},
    {"must-revalidate", &Said::must_revalidate},
    {"proxy-revalidate", &Said::proxy_revalidate},
    {"must-understand", &Said::must_understand},
    {"immutable", &Said::immutable},
};

struct Duration {
  const char* names[2]; // RFC 9111, 5.2: in any case; a targeted field has the first
  std::optional<Count> Said::*member;
};
inline constexpr Duration kDurations[] = {
    {{"max-age", "Max-Age"}, &Said::max_age},
    {{"s-maxage", "S-MAXAGE"}, &Said::s_maxage},
    {{"stale-while-revalidate", "Stale-While-Revalidate"}, &Said::stale_while_revalidate},
    {{"stale-if-error", "STALE-if-error"}, &Said::stale_if_error},
};

struct Argument {
  const char* text;
  Count seconds;
};
// RFC 9111, 4.2.1: what is no number makes the response stale.
inline constexpr Argument kArguments[] = {
    {"=0", 0},     {"=5", 5},  {"=60", 60},       {"=\"60\"", 60},
    {"=100", 100}, {"=-1", 0}, {"=1.5", 0},       {"=x", 0},
    {"=", 0},      {"", 0},    {"=\"100\"", 100}, {"=99999999999", kMost}};
// RFC 9213, 2.1: Integers. Negative here: such a member makes the whole field count for nothing.
inline constexpr Argument kTargetedArguments[] = {
    {"=0", 0},     {"=5", 5},     {"=60", 60},
    {"=100", 100}, {"=60;p", 60}, {"=99999999999", kMost},
    {"=60", 60},   {"=100", 100}, {"=\"60\"", -1},
    {"=1.5", -1},
};
// They say nothing of the response as a whole (RFC 9111, 5.2.2.4, 5.2.2.7 and 5.2.3).
inline constexpr const char* kIdle[] = {"private=\"x-a\"", "no-cache=\"x-a\"",
                                        "x=\"no-store, private\"", "no-transform", "unknown=1"};

inline void separate(std::string& list) {
  if (!list.empty()) list.append(", ");
}

// A Cache-Control value, and into `said` what it says: the first of repeated directives.
inline std::string cache_control(Random& random, Said& said) {
  std::string list;
  for (std::size_t i = random.below(5); i > 0; --i) {
    separate(list);
    if (random.once_in(6)) {
      list.append(random.one_of(kIdle));
    } else if (random.once_in(3)) {
      const Flag& flag = random.one_of(kFlags);
      list.append(flag.name);
      said.*flag.member = true;
    } else {
      const Duration& duration = random.one_of(kDurations);
      const Argument& argument = random.one_of(kArguments);
      list.append(random.one_of(duration.names)).append(argument.text);
      if (!(said.*duration.member)) said.*duration.member = argument.seconds;
    }
  }
  return list;
}

// The value of a targeted field, and what it says where it counts: the last of repeated directives
// (RFC 9651, 4.2.2).
inline std::string targeted_control(Random& random, std::optional<Said>& said) {
  std::string list;
  std::map<const char*, bool> is_invalid;
  said.emplace();
  for (std::size_t i = 1 + random.below(4); i > 0; --i) {
    separate(list);
    if (random.once_in(2)) {
      const Flag& flag = random.one_of(kFlags);
      const bool is_set = !random.once_in(5);
      list.append(flag.name).append(is_set ? "" : "=?0");
      (*said).*flag.member = is_set;
    } else {
      const Duration& duration = random.one_of(kDurations);
      const Argument& argument = random.one_of(kTargetedArguments);
      list.append(duration.names[0]).append(argument.text);
      (*said).*duration.member = argument.seconds;
      is_invalid[duration.names[0]] = argument.seconds < 0;
    }
  }
  for (const auto& [name, invalid] : is_invalid) {
    if (invalid) said.reset();
    if (invalid) break;
  }
  return list;
}

struct Written {
  http::ResponseHead head;
  std::deque<std::string> texts;
  Said said; // by the field that decides
  bool is_targeted = false;
  std::optional<Count> expires_lifetime; // what Expires means, against Date
  Count initial_age = 0;
  Count unchanged = 0; // from Last-Modified to Date
  bool has_validator = false;
  bool has_cookie = false;
  bool varies_on_anything = false;

  void add(std::string_view name, std::string value) {
    texts.push_back(std::move(value));
    head.fields.add(name, texts.back());
  }
};

inline void write_control(Random& random, Written& to) {
  std::optional<Said> targeted;
  for (const char* name : {"Selvedge-Cache-Control", "CDN-Cache-Control"}) {
    if (!random.once_in(6)) continue;
    std::optional<Said> said;
    to.add(name, targeted_control(random, said));
    if (!targeted) targeted = said; // RFC 9213, 2.2: the first that is valid
  }
  Said general;
  if (!random.once_in(4)) to.add("Cache-Control", cache_control(random, general));
  to.is_targeted = targeted.has_value();
  to.said = targeted.value_or(general);
}

inline void write_dates(Random& random, Written& to, base::Instant received, Count delay) {
  constexpr Count kOffsets[] = {-60, 0, 0, 30, 300};
  std::chrono::sys_seconds date = received.wall; // RFC 9110, 6.6.1: where there is none
  if (random.once_in(8)) {
    to.add("Date", "yesterday");
  } else if (!random.once_in(4)) {
    date -= base::Seconds{random.one_of(kOffsets)};
    to.add("Date", http::http_date(date));
  }
  const Count apparent_age = std::max<Count>((received.wall - date).count(), 0);
  constexpr Argument kAges[] = {{"0", 0},   {"40", 40}, {"40, 90", 40},        {"-5", 0},
                                {"1.5", 0}, {"old", 0}, {"99999999999", kMost}};
  const Argument age = random.once_in(3) ? random.one_of(kAges) : Argument{"", 0};
  if (*age.text != 0) to.add("Age", age.text);
  to.initial_age = std::min(std::max(apparent_age, age.seconds + delay), kMost); // 4.2.3
  if (random.once_in(3)) {
    constexpr Count kLifetimes[] = {-60, 0, 5, 60, 100};
    to.expires_lifetime = std::max<Count>(random.one_of(kLifetimes), 0);
    to.add("Expires", http::http_date(date + base::Seconds{*to.expires_lifetime}));
  } else if (random.once_in(4)) {
    constexpr const char* kInvalid[] = {"0", "-1", "", "tomorrow"};
    to.expires_lifetime = 0; // 5.3
    to.add("Expires", random.one_of(kInvalid));
  }
  if (random.once_in(4)) {
    to.unchanged = 2000;
    to.has_validator = true;
    to.add("Last-Modified", http::http_date(date - base::Seconds{to.unchanged}));
  }
}

inline Written write_response(Random& random, base::Instant received, Count delay) {
  constexpr http::Status kStatuses[] = {200, 200, 200, 200, 203, 206, 301, 302, 404,
                                        410, 500, 503, 299, 599, 103, 304, 416};
  Written to;
  to.head.status = random.one_of(kStatuses);
  write_control(random, to);
  write_dates(random, to, received, delay);
  if (random.once_in(3)) {
    to.has_validator = true;
    to.add("ETag", random.once_in(2) ? "\"v\"" : "W/\"v\"");
  }
  if (random.once_in(5)) {
    to.has_cookie = true;
    to.add("Set-Cookie", "id=1");
  }
  if (random.once_in(5)) {
    constexpr const char* kVary[] = {"accept-encoding", "x-a, x-b", "*", "x-a, *"};
    const std::string vary = random.one_of(kVary);
    to.varies_on_anything = vary.find('*') != std::string::npos;
    to.add("Vary", vary);
  }
  return to;
}

struct Asked {
  http::RequestHead head;
  std::deque<std::string> texts;
  bool no_cache = false; // or Pragma
  bool no_store = false;
  bool only_if_cached = false;
  bool has_authorization = false;
  std::optional<Count> max_age;
  std::optional<Count> max_stale;
  std::optional<Count> min_fresh;
  std::optional<Count> stale_if_error;
};

inline void write_directive(Random& random, Asked& to, std::string& list) {
  struct Wish {
    const char* name;
    std::optional<Count> Asked::*member;
  };
  constexpr Wish kWishes[] = {{"max-age", &Asked::max_age},
                              {"max-stale", &Asked::max_stale},
                              {"min-fresh", &Asked::min_fresh},
                              {"stale-if-error", &Asked::stale_if_error}};
  struct Order {
    const char* name;
    bool Asked::*member;
  };
  constexpr Order kOrders[] = {{"no-cache", &Asked::no_cache},
                               {"no-store", &Asked::no_store},
                               {"only-if-cached", &Asked::only_if_cached}};
  separate(list);
  if (random.once_in(3)) {
    const Order& order = random.one_of(kOrders);
    list.append(order.name);
    to.*order.member = true;
    return;
  }
  const Wish& wish = random.one_of(kWishes);
  const Argument& argument = random.one_of(kArguments);
  list.append(wish.name).append(argument.text);
  // RFC 9111, 5.2.1.2: max-stale without an argument.
  const bool is_any = wish.member == &Asked::max_stale && *argument.text == 0;
  const Count seconds = is_any ? std::numeric_limits<Count>::max() : argument.seconds;
  if (!(to.*wish.member)) to.*wish.member = seconds;
}

inline Asked write_request(Random& random) {
  constexpr http::Method kMethods[] = {http::Method::head, http::Method::post, http::Method::put,
                                       http::Method::other};
  Asked to;
  if (random.once_in(10)) to.head.method = random.one_of(kMethods);
  to.head.has_content = random.once_in(20);
  std::string list;
  for (std::size_t i = random.once_in(2) ? 1 + random.below(3) : 0; i > 0; --i) {
    write_directive(random, to, list);
  }
  to.texts.push_back(std::move(list));
  if (!to.texts.back().empty()) {
    to.head.fields.add("Cache-Control", to.texts.back());
  } else if (random.once_in(10)) {
    to.head.fields.add("Pragma", "no-cache"); // RFC 9111, 5.4
    to.no_cache = true;
  }
  to.has_authorization = random.once_in(6);
  if (to.has_authorization) to.head.fields.add("Authorization", "Basic eDp5");
  if (random.once_in(6)) to.head.fields.add("Range", "bytes=0-1");
  return to;
}

} // namespace selvedge::test
