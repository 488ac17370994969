#include <selvedge/cache/stored_response.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using test::fields;
using test::request;

namespace {

bool selected(std::string_view vary, const http::RequestHead& first,
              const http::RequestHead& second) {
  const auto text = cache::vary_text(fields({{"Vary", vary}}), first);
  REQUIRE(text);
  return cache::selects(*test::stored({.vary = *text}), second);
}

} // namespace

TEST_CASE("RFC 9111, 4.1: without Vary a response answers every request", "[cache][vary]") {
  const auto text = cache::vary_text({}, request({{"Accept", "x"}}));
  REQUIRE(text);
  CHECK(text->empty());
  CHECK(cache::selects(*test::stored({}), request({{"Accept", "y"}})));
}

TEST_CASE("RFC 9111, 4.1: a star, or what cannot be a name, matches nothing", "[cache][vary]") {
  const auto* vary = GENERATE("*", "accept, *", "* , accept", "a b", "accept, \"x\"", "a:b");
  CAPTURE(vary);
  CHECK_FALSE(cache::vary_text(fields({{"Vary", vary}}), request()));
  CHECK_FALSE(cache::vary_text(fields({{"Vary", "accept"}, {"Vary", vary}}), request()));
}

TEST_CASE("the text names each field once, sorted, with the values of the request",
          "[cache][vary]") {
  const auto text = cache::vary_text(
      fields({{"Vary", "X-B, accept-encoding"}, {"vary", "x-b, X-Absent"}}),
      request({{"Accept-Encoding", " gzip"}, {"x-b", "1"}, {"X-B", " 2 "}, {"x-other", "3"}}));
  CHECK(text == "accept-encoding: gzip\nx-absent\nx-b: 1, 2\n");
}

TEST_CASE("RFC 9111, 4.1: which requests are selected", "[cache][vary]") {
  const auto gzip = request({{"Accept-Encoding", "gzip"}});
  CHECK(selected("Accept-Encoding", gzip, gzip));
  CHECK(selected("accept-encoding", gzip, request({{"ACCEPT-ENCODING", "  gzip\t"}})));
  CHECK(selected("Accept-Encoding", gzip, request({{"x", "y"}, {"Accept-Encoding", "gzip"}})));
  CHECK_FALSE(selected("Accept-Encoding", gzip, request({{"Accept-Encoding", "br"}})));
  CHECK_FALSE(selected("Accept-Encoding", gzip, request({{"Accept-Encoding", "gzi"}})));
  CHECK_FALSE(selected("Accept-Encoding", gzip, request({{"Accept-Encoding", "gzip, br"}})));
  CHECK_FALSE(selected("Accept-Encoding", gzip, request({{"Accept-Encoding", "GZIP"}})));
}

TEST_CASE("RFC 9111, 4.1: absent matches absent only", "[cache][vary]") {
  CHECK(selected("x-a", request(), request()));
  CHECK_FALSE(selected("x-a", request(), request({{"x-a", "1"}})));
  CHECK_FALSE(selected("x-a", request(), request({{"x-a", ""}})));
  CHECK_FALSE(selected("x-a", request({{"x-a", "1"}}), request()));
  CHECK_FALSE(selected("x-a", request({{"x-a", ""}}), request()));
  CHECK(selected("x-a", request({{"x-a", ""}}), request({{"X-A", " "}})));
}

TEST_CASE("RFC 9111, 4.1: repeated fields are joined before they are compared", "[cache][vary]") {
  const auto joined = request({{"Accept", "a, b"}});
  const auto repeated = request({{"Accept", "a"}, {"Accept", "b"}});
  CHECK(selected("accept", joined, repeated));
  CHECK(selected("accept", repeated, joined));
  CHECK_FALSE(selected("accept", repeated, request({{"Accept", "b"}, {"Accept", "a"}})));
  CHECK_FALSE(selected("accept", repeated, request({{"Accept", "a"}})));
}

TEST_CASE("every field that Vary names must match", "[cache][vary]") {
  const auto first = request({{"x-a", "1"}, {"x-b", "2"}});
  CHECK(selected("x-a, x-b", first, request({{"x-b", "2"}, {"x-a", "1"}})));
  CHECK_FALSE(selected("x-a, x-b", first, request({{"x-a", "1"}})));
  CHECK_FALSE(selected("x-a, x-b", first, request({{"x-a", "1"}, {"x-b", "3"}})));
  CHECK_FALSE(selected("x-a, x-b", first, request({{"x-a", "3"}, {"x-b", "2"}})));
}
