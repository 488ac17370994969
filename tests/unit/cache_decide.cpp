#include <selvedge/cache/decide.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::cache;
using namespace std::chrono_literals;

namespace Catch {
template <> struct StringMaker<Action> {
  static std::string convert(Action action) {
    constexpr const char* kNames[] = {
        "serve", "serve_stale_and_revalidate", "revalidate", "fetch", "pass", "answer_504"};
    return kNames[static_cast<std::size_t>(action)];
  }
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
  bool must_revalidate = false;
  bool no_cache = false;
  bool is_pass_marker = false;
};

boost::intrusive_ptr<StoredResponse> stored(const Origin& origin) {
  test::Stored wanted;
  if (*origin.etag != 0) wanted.head.add("etag", origin.etag);
  if (*origin.last_modified != 0) wanted.head.add("last-modified", origin.last_modified);
  wanted.freshness.response_time = kReceived.steady;
  wanted.freshness.lifetime = 100s;
  wanted.freshness.stale_while_revalidate = origin.stale_while_revalidate;
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
      Row{"pass marker", {.is_pass_marker = true}, 99s, Action::pass},
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
          Row{"5.2.1.5", "no-store", 0s, ignore, Action::pass},
          Row{"5.2.1.4", "no-cache", 0s, obey, Action::revalidate},
          Row{"5.2.1.4", "no-cache", 0s, ignore, Action::serve},
          Row{"5.2.1.1", "max-age=0", 0s, obey, Action::serve},
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
          Row{"5.2.1.7", "only-if-cached, no-store", 0s, obey, Action::answer_504},
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
  const auto pragma = test::request({{"Pragma", "no-cache"}});
  const auto both = test::request({{"Pragma", "no-cache"}, {"Cache-Control", "max-age=60"}});
  CHECK(decide(pragma, response.get(), at(1s), obey).action == Action::revalidate);
  CHECK(decide(pragma, response.get(), at(1s), {}).action == Action::serve);
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
