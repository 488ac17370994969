#include <selvedge/cache/decide.hpp>
#include <selvedge/http/http_date.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::cache;
using namespace std::chrono_literals;
using test::Fields;
using test::request;

namespace {

// Wed, 01 Jan 2025 12:00:00 GMT
const base::Instant kReceived{base::Steady{1h}, std::chrono::sys_seconds{1735732800s}};

constexpr const char* kNow = "Wed, 01 Jan 2025 12:00:00 GMT";
constexpr const char* kMinuteAgo = "Wed, 01 Jan 2025 11:59:00 GMT";
constexpr const char* kModified = "Wed, 01 Jan 2025 11:43:20 GMT"; // 1000 seconds ago
constexpr const char* kLongAgo = "Thu, 01 Jan 1970 00:00:00 GMT";
constexpr const char* kInAMinute = "Wed, 01 Jan 2025 12:01:00 GMT";

http::ResponseHead response(Fields fields, http::Status status = 200) {
  http::ResponseHead head;
  head.status = status;
  head.fields = test::fields(fields);
  return head;
}

StoreDecision judge(const http::RequestHead& asked, const http::ResponseHead& answer,
                    const CachePolicy& policy = {}) {
  return decide_store(asked, answer, kReceived, kReceived, policy);
}

StoreDecision judge(Fields fields, const CachePolicy& policy = {}) {
  return judge(request(), response(fields), policy);
}

} // namespace

TEST_CASE("RFC 9111, 3: which responses are stored, by Cache-Control", "[cache][decide_store]") {
  using Row = std::tuple<const char*, const char*, bool, const char*>;
  const auto [section, control, may_store,
              reason] = GENERATE(table<const char*, const char*, bool, const char*>({
      Row{"3: max-age", "max-age=60", true, "explicit lifetime"},
      Row{"3: s-maxage", "s-maxage=60", true, "explicit lifetime"},
      Row{"3: nothing said", "", false, "no explicit lifetime"},
      Row{"3: public without a lifetime", "public", false, "no explicit lifetime"},
      Row{"5.2.2.5: no-store", "no-store, max-age=60", false, "no-store"},
      Row{"5.2.2.7: private", "private, max-age=60", false, "private"},
      // Only the listed fields are private; is_for_one_client() keeps them out of the store.
      Row{"5.2.2.7: private with a list", "private=\"x\", max-age=60", true, "explicit lifetime"},
      Row{"5.2.2.7: an empty list", "private=\"\", max-age=60", false, "private"},
      Row{"5.2.2.7: a list that is none", "private=\"a b\", max-age=60", false, "private"},
      Row{"5.2.2.7: both forms", "private=\"x\", private, max-age=60", false, "private"},
      Row{"5.2: odd case", "Private, Max-Age=60", false, "private"},
      Row{"5.2: odd case", "NO-STORE, max-age=60", false, "no-store"},
      Row{"5.2.2.5: no-store has no argument", "no-store=\"x\", max-age=60", false, "no-store"},
      Row{"5.2: inside another's argument", "x=\"no-store\", max-age=60", true,
          "explicit lifetime"},
      Row{"5.2.3: no directive of this name", "no-storex, max-age=60", true, "explicit lifetime"},
      Row{"5.2.2.3: without must-understand", "no-store, public, max-age=60", false, "no-store"},
      Row{"5.2.2.3: private all the same", "must-understand, private, max-age=60", false,
          "private"},
      Row{"5.2.2.4: no-cache with a list", "no-cache=\"x\", max-age=60", true, "explicit lifetime"},
      Row{"4.2.1: a duplicate", "max-age=60, max-age=0", true, "explicit lifetime"},
      Row{"4.2.1: a duplicate", "max-age=0, max-age=60", false, "stale on arrival"},
      Row{"5.2.2.3: must-understand", "must-understand, no-store, max-age=60", true,
          "explicit lifetime"},
      Row{"4.2.1: zero", "max-age=0", false, "stale on arrival"},
      Row{"4.2.1: invalid", "max-age=soon", false, "stale on arrival"},
      Row{"5.2.2.10: s-maxage=0 wins", "s-maxage=0, max-age=60", false, "stale on arrival"},
      Row{"5.2.2.4: no-cache", "no-cache, max-age=60", false, "no-cache without validator"},
      Row{"RFC 5861, 3: useful though stale", "max-age=0, stale-while-revalidate=9", true,
          "explicit lifetime"},
      Row{"4.2.4: not useful", "max-age=0, stale-while-revalidate=9, must-revalidate", false,
          "stale on arrival"},
  }));
  CAPTURE(section, control);
  const StoreDecision decision = judge({{"Cache-Control", control}});
  CHECK(decision.may_store == may_store);
  CHECK(decision.reason == reason);
}

TEST_CASE("RFC 9111, 4.3: with a validator even what is stale is stored", "[cache][decide_store]") {
  CHECK(judge({{"Cache-Control", "max-age=0"}, {"ETag", "\"a\""}}).may_store);
  CHECK(judge({{"Cache-Control", "no-cache"}, {"ETag", "\"a\""}}).may_store);
  CHECK(judge({{"Cache-Control", "no-cache"}, {"ETag", "\"a\""}}).reason == "for validation");
  CHECK(judge({{"Cache-Control", "no-cache"}, {"Last-Modified", kNow}}).may_store);
  // RFC 9111, 3: a status that is cacheable by default is enough; without a lifetime nobody may
  // use it unasked.
  const StoreDecision unsaid = judge({{"ETag", "\"a\""}});
  CHECK(unsaid.may_store);
  CHECK(unsaid.reason == "for validation");
  CHECK(unsaid.freshness.lifetime == 0s);
  CHECK(unsaid.freshness.must_revalidate);
  const Fields tag = {{"ETag", "\"a\""}};
  CHECK(judge(request(), response(tag, 302)).reason == "no explicit lifetime");
  const Fields marked = {{"ETag", "\"a\""}, {"Cache-Control", "public"}};
  CHECK(judge(request(), response(marked, 302)).may_store);
}

TEST_CASE("RFC 9111, 3: statuses", "[cache][decide_store]") {
  // stored with an explicit lifetime / with the route's default lifetime (RFC 9110, 15.1)
  using Row = std::tuple<int, bool, bool>;
  const auto [status, with_explicit, with_default] = GENERATE(table<int, bool, bool>({
      Row{200, true, true},   Row{203, true, true},   Row{204, true, true},
      Row{300, true, true},   Row{301, true, true},   Row{308, true, true},
      Row{404, true, true},   Row{405, true, false},  Row{410, true, true},
      Row{414, true, false},  Row{501, true, false},  Row{302, true, false},
      Row{307, true, false},  Row{400, true, false},  Row{403, true, false},
      Row{500, true, false},  Row{503, true, false},  Row{299, true, false},
      Row{206, true, true},   Row{599, true, false},  Row{103, false, false},
      Row{304, false, false}, Row{416, false, false}, Row{600, false, false},
      Row{0, false, false},
  }));
  CAPTURE(status);
  const auto code = static_cast<http::Status>(status);
  CHECK(judge(request(), response({{"Cache-Control", "max-age=60"}}, code)).may_store ==
        with_explicit);
  const CachePolicy policy{.default_lifetime = 30s};
  CHECK(judge(request(), response({}, code), policy).may_store == with_default);
}

TEST_CASE("RFC 9111, 5.2.2.3: must-understand needs a known status", "[cache][decide_store]") {
  const Fields fields = {{"Cache-Control", "must-understand, max-age=60"}};
  CHECK(judge(request(), response(fields, 200)).may_store);
  CHECK(judge(request(), response(fields, 299)).reason == "must-understand");
}

TEST_CASE("RFC 9111, 4.2.2: the default lifetime stands in where none was given",
          "[cache][decide_store]") {
  const CachePolicy policy{.default_lifetime = 30s};
  const StoreDecision assumed = judge({}, policy);
  CHECK(assumed.may_store);
  CHECK(assumed.reason == "default_lifetime");
  CHECK(assumed.freshness.lifetime == 30s);
  CHECK(judge({{"Cache-Control", "max-age=5"}}, policy).freshness.lifetime == 5s);
  CHECK_FALSE(judge({{"Cache-Control", "max-age=0"}}, policy).may_store);
  CHECK_FALSE(judge({{"Expires", "0"}}, policy).may_store);
  const auto marked = response({{"Cache-Control", "public"}}, 302);
  CHECK(judge(request(), marked, policy).may_store);
}

TEST_CASE("RFC 9111, 3: what of the request forbids storing", "[cache][decide_store]") {
  const auto answer = response({{"Cache-Control", "max-age=60"}});
  CHECK(judge(request({{"Cache-Control", "no-store"}}), answer).reason == "request no-store");
  CHECK(judge(request({{"Cache-Control", "no-cache"}}), answer).may_store);
  for (http::Method method : {http::Method::head, http::Method::post, http::Method::put}) {
    http::RequestHead other;
    other.method = method;
    CHECK(judge(other, answer).reason == "method");
  }
  http::RequestHead with_content;
  with_content.has_content = true;
  CHECK(judge(with_content, answer).reason == "request content");
  CHECK(judge(request(), answer, {.enabled = false}).reason == "caching is off");
}

TEST_CASE("RFC 9111, 3.5: requests with Authorization", "[cache][decide_store]") {
  using Row = std::tuple<const char*, bool>;
  const auto [control, may_store] = GENERATE(table<const char*, bool>({
      Row{"max-age=60", false},
      Row{"max-age=60, public", true},
      Row{"max-age=60, must-revalidate", true},
      Row{"max-age=60, proxy-revalidate", false},
      Row{"s-maxage=60", true},
  }));
  CAPTURE(control);
  const auto asked = request({{"Authorization", "Basic eA=="}});
  CHECK(judge(asked, response({{"Cache-Control", control}})).may_store == may_store);
}

TEST_CASE("RFC 9111, 4.1 and 7.3: Vary and Set-Cookie", "[cache][decide_store]") {
  const auto reason = [](Fields fields) { return judge(fields).reason; };
  CHECK(reason({{"Cache-Control", "max-age=60"}, {"Vary", "*"}}) == "vary *");
  CHECK(reason({{"Cache-Control", "max-age=60"}, {"Vary", "a, *"}}) == "vary *");
  CHECK(judge({{"Cache-Control", "max-age=60"}, {"Vary", "accept"}}).may_store);
  CHECK(reason({{"Cache-Control", "max-age=60"}, {"Set-Cookie", "a=b"}}) == "set-cookie");
  CHECK(judge({{"Cache-Control", "max-age=60, public"}, {"Set-Cookie", "a=b"}}).may_store);
}

TEST_CASE("what is too large is not stored", "[cache][decide_store]") {
  auto answer = response({{"Cache-Control", "max-age=60"}});
  const CachePolicy policy{.max_object = 1000};
  answer.content_length = 1000;
  CHECK(judge(request(), answer, policy).may_store);
  answer.content_length = 1001;
  CHECK(judge(request(), answer, policy).reason == "too large");
}

TEST_CASE("RFC 9111, 4.2.1: freshness lifetime", "[cache][decide_store]") {
  using Row = std::tuple<const char*, const char*, const char*, const char*, base::Seconds>;
  const auto [section, control, expires, date, lifetime] =
      GENERATE(table<const char*, const char*, const char*, const char*, base::Seconds>({
          Row{"s-maxage first", "max-age=1, s-maxage=2", kInAMinute, kNow, 2s},
          Row{"then max-age", "max-age=1", kInAMinute, kNow, 1s},
          Row{"then Expires - Date", "public", kInAMinute, kNow, 60s},
          Row{"against Date, not against our clock", "public", kNow, kMinuteAgo, 60s},
          Row{"without Date: when received", "public", kInAMinute, "", 60s},
          Row{"a Date that is none", "public", kInAMinute, "now", 60s},
          Row{"5.3: in the past", "public", kMinuteAgo, kNow, 0s},
          Row{"5.3: zero", "public", "0", kNow, 0s},
          Row{"5.3: invalid", "public", "tomorrow", kNow, 0s},
          Row{"5.3: empty", "public", "", kNow, 0s},
          Row{"5.3: negative", "public", "-1", kNow, 0s},
          Row{"5.3: a number", "public", "1735732860", kNow, 0s},
          Row{"5.3: another zone", "public", "Wed, 01 Jan 2025 12:01:00 UTC", kNow, 0s},
          Row{"5.3: one digit", "public", "Wed, 1 Jan 2025 12:01:00 GMT", kNow, 0s},
          Row{"5.3: a date and more", "public", "Wed, 01 Jan 2025 12:01:00 GMT x", kNow, 0s},
          Row{"5.3: long ago", "public", "Thu, 01 Jan 1970 00:00:00 GMT", kNow, 0s},
          Row{"RFC 9110, 5.6.7: RFC 850", "public", "Wednesday, 01-Jan-25 12:01:00 GMT", kNow, 60s},
          Row{"RFC 9110, 5.6.7: asctime", "public", "Wed Jan  1 12:01:00 2025", kNow, 60s},
          Row{"RFC 9110, 5.6.7: Date as asctime", "public", kInAMinute, "Wed Jan  1 11:59:00 2025",
              120s},
          Row{"5.3: invalid max-age counts before it", "max-age=x", kInAMinute, kNow, 0s},
          Row{"5.2.2.10: invalid s-maxage too", "s-maxage=-1, max-age=9", kInAMinute, kNow, 0s},
          Row{"1.2.2: a float", "max-age=1.5", kInAMinute, kNow, 0s},
          Row{"5.2: quoted", "max-age=\"7\"", kInAMinute, kNow, 7s},
          Row{"5.2: odd case", "Max-Age=7", kInAMinute, kNow, 7s},
          Row{"4.2.1: the first of two", "max-age=7, max-age=8", kInAMinute, kNow, 7s},
          Row{"1.2.2: huge", "max-age=99999999999", kNow, kNow, 2147483648s},
          Row{"1.2.2: far", "public", "Fri, 31 Dec 9999 23:59:59 GMT", kNow, 2147483648s},
      }));
  CAPTURE(section);
  http::ResponseHead answer = response({{"Cache-Control", control}, {"Expires", expires}});
  if (*date != 0) answer.fields.add("Date", date);
  CHECK(judge(request(), answer).freshness.lifetime == lifetime);
}

TEST_CASE("RFC 9111, 4.2.3: age on arrival", "[cache][decide_store]") {
  using Row = std::tuple<const char*, const char*, const char*, base::Seconds, base::Seconds>;
  const auto [section, age, date, delay, expected] =
      GENERATE(table<const char*, const char*, const char*, base::Seconds, base::Seconds>({
          Row{"straight from the origin", "", kNow, 0s, 0s},
          Row{"apparent age", "", kMinuteAgo, 0s, 60s},
          Row{"a Date ahead of us", "", kInAMinute, 0s, 0s},
          Row{"age value", "40", kNow, 0s, 40s},
          Row{"the larger", "40", kMinuteAgo, 0s, 60s},
          Row{"the larger", "80", kMinuteAgo, 0s, 80s},
          Row{"response delay", "", kNow, 7s, 7s},
          Row{"response delay adds to the age value", "40", kNow, 7s, 47s},
          Row{"5.1: the first of several", "40, 90", kNow, 0s, 40s},
          Row{"5.1: not a number", "old", kMinuteAgo, 0s, 60s},
          Row{"5.1: negative", "-5", kNow, 0s, 0s},
          Row{"5.1: a fraction", "1.5", kNow, 0s, 0s},
          Row{"5.1: the first is no number", "old, 40", kNow, 0s, 0s},
          Row{"5.1: the first of several is empty", ", 40", kNow, 0s, 40s},
          Row{"5.1: a parameter", "40;x=1", kNow, 0s, 0s},
          Row{"5.1: quoted", "\"40\"", kNow, 0s, 0s},
          Row{"5.1: leading zeros", "0040", kNow, 0s, 40s},
          Row{"4.2.3: an invalid Date says nothing", "40", "now", 0s, 40s},
          Row{"1.2.2: huge", "99999999999999999999", kNow, 9s, 2147483648s},
      }));
  CAPTURE(section, age);
  http::ResponseHead answer = response({{"Cache-Control", "max-age=100"}, {"Date", date}});
  if (*age != 0) answer.fields.add("Age", age);
  const base::Instant requested{kReceived.steady - delay, kReceived.wall - delay};
  const auto decision = decide_store(request(), answer, requested, kReceived, {});
  CHECK(decision.freshness.initial_age == expected);
  CHECK(decision.freshness.response_time == kReceived.steady);
  CHECK(decision.may_store == (expected < 100s));
}

TEST_CASE("RFC 9111, 5.2.2 and RFC 5861: what limits reuse is kept", "[cache][decide_store]") {
  const auto freshness = [](const char* control) {
    return judge({{"Cache-Control", control}}).freshness;
  };
  CHECK(freshness("max-age=1, must-revalidate").must_revalidate);
  CHECK(freshness("max-age=1, proxy-revalidate").must_revalidate);
  CHECK(freshness("s-maxage=1").must_revalidate); // 5.2.2.10
  CHECK_FALSE(freshness("max-age=1").must_revalidate);
  CHECK(freshness("max-age=1, no-cache").no_cache);
  CHECK_FALSE(freshness("max-age=1").no_cache);
  CHECK(freshness("max-age=1, stale-while-revalidate=2").stale_while_revalidate == 2s);
  CHECK(freshness("max-age=1, stale-if-error=3").stale_if_error == 3s);
}

TEST_CASE("RFC 9111, 4.2.1 and 5.1: of several lines the first counts", "[cache][decide_store]") {
  const auto expires = judge({{"Expires", kInAMinute}, {"Expires", "0"}, {"Date", kNow}});
  CHECK(expires.freshness.lifetime == 60s);
  const auto age = judge({{"Cache-Control", "max-age=100"}, {"Age", "40"}, {"Age", "90"}});
  CHECK(age.freshness.initial_age == 40s);
  const auto control = judge({{"Cache-Control", "max-age=1"}, {"Cache-Control", "max-age=2"}});
  CHECK(control.freshness.lifetime == 1s);
}

TEST_CASE("RFC 9213, 2.2: targeted fields stand before Cache-Control and Expires",
          "[cache][decide_store]") {
  using Row = std::tuple<const char*, const char*, const char*, base::Seconds, const char*>;
  const auto [cdn, control, expires, lifetime, field] =
      GENERATE(table<const char*, const char*, const char*, base::Seconds, const char*>({
          Row{"max-age=5", "s-maxage=9, no-store", kInAMinute, 5s, "cdn-cache-control"},
          Row{"s-maxage=4, max-age=5", "", kInAMinute, 4s, "cdn-cache-control"},
          Row{"public", "max-age=9", kInAMinute, 0s, "cdn-cache-control"},
          Row{"max-age=\"5\"", "max-age=9", kInAMinute, 9s, "cache-control"}, // 2.1: ignored
          Row{"max-age=5.0", "", kInAMinute, 60s, "cache-control"},
          Row{"", "max-age=9", kInAMinute, 9s, "cache-control"},
      }));
  CAPTURE(cdn, control);
  const StoreDecision decision = judge({{"CDN-Cache-Control", cdn},
                                        {"Cache-Control", control},
                                        {"Expires", expires},
                                        {"Date", kNow}});
  CHECK(decision.freshness.lifetime == lifetime);
  CHECK(decision.freshness.control_field == field);
  CHECK(decision.may_store == (lifetime > 0s));
}

TEST_CASE("RFC 9213, 2.2: the list of targeted fields is the route's", "[cache][decide_store]") {
  const Fields fields = {{"CDN-Cache-Control", "no-store"}, {"Cache-Control", "max-age=60"}};
  CHECK(judge(fields).reason == "no-store");
  CHECK(judge(fields, {.control_fields = {}}).may_store);
  const Fields own = {{"Selvedge-Cache-Control", "max-age=1"},
                      {"CDN-Cache-Control", "max-age=2"},
                      {"Surrogate-Control", "max-age=3"}};
  CHECK(judge(own).freshness.lifetime == 1s);
  const CachePolicy reversed{
      .control_fields = {http::FieldName::surrogate_control, http::FieldName::cdn_cache_control}};
  CHECK(judge(own, reversed).freshness.lifetime == 3s);
}

TEST_CASE("RFC 9111, 4.2.2: heuristic freshness", "[cache][decide_store]") {
  using Row = std::tuple<const char*, int, const char*, const char*, base::Seconds, const char*>;
  const auto [section, status, control, modified, lifetime, source] =
      GENERATE(table<const char*, int, const char*, const char*, base::Seconds, const char*>({
          Row{"a tenth of the time", 200, "", kModified, 100s, "heuristic"},
          Row{"at most the limit", 200, "", kLongAgo, 86400s, "heuristic"},
          Row{"RFC 9110, 15.1: by default", 404, "", kModified, 100s, "heuristic"},
          Row{"RFC 9110, 15.1: not by default", 302, "", kModified, 0s, ""},
          Row{"RFC 9110, 15.1: unknown", 599, "", kModified, 0s, ""},
          Row{"marked public", 302, "public", kModified, 100s, "heuristic"},
          Row{"not where it is said", 200, "max-age=5", kModified, 5s, "max-age"},
          Row{"not where it is said badly", 200, "max-age=x", kModified, 0s, "max-age"},
          Row{"modified in the future", 200, "", kInAMinute, 0s, ""},
          Row{"no date", 200, "", "long ago", 0s, ""},
      }));
  CAPTURE(section, status);
  const auto answer =
      response({{"Cache-Control", control}, {"Last-Modified", modified}, {"Date", kNow}},
               static_cast<http::Status>(status));
  const Freshness freshness = judge(request(), answer).freshness;
  CHECK(freshness.lifetime == lifetime);
  CHECK(freshness.source == source);
  const CachePolicy none{.heuristic_percent = 0};
  if (freshness.source == "heuristic")
    CHECK(judge(request(), answer, none).freshness.lifetime == 0s);
}

TEST_CASE("lifetimes of statuses stand in where the origin says nothing", "[cache][decide_store]") {
  CachePolicy policy{.default_lifetime = 30s};
  policy.status_lifetimes = {{5, 1s}, {404, 10s}, {503, 0s}};
  using Row = std::tuple<int, const char*, base::Seconds, bool>;
  const auto [status, control, lifetime, may_store] =
      GENERATE(table<int, const char*, base::Seconds, bool>({
          Row{404, "", 10s, true}, Row{500, "", 1s, true},
          Row{503, "", 0s, false}, // the status before its class
          Row{200, "", 30s, true}, Row{302, "", 0s, false},
          Row{404, "max-age=5", 5s, true},  // RFC 9111, 4.2.1: said by the origin
          Row{500, "no-store", 1s, false},  // RFC 9111, 5.2.2.5
          Row{404, "private", 10s, false},  // RFC 9111, 5.2.2.7
          Row{404, "no-cache", 10s, false}, // RFC 9111, 5.2.2.4
      }));
  CAPTURE(status, control);
  const auto answer = response({{"Cache-Control", control}}, static_cast<http::Status>(status));
  const StoreDecision decision = judge(request(), answer, policy);
  CHECK(decision.freshness.lifetime == lifetime);
  CHECK(decision.may_store == may_store);
}

TEST_CASE("RFC 9111, 5.2.2.3: must-understand beside no-store", "[cache][decide_store]") {
  const Fields fields = {{"Cache-Control", "no-store, must-understand, max-age=60"}};
  for (const int known : {200, 404, 503}) {
    CAPTURE(known);
    CHECK(judge(request(), response(fields, static_cast<http::Status>(known))).may_store);
  }
  for (const int unknown : {299, 499, 599}) {
    CAPTURE(unknown);
    const auto answer = response(fields, static_cast<http::Status>(unknown));
    CHECK(judge(request(), answer).reason == "must-understand");
  }
}

TEST_CASE("RFC 9111, 7.3: the rule about Set-Cookie is the route's", "[cache][decide_store]") {
  const Fields fields = {{"Cache-Control", "max-age=60"}, {"Set-Cookie", "a=b"}};
  CHECK(judge(fields, {.set_cookie = CookieRule::bypass}).reason == "set-cookie");
  CHECK(judge(fields, {.set_cookie = CookieRule::strip}).may_store);
  CHECK(judge(fields, {.set_cookie = CookieRule::store}).may_store);
  const Fields own = {{"Cache-Control", "private, max-age=60"}, {"Set-Cookie", "a=b"}};
  CHECK(judge(own, {.set_cookie = CookieRule::store}).reason == "private");
}

TEST_CASE("RFC 9111, 5.2.2.4 and 5.2.2.7: fields for one client only", "[cache][decide_store]") {
  const auto fields =
      test::fields({{"Cache-Control", "private=\"X-User, set-cookie\", no-cache=\"x-c\""}});
  const auto control = http::parse_cache_control(fields);
  const auto is_listed = [&control](std::string_view name) {
    return is_for_one_client(control, {http::field_name_of(name), name, "v"});
  };
  CHECK(is_listed("x-user"));
  CHECK(is_listed("Set-Cookie"));
  CHECK(is_listed("x-c"));
  CHECK_FALSE(is_listed("x-us"));
  CHECK_FALSE(is_listed("cache-control"));
}

TEST_CASE("RFC 5861: the route's grace stands in where the response says nothing",
          "[cache][decide_store]") {
  const CachePolicy policy{.stale_while_revalidate = 7s, .stale_if_error = 8s};
  const Freshness silent = judge({{"Cache-Control", "max-age=1"}}, policy).freshness;
  CHECK(silent.stale_while_revalidate == 7s);
  CHECK(silent.stale_if_error == 8s);
  const Fields zero = {{"Cache-Control", "max-age=1, stale-while-revalidate=0, stale-if-error=0"}};
  CHECK(judge(zero, policy).freshness.stale_while_revalidate == 0s);
  CHECK(judge(zero, policy).freshness.stale_if_error == 0s);
}
