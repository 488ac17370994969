#include <selvedge/http/head.hpp>
#include <tests/support/catch.hpp>

#include <initializer_list>

using namespace selvedge::http;

TEST_CASE("RFC 9110, 9.2: methods", "[http][method]") {
  using Row = std::tuple<const char*, Method, bool, bool>;
  const auto [text, method, safe, idempotent] = GENERATE(table<const char*, Method, bool, bool>({
      Row{"GET", Method::get, true, true},
      Row{"HEAD", Method::head, true, true},
      Row{"OPTIONS", Method::options, true, true},
      Row{"TRACE", Method::trace, true, true},
      Row{"PUT", Method::put, false, true},
      Row{"DELETE", Method::delete_, false, true},
      Row{"POST", Method::post, false, false},
      Row{"PATCH", Method::patch, false, false},
      Row{"CONNECT", Method::connect, false, false},
      Row{"PURGE", Method::purge, false, false},
  }));
  CAPTURE(text);
  CHECK(method_of(text) == method);
  CHECK(text_of(method) == text);
  CHECK(is_safe(method) == safe);
  CHECK(is_idempotent(method) == idempotent);
}

TEST_CASE("RFC 9110, 9.1: methods are case-sensitive and open-ended", "[http][method]") {
  for (const char* text : {"get", "", "GETS", "PROPFIND", " GET"})
    CHECK(method_of(text) == Method::other);
  CHECK(text_of(Method::other).empty());
  CHECK_FALSE(is_safe(Method::other));
  CHECK_FALSE(is_idempotent(Method::other));
}

TEST_CASE("RFC 9110, 15: reason phrases", "[http][status]") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(504) == "Gateway Timeout");
  CHECK(reason_phrase(299).empty());
  CHECK(reason_phrase(0).empty());
}

TEST_CASE("RFC 9110, 6.4.1: statuses without content", "[http][status]") {
  for (const auto status : std::initializer_list<Status>{100, 103, 204, 304})
    CHECK(has_no_content(status));
  for (const auto status : std::initializer_list<Status>{200, 205, 206, 301, 404, 500})
    CHECK_FALSE(has_no_content(status));
}

TEST_CASE("the path of a target ends at the query", "[http][head]") {
  RequestHead request;
  request.target = "/a/b?c=/d?e";
  CHECK(request.path() == "/a/b");
  request.target = "/a";
  CHECK(request.path() == "/a");
  CHECK(text_of(Version::http_1_0) == "1.0");
  CHECK(text_of(Version::http_1_1) == "1.1");
  CHECK(text_of(Version::http_2) == "2");
}
