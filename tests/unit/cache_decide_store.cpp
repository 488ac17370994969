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
  const auto [section, control, may_store, reason] =
      GENERATE(table<const char*, const char*, bool, const char*>({
          Row{"3: max-age", "max-age=60", true, "explicit lifetime"},
          Row{"3: s-maxage", "s-maxage=60", true, "explicit lifetime"},
          Row{"3: nothing said", "", false, "no explicit lifetime"},
          Row{"3: public without a lifetime", "public", false, "no explicit lifetime"},
          Row{"5.2.2.5: no-store", "no-store, max-age=60", false, "no-store"},
          Row{"5.2.2.7: private", "private, max-age=60", false, "private"},
          Row{"5.2.2.7: private with a list", "private=\"x\", max-age=60", false, "private"},
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
  CHECK_FALSE(judge({{"ETag", "\"a\""}}).may_store);
}

TEST_CASE("RFC 9111, 3: statuses", "[cache][decide_store]") {
  // stored with an explicit lifetime / with the route's default lifetime (RFC 9110, 15.1)
  using Row = std::tuple<int, bool, bool>;
  const auto [status, with_explicit, with_default] = GENERATE(table<int, bool, bool>({
      Row{200, true, true},   Row{203, true, true},   Row{204, true, true},
      Row{300, true, true},   Row{301, true, true},   Row{308, true, true},
      Row{404, true, true},   Row{405, true, true},   Row{410, true, true},
      Row{414, true, true},   Row{501, true, true},   Row{302, true, false},
      Row{307, true, false},  Row{400, true, false},  Row{403, true, false},
      Row{500, true, false},  Row{503, true, false},  Row{299, true, false},
      Row{103, false, false}, Row{206, false, false}, Row{304, false, false},
      Row{600, false, false}, Row{0, false, false},
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
  CHECK(assumed.reason == "default lifetime");
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
