#include <selvedge/http/validator.hpp>
#include <tests/support/catch.hpp>

#include <chrono>

using namespace selvedge::http;

namespace {

constexpr std::chrono::sys_seconds kNow =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 1};
constexpr const char* kModified = "Thu, 01 May 2025 10:00:00 GMT";

RequestHead get_with(FieldName name, std::string_view value) {
  RequestHead request;
  request.fields.add(name, value);
  return request;
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

TEST_CASE("RFC 9110, 8.8.3.2: weak comparison", "[http][validator]") {
  const auto matches = [](const char* a, const char* b) {
    return matches_weakly(*parse_entity_tag(a), *parse_entity_tag(b));
  };
  CHECK(matches("W/\"1\"", "W/\"1\""));
  CHECK(matches("W/\"1\"", "\"1\""));
  CHECK(matches("\"1\"", "\"1\""));
  CHECK_FALSE(matches("W/\"1\"", "W/\"2\""));
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
  CHECK(is_not_modified(get_with(FieldName::if_none_match, listed), etag, "", kNow) == expected);
}

TEST_CASE("RFC 9110, 13.1.2: several If-None-Match fields are one list", "[http][validator]") {
  RequestHead request = get_with(FieldName::if_none_match, "\"b\"");
  request.fields.add(FieldName::if_none_match, "\"a\"");
  CHECK(is_not_modified(request, "\"a\"", "", kNow));
}

TEST_CASE("RFC 9110, 13.1.3: If-Modified-Since", "[http][validator]") {
  using Row = std::tuple<const char*, const char*, bool>;
  const auto [since, modified, expected] = GENERATE(table<const char*, const char*, bool>({
      Row{kModified, kModified, true},
      Row{"Thu, 01 May 2025 10:00:01 GMT", kModified, true},
      Row{"Thu, 01 May 2025 09:59:59 GMT", kModified, false},
      Row{"Thursday, 01-May-25 10:00:00 GMT", kModified, true},
      Row{"yesterday", kModified, false},
      Row{kModified, "yesterday", false},
      Row{kModified, "", false},
  }));
  CAPTURE(since, modified);
  CHECK(is_not_modified(get_with(FieldName::if_modified_since, since), "\"a\"", modified, kNow) ==
        expected);
}

TEST_CASE("RFC 9110, 13.2.2: If-None-Match goes first", "[http][validator]") {
  RequestHead request = get_with(FieldName::if_none_match, "\"b\"");
  request.fields.add(FieldName::if_modified_since, kModified);
  CHECK_FALSE(is_not_modified(request, "\"a\"", kModified, kNow));
  CHECK(is_not_modified(request, "\"b\"", "", kNow));
}

TEST_CASE("RFC 9110, 13.1.3: conditions that must be ignored", "[http][validator]") {
  CHECK_FALSE(is_not_modified(RequestHead(), "\"a\"", kModified, kNow));
  RequestHead twice = get_with(FieldName::if_modified_since, kModified);
  twice.fields.add(FieldName::if_modified_since, kModified);
  CHECK_FALSE(is_not_modified(twice, "", kModified, kNow));
  RequestHead post = get_with(FieldName::if_none_match, "*");
  post.method = Method::post;
  CHECK_FALSE(is_not_modified(post, "\"a\"", kModified, kNow));
  RequestHead head = get_with(FieldName::if_modified_since, kModified);
  head.method = Method::head;
  CHECK(is_not_modified(head, "", kModified, kNow));
}
