#include <selvedge/cache/decide.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::cache;
using namespace std::chrono_literals;

namespace Catch {
template <> struct StringMaker<Action> {
  static std::string convert(Action action) { return std::string(text_of(action)); }
};
} // namespace Catch

namespace {

const base::Instant kReceived{base::Steady{1h}, std::chrono::sys_seconds{1700000000s}};

base::Instant at(base::Seconds age) {
  return {kReceived.steady + age, kReceived.wall + age};
}

// A response received with age 0 and a lifetime of 100 seconds.
struct Origin {
  const char* etag = "\"v1\"";
  const char* last_modified = "";
  base::Seconds stale_while_revalidate{0};
  base::Seconds stale_if_error{0};
  bool must_revalidate = false;
  bool no_cache = false;
  bool immutable = false;
  bool is_pass_marker = false;
};

boost::intrusive_ptr<StoredResponse> stored(const Origin& origin) {
  test::Stored wanted;
  if (*origin.etag != 0) wanted.head.add("etag", origin.etag);
  if (*origin.last_modified != 0) wanted.head.add("last-modified", origin.last_modified);
  wanted.freshness.response_time = kReceived.steady;
  wanted.freshness.lifetime = 100s;
  wanted.freshness.stale_while_revalidate = origin.stale_while_revalidate;
  wanted.freshness.stale_if_error = origin.stale_if_error;
  wanted.freshness.immutable = origin.immutable;
  wanted.freshness.must_revalidate = origin.must_revalidate;
  wanted.freshness.no_cache = origin.no_cache;
  wanted.is_pass_marker = origin.is_pass_marker;
  return test::stored(wanted);
}

constexpr Origin kNoValidator{.etag = ""};
constexpr Origin kLastModified{.etag = "", .last_modified = "Thu, 01 May 2025 10:00:00 GMT"};

} // namespace

TEST_CASE("what a stored response is good for", "[cache][decide]") {
  using Row = std::tuple<const char*, Origin, base::Seconds, Action>;
  const auto [section, origin, age,
              expected] = GENERATE(table<const char*, Origin, base::Seconds, Action>({
      Row{"4.2: fresh", {}, 0s, Action::serve},
      Row{"4.2: fresh to the last second", {}, 99s, Action::serve},
      Row{"4.2: lifetime must exceed age", {}, 100s, Action::revalidate},
      Row{"4.2.4: stale", {}, 1000s, Action::revalidate},
      Row{"4.3.1: Last-Modified is a validator", kLastModified, 1000s, Action::revalidate},
      Row{"4.3.1: nothing to validate with", kNoValidator, 1000s, Action::fetch},
      Row{"4.2: fresh needs no validator", kNoValidator, 50s, Action::serve},
      Row{"5.2.2.4: no-cache", {.no_cache = true}, 0s, Action::revalidate},
      Row{"5.2.2.4: no-cache", {.etag = "", .no_cache = true}, 0s, Action::fetch},
      Row{"5.2.2.2: must-revalidate while fresh", {.must_revalidate = true}, 99s, Action::serve},
      Row{"5.2.2.2: must-revalidate", {.must_revalidate = true}, 100s, Action::revalidate},
      Row{"RFC 5861, 3: in the window",
          {.stale_while_revalidate = 10s},
          100s,
          Action::serve_stale_and_revalidate},
      Row{"RFC 5861, 3: its end",
          {.stale_while_revalidate = 10s},
          110s,
          Action::serve_stale_and_revalidate},
      Row{"RFC 5861, 3: after it", {.stale_while_revalidate = 10s}, 111s, Action::revalidate},
      Row{"RFC 5861, 3: before it", {.stale_while_revalidate = 10s}, 99s, Action::serve},
      Row{"4.2.4: must-revalidate forbids",
          {.stale_while_revalidate = 10s, .must_revalidate = true},
          105s,
          Action::revalidate},
      Row{"5.2.2.4: no-cache forbids",
          {.stale_while_revalidate = 10s, .no_cache = true},
          105s,
          Action::revalidate},
      Row{"pass marker", {.is_pass_marker = true}, 99s, Action::fetch_alone},
      Row{"pass marker expired", {.is_pass_marker = true}, 100s, Action::fetch},
  }));
  CAPTURE(section, age.count());
  const auto response = stored(origin);
  const CacheDecision decision = decide(test::request(), response.get(), at(age), {});
  CHECK(decision.action == expected);
  CHECK(decision.age == age);
  CHECK(decision.ttl == 100s - age);
  CHECK_FALSE(decision.reason.empty());
}

TEST_CASE("what a request asks of the cache", "[cache][decide]") {
  const bool obey = true;
  const bool ignore = false;
  using Row = std::tuple<const char*, const char*, base::Seconds, bool, Action>;
  const auto [section, control, age, may_revalidate, expected] =
      GENERATE_COPY(table<const char*, const char*, base::Seconds, bool, Action>({
          // About storing the answer to this request, not about what is stored already.
          Row{"5.2.1.5", "no-store", 0s, ignore, Action::serve},
          Row{"5.2.1.5", "no-store", 100s, ignore, Action::pass},
          Row{"5.2.1.5", "no-store, max-age=10", 11s, obey, Action::pass},
          Row{"5.2.1.4", "no-cache", 0s, obey, Action::revalidate},
          Row{"5.2.1.4", "no-cache", 0s, ignore, Action::serve},
          // Ages are rounded down: nothing stored is of age 0.
          Row{"5.2.1.1", "max-age=0", 0s, obey, Action::revalidate},
          Row{"5.2.1.1", "max-age=0", 1s, obey, Action::revalidate},
          Row{"5.2.1.1", "max-age=0", 1s, ignore, Action::serve},
          Row{"5.2.1.1", "max-age=50", 50s, obey, Action::serve},
          Row{"5.2.1.1", "max-age=50", 51s, obey, Action::revalidate},
          Row{"5.2.1.1", "max-age=junk", 1s, obey, Action::revalidate},
          Row{"5.2.1.3", "min-fresh=60", 40s, obey, Action::serve},
          Row{"5.2.1.3", "min-fresh=60", 41s, obey, Action::revalidate},
          Row{"5.2.1.3", "min-fresh=60", 41s, ignore, Action::serve},
          Row{"5.2.1.7", "only-if-cached", 99s, ignore, Action::serve},
          Row{"5.2.1.7", "only-if-cached", 100s, ignore, Action::answer_504},
          Row{"5.2.1.7", "only-if-cached, no-cache", 0s, obey, Action::answer_504},
          Row{"5.2.1.7", "only-if-cached, no-store", 0s, obey, Action::serve},
          Row{"5.2.1.7", "only-if-cached, no-store", 100s, obey, Action::answer_504},
          Row{"5.2.1.7", "only-if-cached, max-age=5", 6s, obey, Action::answer_504},
          Row{"5.2.1.7", "only-if-cached, max-stale=9", 109s, obey, Action::serve},
          Row{"5.2.1.2", "max-stale", 100000s, ignore, Action::serve},
          Row{"5.2.1.2", "max-stale=10", 110s, ignore, Action::serve},
          Row{"5.2.1.2", "max-stale=10", 111s, ignore, Action::revalidate},
          Row{"5.2.1.2", "max-stale=x", 101s, ignore, Action::revalidate},
          Row{"5.2.1.2", "max-stale=10, no-cache", 105s, obey, Action::revalidate},
          Row{"5.2.1.2", "max-stale=10, max-age=50", 105s, obey, Action::revalidate},
          Row{"5.2: odd case", "No-Cache", 0s, obey, Action::revalidate},
          Row{"5.2: quoted", "max-age=\"50\"", 51s, obey, Action::revalidate},
          Row{"4.2.1: the first of two", "max-age=50, max-age=99", 51s, obey, Action::revalidate},
          Row{"5.2.3", "unknown=1", 50s, obey, Action::serve},
      }));
  CAPTURE(section, control, age.count(), may_revalidate);
  const auto response = stored({});
  const auto request = test::request({{"Cache-Control", control}});
  const CachePolicy policy{.clients_may_revalidate = may_revalidate};
  CHECK(decide(request, response.get(), at(age), policy).action == expected);
}

TEST_CASE("RFC 9111, 5.4: Pragma counts only where Cache-Control is absent", "[cache][decide]") {
  const auto response = stored({});
  const CachePolicy obey{.clients_may_revalidate = true};
  const CachePolicy ignore{.clients_may_revalidate = false};
  const auto pragma = test::request({{"Pragma", "x=1, No-Cache"}});
  const auto both = test::request({{"Pragma", "no-cache"}, {"Cache-Control", "max-age=60"}});
  CHECK(decide(pragma, response.get(), at(1s), obey).action == Action::revalidate);
  CHECK(decide(pragma, response.get(), at(1s), ignore).action == Action::serve);
  CHECK(decide(both, response.get(), at(1s), obey).action == Action::serve);
}

TEST_CASE("RFC 5861, 3: only-if-cached may be answered stale in the window", "[cache][decide]") {
  const auto response = stored({.stale_while_revalidate = 10s});
  const auto request = test::request({{"Cache-Control", "only-if-cached"}});
  CHECK(decide(request, response.get(), at(105s), {}).action == Action::serve_stale_and_revalidate);
  CHECK(decide(request, response.get(), at(111s), {}).action == Action::answer_504);
}

TEST_CASE("without a stored response", "[cache][decide]") {
  using Row = std::tuple<const char*, Action>;
  const auto [control, expected] = GENERATE(table<const char*, Action>({
      Row{"", Action::fetch},
      Row{"no-cache", Action::fetch},
      Row{"no-store", Action::pass},
      Row{"only-if-cached", Action::answer_504},
  }));
  CAPTURE(control);
  const auto request = test::request({{"Cache-Control", control}});
  CHECK(decide(request, nullptr, at(0s), {}).action == expected);
}

TEST_CASE("RFC 9111, 4: methods", "[cache][decide]") {
  using Row = std::tuple<http::Method, Action, Action>;
  const auto [method, with_stored, without] = GENERATE(table<http::Method, Action, Action>({
      Row{http::Method::get, Action::serve, Action::fetch},
      Row{http::Method::head, Action::serve, Action::fetch},
      Row{http::Method::post, Action::pass, Action::pass},
      Row{http::Method::put, Action::pass, Action::pass},
      Row{http::Method::delete_, Action::pass, Action::pass},
      Row{http::Method::options, Action::pass, Action::pass},
      Row{http::Method::other, Action::pass, Action::pass},
  }));
  http::RequestHead request;
  request.method = method;
  CHECK(decide(request, stored({}).get(), at(0s), {}).action == with_stored);
  CHECK(decide(request, nullptr, at(0s), {}).action == without);
}

TEST_CASE("a route without caching passes everything", "[cache][decide]") {
  const auto only_if_cached = test::request({{"Cache-Control", "only-if-cached"}});
  const CachePolicy off{.enabled = false};
  CHECK(decide(test::request(), stored({}).get(), at(0s), off).action == Action::pass);
  CHECK(decide(only_if_cached, nullptr, at(0s), off).action == Action::pass);
}

TEST_CASE("RFC 9110, 9.3.1: a request with content is not answered from the cache",
          "[cache][decide]") {
  http::RequestHead request;
  request.has_content = true;
  CHECK(decide(request, stored({}).get(), at(0s), {}).action == Action::pass);
}

TEST_CASE("RFC 9110, 14.2: a range request may be answered in full", "[cache][decide]") {
  const auto request = test::request({{"Range", "bytes=0-9"}});
  CHECK(decide(request, stored({}).get(), at(0s), {}).action == Action::serve);
}

TEST_CASE("RFC 9111, 4.2.3: the age received counts", "[cache][decide]") {
  test::Stored wanted;
  wanted.freshness = {.response_time = kReceived.steady, .initial_age = 70s, .lifetime = 100s};
  const auto response = test::stored(wanted);
  CHECK(decide(test::request(), response.get(), at(29s), {}).action == Action::serve);
  const CacheDecision stale = decide(test::request(), response.get(), at(30s), {});
  CHECK(stale.action == Action::fetch);
  CHECK(stale.age == 100s);
  CHECK(stale.ttl == 0s);
}

TEST_CASE("a clock that is a little behind makes no negative age", "[cache][decide]") {
  CHECK(decide(test::request(), stored({}).get(), at(-1s), {}).age == 0s);
}

TEST_CASE("RFC 8246, 2.1: what cannot have changed is not asked for again", "[cache][decide]") {
  using Row = std::tuple<const char*, base::Seconds, Action>;
  const auto [control, age, expected] = GENERATE(table<const char*, base::Seconds, Action>({
      Row{"max-age=0", 50s, Action::serve}, // a reload
      Row{"max-age=10", 50s, Action::serve},
      Row{"no-cache", 50s, Action::revalidate}, // a forced one
      Row{"max-age=0", 100s, Action::revalidate},
      Row{"min-fresh=60", 50s, Action::revalidate},
  }));
  CAPTURE(control);
  const auto request = test::request({{"Cache-Control", control}});
  CHECK(decide(request, stored({.immutable = true}).get(), at(age), {}).action == expected);
}

TEST_CASE("RFC 9111, 4.2.4: what forbids to serve stale, whatever the client allows",
          "[cache][decide]") {
  const auto request = test::request({{"Cache-Control", "max-stale, stale-if-error=9999"}});
  for (const Origin& origin : {Origin{.must_revalidate = true}, Origin{.no_cache = true}}) {
    const auto response = stored(origin);
    response->note_origin_failure(at(105s).steady);
    const CacheDecision decision = decide(request, response.get(), at(105s), {});
    CHECK(decision.action == Action::revalidate);
    CHECK_FALSE(decision.may_serve_on_error);
  }
}

TEST_CASE("RFC 5861, 4: when the origin fails", "[cache][decide]") {
  using Row = std::tuple<const char*, Origin, const char*, base::Seconds, bool>;
  const auto [section, origin, control, age, expected] =
      GENERATE(table<const char*, Origin, const char*, base::Seconds, bool>({
          Row{"in the window", {.stale_if_error = 10s}, "", 110s, true},
          Row{"after it", {.stale_if_error = 10s}, "", 111s, false},
          Row{"none", {}, "", 101s, false},
          Row{"the client's window", {}, "stale-if-error=20", 120s, true},
          Row{"after it", {}, "stale-if-error=20", 121s, false},
          Row{"the wider of both", {.stale_if_error = 30s}, "stale-if-error=20", 130s, true},
          Row{"fresh, but the client asks", {}, "max-age=0", 50s, true},
          Row{"RFC 9111, 5.2.1.4: it wants the origin's word", {}, "no-cache", 50s, false},
          Row{"likewise", {.stale_if_error = 30s}, "no-cache", 110s, false},
          Row{"RFC 9111, 5.2.2.4", {.no_cache = true}, "stale-if-error=20", 50s, false},
          Row{"RFC 9111, 5.2.2.2",
              {.stale_if_error = 10s, .must_revalidate = true},
              "stale-if-error=20",
              105s,
              false},
          Row{"RFC 9111, 5.2.2.2: while fresh", {.must_revalidate = true}, "max-age=0", 50s, true},
      }));
  CAPTURE(section, control, age.count());
  const auto request = test::request({{"Cache-Control", control}});
  const CacheDecision decision = decide(request, stored(origin).get(), at(age), {});
  CHECK(decision.action == Action::revalidate);
  CHECK(decision.may_serve_on_error == expected);
}

TEST_CASE("RFC 5861, 4: for a moment after a failure nobody waits to learn of it again",
          "[cache][decide]") {
  const auto response = stored({.stale_if_error = 50s});
  response->note_origin_failure(at(105s).steady);
  const CacheDecision decision = decide(test::request(), response.get(), at(105s), {});
  CHECK(decision.action == Action::serve_stale_and_revalidate);
  CHECK(decision.reason == "stale-if-error");
  CHECK(decide(test::request(), response.get(), at(140s), {}).action == Action::revalidate);
  const auto outside = stored({.stale_if_error = 1s});
  outside->note_origin_failure(at(105s).steady);
  CHECK(decide(test::request(), outside.get(), at(105s), {}).action == Action::revalidate);
}

TEST_CASE("RFC 9211, 2.2: who wanted the origin to be asked", "[cache][decide]") {
  const auto no_cache = test::request({{"Cache-Control", "no-cache"}});
  CHECK(decide(no_cache, stored({}).get(), at(1s), {}).is_client_demand);
  CHECK_FALSE(decide(no_cache, stored({}).get(), at(100s), {}).is_client_demand);
  CHECK_FALSE(decide(test::request(), stored({}).get(), at(1s), {}).is_client_demand);
  CHECK_FALSE(
      decide(test::request(), stored({.no_cache = true}).get(), at(1s), {}).is_client_demand);
}

TEST_CASE("a soft purge ends the lifetime", "[cache][decide]") {
  using Row = std::tuple<Origin, const char*, base::Seconds, Action>;
  const auto [origin, control, age, expected] =
      GENERATE(table<Origin, const char*, base::Seconds, Action>({
          Row{{}, "", 0s, Action::revalidate},
          Row{{.etag = ""}, "", 0s, Action::fetch},
          Row{{.immutable = true}, "", 0s, Action::revalidate},
          // RFC 9111, 4.2.4: stale it may be used where any stale response may.
          Row{{.stale_while_revalidate = 10s}, "", 0s, Action::serve_stale_and_revalidate},
          Row{{.stale_while_revalidate = 10s}, "", 111s, Action::revalidate},
          Row{{}, "max-stale=5", 0s, Action::serve},
          Row{{.must_revalidate = true}, "max-stale=5", 0s, Action::revalidate},
          Row{{}, "only-if-cached", 0s, Action::answer_504},
      }));
  CAPTURE(control, age.count());
  const auto request = test::request({{"Cache-Control", control}});
  const CacheDecision decision =
      decide(request, stored(origin).get(), at(age), {}, Standing::soft_purged);
  CHECK(decision.action == expected);
  CHECK(decision.ttl <= 0s);
  CHECK_FALSE(decision.is_client_demand);
}

TEST_CASE("RFC 9111, 4: those who waited for a response", "[cache][decide]") {
  using Row = std::tuple<const char*, Origin, base::Seconds, bool>;
  const auto [section, origin, age, expected] =
      GENERATE(table<const char*, Origin, base::Seconds, bool>({
          Row{"4.2: fresh", {}, 99s, true},
          Row{"4.2: stale", {}, 100s, false},
          Row{"5.2.2.4: no-cache", {.no_cache = true}, 0s, false},
          Row{"RFC 5861, 3", {.stale_while_revalidate = 5s}, 105s, true},
          Row{"RFC 5861, 3", {.stale_while_revalidate = 5s}, 106s, false},
          Row{"5.2.2.2", {.stale_while_revalidate = 5s, .must_revalidate = true}, 105s, false},
      }));
  CAPTURE(section, age.count());
  CHECK(may_collapse(*stored(origin), at(age)) == expected);
}
