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
  const auto* vary = GENERATE("*", " * ", ",*", "accept, *", "* , accept", "*, *", "a b",
                              "accept, \"x\"", "a:b", "accept;q=1", "**, @");
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
  // RFC 9110, 8.4.1: codings are case-insensitive. Nothing of the kind is known of other fields.
  CHECK(selected("Accept-Encoding", gzip, request({{"Accept-Encoding", "GZIP"}})));
  CHECK_FALSE(selected("x-a", request({{"x-a", "v"}}), request({{"x-a", "V"}})));
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

TEST_CASE("RFC 9111, 4.1: odd ways to write one Vary", "[cache][vary]") {
  const auto gzip = request({{"Accept-Encoding", "gzip"}, {"x-a", "1"}});
  const auto plain = cache::vary_text(fields({{"Vary", "accept-encoding, x-a"}}), gzip);
  REQUIRE(plain);
  const char* const values[] = {
      "Accept-Encoding, X-A",    // RFC 9110, 5.1: names are case-insensitive
      ",accept-encoding,, x-a,", // RFC 9110, 5.6.1.2: empty elements
      "x-a ,\taccept-encoding",  // the order does not matter
      "accept-encoding, x-a, ACCEPT-ENCODING",
  };
  for (const char* value : values) {
    CAPTURE(value);
    CHECK(cache::vary_text(fields({{"Vary", value}}), gzip) == plain);
  }
  CHECK(cache::vary_text(fields({{"Vary", "x-a"}, {"vary", "accept-encoding"}}), gzip) == plain);
  // RFC 9110, 12.5.5: an empty list names nothing.
  CHECK(cache::vary_text(fields({{"Vary", ""}}), gzip) == "");
  CHECK(cache::vary_text(fields({{"Vary", " , "}}), gzip) == "");
}

TEST_CASE("RFC 9111, 4.1: preferences that mean the same select the same", "[cache][vary]") {
  struct Row {
    const char* field;
    const char* first;
    const char* second;
    bool is_same;
  };
  const Row rows[] = {
      {"Accept-Encoding", "gzip, br", "br,gzip", true},          // RFC 9110, 12.5.3
      {"Accept-Encoding", "gzip;q=1.0, br", "br, x-gzip", true}, // RFC 9110, 8.4.1.3
      {"Accept-Encoding", "gzip;q=0.50", "gzip; q=0.5", true},   // RFC 9110, 12.4.2
      {"Accept-Encoding", "gzip, br;q=0", "gzip", true},         // refused: as if not listed
      {"Accept-Encoding", "gzip, br;q=0.1", "gzip", false},
      {"Accept-Encoding", "gzip, br;q=0, *", "gzip, *", false},  // "*" would admit it
      {"Accept-Encoding", "gzip, identity;q=0", "gzip", false},  // identity needs no mention
      {"Accept-Language", "de, en;q=0.5", "DE,en;q=0.50", true}, // RFC 9110, 12.5.4
      {"Accept-Language", "de, en", "en, de", false},            // the order may matter
      {"Accept", "a/b;q=0.50", "a/b;q=0.5", false},              // compared as it is sent
  };
  for (const Row& row : rows) {
    CAPTURE(row.field, row.first, row.second);
    const auto one = request({{row.field, row.first}});
    const auto other = request({{row.field, row.second}});
    CHECK(selected(row.field, one, one));
    CHECK(selected(row.field, one, other) == row.is_same);
    CHECK(selected(row.field, other, one) == row.is_same);
  }
}

TEST_CASE("RFC 9111, 4.1: fields that are written here before the origin sees them",
          "[cache][vary]") {
  // What the origin saw is not what the client sent: no request is known to match.
  for (const char* name : {"Via", "Forwarded", "X-Forwarded-For", "x-a, forwarded"}) {
    CAPTURE(name);
    CHECK_FALSE(cache::vary_text(fields({{"Vary", name}}), request()));
  }
  // The key has them already: scheme and host.
  CHECK(cache::vary_text(fields({{"Vary", "Host, X-Forwarded-Proto, x-forwarded-host"}}),
                         request()) == "");
}
