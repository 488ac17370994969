#include <selvedge/http/validator.hpp>
#include <tests/support/catch.hpp>

#include <chrono>

using namespace selvedge::http;

namespace {

constexpr std::chrono::sys_seconds kNow =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 1};
constexpr const char* kModified = "Thu, 01 May 2025 10:00:00 GMT";
constexpr const char* kEarlier = "Thu, 01 May 2025 09:59:59 GMT";
constexpr const char* kLater = "Thu, 01 May 2025 10:00:01 GMT";

constexpr std::chrono::sys_seconds kReceived = kNow - std::chrono::hours{1};
constexpr const char* kReceivedText = "Wed, 31 Dec 2025 23:00:00 GMT";
constexpr const char* kBeforeReceived = "Wed, 31 Dec 2025 22:59:59 GMT";

RequestHead get_with(FieldName name, std::string_view value) {
  RequestHead request;
  request.fields.add(name, value);
  return request;
}

struct Stored {
  std::string_view etag = {};
  std::string_view last_modified = {};
  std::string_view date = {};
};
bool is_held(const RequestHead& request, const Stored& stored) {
  return is_not_modified(request, {stored.etag, stored.last_modified, stored.date}, kReceived,
                         kNow);
}

} // namespace

TEST_CASE("RFC 9110, 8.8.3: entity tags", "[http][validator]") {
  const auto strong = parse_entity_tag("\"xyzzy\"");
  REQUIRE(strong);
  CHECK(strong->opaque == "\"xyzzy\"");
  CHECK_FALSE(strong->is_weak);
  const auto weak = parse_entity_tag(" W/\"\" ");
  REQUIRE(weak);
  CHECK(weak->opaque == "\"\"");
  CHECK(weak->is_weak);
  for (const char* text : {"", "xyzzy", "\"", "\"a", "a\"", "w/\"a\"", "W/a", "W/", "\"a b\"",
                           "\"a\"b\"", "\"a\" \"b\"", "W/ \"a\"", "\"a\x7f\""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_entity_tag(text));
  }
}

TEST_CASE("RFC 9110, 8.8.3.2: strong and weak comparison", "[http][validator]") {
  using Row = std::tuple<const char*, const char*, bool, bool>;
  const auto [a, b, strongly, weakly] = GENERATE(table<const char*, const char*, bool, bool>({
      Row{"W/\"1\"", "W/\"1\"", false, true}, Row{"W/\"1\"", "W/\"2\"", false, false},
      Row{"W/\"1\"", "\"1\"", false, true}, Row{"\"1\"", "\"1\"", true, true},
      Row{"\"1\"", "\"2\"", false, false},
      Row{"\"a\"", "\"A\"", false, false}, // character by character
  }));
  CAPTURE(a, b);
  const EntityTag one = *parse_entity_tag(a);
  const EntityTag two = *parse_entity_tag(b);
  CHECK(matches_strongly(one, two) == strongly);
  CHECK(matches_strongly(two, one) == strongly);
  CHECK(matches_weakly(one, two) == weakly);
  CHECK(matches_weakly(two, one) == weakly);
}

TEST_CASE("RFC 9110, 13.1.2: If-None-Match", "[http][validator]") {
  using Row = std::tuple<const char*, const char*, bool>;
  const auto [listed, etag, expected] = GENERATE(table<const char*, const char*, bool>({
      Row{"\"a\"", "\"a\"", true},
      Row{"W/\"a\"", "\"a\"", true},
      Row{"\"a\"", "W/\"a\"", true},
      Row{"\"b\"", "\"a\"", false},
      Row{"\"b\", \"a\"", "\"a\"", true},
      Row{"\"b\" ,, W/\"a\"", "\"a\"", true},
      Row{"\"b,\\\", \"a\"", "\"a\"", true}, // a backslash escapes nothing in a tag
      Row{"\"x, a\"", "\"a\"", false},
      Row{"*", "\"a\"", true},
      Row{" * ", "", true},
      Row{"\"a\"", "", false},
      Row{"a", "\"a\"", false},
      Row{"b, \"a\"", "\"a\"", false}, // malformed: the full response is always right
      Row{"", "\"a\"", false},
  }));
  CAPTURE(listed, etag);
  CHECK(is_held(get_with(FieldName::if_none_match, listed), {.etag = etag}) == expected);
}

TEST_CASE("RFC 9110, 13.1.2: several If-None-Match fields are one list", "[http][validator]") {
  RequestHead request = get_with(FieldName::if_none_match, "\"b\"");
  request.fields.add(FieldName::if_none_match, "\"a\"");
  CHECK(is_held(request, {.etag = "\"a\""}));
}

TEST_CASE("RFC 9110, 13.1.3: If-Modified-Since", "[http][validator]") {
  using Row = std::tuple<const char*, const char*, const char*, bool>;
  const auto [since, modified, date, expected] =
      GENERATE(table<const char*, const char*, const char*, bool>({
          // RFC 9111, 4.3.2: Last-Modified
          Row{kModified, kModified, "", true},
          Row{kLater, kModified, "", true},
          Row{kEarlier, kModified, "", false},
          Row{"Thursday, 01-May-25 10:00:00 GMT", kModified, "", true}, // RFC 9110, 5.6.7
          Row{"Thu May  1 10:00:00 2025", kModified, "", true},
          Row{"yesterday", kModified, "", false},
          Row{"", kModified, "", false},
          Row{kModified, "yesterday", kModified, false}, // there, but it says nothing
          Row{kEarlier, kModified, kEarlier, false},     // before Date
          Row{kLater, kModified, kReceivedText, true},
          // RFC 9111, 4.3.2: without Last-Modified, Date
          Row{kModified, "", kModified, true},
          Row{kLater, "", kModified, true},
          Row{kEarlier, "", kModified, false},
          Row{kLater, "", "yesterday", false},
          // RFC 9111, 4.3.2: without both, the time received
          Row{kReceivedText, "", "", true},
          Row{kBeforeReceived, "", "", false},
      }));
  CAPTURE(since, modified, date);
  CHECK(is_held(get_with(FieldName::if_modified_since, since), {"\"a\"", modified, date}) ==
        expected);
}

TEST_CASE("RFC 9110, 13.2.2: If-None-Match goes first", "[http][validator]") {
  RequestHead request = get_with(FieldName::if_none_match, "\"b\"");
  request.fields.add(FieldName::if_modified_since, kModified);
  CHECK_FALSE(is_held(request, {"\"a\"", kModified, {}}));
  CHECK(is_held(request, {.etag = "\"b\""}));
}

TEST_CASE("RFC 9110, 13.1.3: conditions that must be ignored", "[http][validator]") {
  CHECK_FALSE(is_held(RequestHead(), {"\"a\"", kModified, {}}));
  RequestHead twice = get_with(FieldName::if_modified_since, kModified);
  twice.fields.add(FieldName::if_modified_since, kModified);
  CHECK_FALSE(is_held(twice, {.last_modified = kModified}));
  RequestHead post = get_with(FieldName::if_none_match, "*");
  post.method = Method::post;
  CHECK_FALSE(is_held(post, {"\"a\"", kModified, {}}));
  RequestHead head = get_with(FieldName::if_modified_since, kModified);
  head.method = Method::head;
  CHECK(is_held(head, {.last_modified = kModified}));
}
