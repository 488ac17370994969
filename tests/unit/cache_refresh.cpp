#include <selvedge/cache/refresh.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h1_feeding.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using test::Fields;

namespace {

constexpr const char* kMonday = "Mon, 06 Jan 2025 12:00:00 GMT";
constexpr const char* kTuesday = "Tue, 07 Jan 2025 12:00:00 GMT";

http::ResponseHead head(Fields fields) {
  http::ResponseHead result;
  result.fields = test::fields(fields);
  return result;
}

auto stored(Fields fields, std::string content = "content") {
  test::Stored wanted;
  wanted.content = std::move(content);
  wanted.head = test::fields(fields);
  return test::stored(wanted);
}

std::string updated(Fields old, Fields update) {
  const http::HeadBlock block(test::fields(old));
  return test::text_of(cache::updated_fields(block, test::fields(update)));
}

} // namespace

TEST_CASE("RFC 9111, 4.3.4: which stored response a 304 is about", "[cache][refresh]") {
  struct Row {
    const char* section;
    Fields stored;
    Fields not_modified;
    bool expected;
  };
  const Row rows[] = {
      {"the same strong validator", {{"ETag", "\"a\""}}, {{"ETag", "\"a\""}}, true},
      {"another", {{"ETag", "\"a\""}}, {{"ETag", "\"b\""}}, false},
      {"case matters", {{"ETag", "\"a\""}}, {{"ETag", "\"A\""}}, false},
      {"the same weak one", {{"ETag", "W/\"a\""}}, {{"ETag", "W/\"a\""}}, true},
      {"another weak one", {{"ETag", "W/\"a\""}}, {{"ETag", "W/\"b\""}}, false},
      {"weak comparison", {{"ETag", "\"a\""}}, {{"ETag", "W/\"a\""}}, true},
      {"another tag, whatever the date",
       {{"ETag", "\"a\""}, {"Last-Modified", kMonday}},
       {{"ETag", "\"b\""}, {"Last-Modified", kMonday}},
       false},
      {"the same date", {{"Last-Modified", kMonday}}, {{"Last-Modified", kMonday}}, true},
      {"another date", {{"Last-Modified", kMonday}}, {{"Last-Modified", kTuesday}}, false},
      {"it has none, nor has the stored one", {}, {}, true},
      {"it has none, and nothing contradicts", {{"ETag", "\"a\""}}, {}, true},
      {"a stored tag that is none", {{"ETag", "a"}}, {{"ETag", "\"a\""}}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.section);
    CHECK(cache::is_confirmed_by(head(row.not_modified), *stored(row.stored)) == row.expected);
  }
}

TEST_CASE("RFC 9111, 4.3.5: whether a HEAD agrees with what is stored", "[cache][refresh]") {
  struct Row {
    const char* section;
    Fields stored;
    Fields head;
    std::optional<std::uint64_t> length;
    bool expected;
  };
  const Row rows[] = {
      {"nothing said", {{"ETag", "\"a\""}}, {}, {}, true},
      {"the same tag", {{"ETag", "\"a\""}}, {{"ETag", "\"a\""}}, {}, true},
      {"another tag", {{"ETag", "\"a\""}}, {{"ETag", "\"b\""}}, {}, false},
      {"a tag where there was none", {}, {{"ETag", "\"b\""}}, {}, false},
      {"another date", {{"Last-Modified", kMonday}}, {{"Last-Modified", kTuesday}}, {}, false},
      {"the same length", {}, {}, 7, true},
      {"another length", {}, {}, 8, false},
      {"another length, the same tag", {{"ETag", "\"a\""}}, {{"ETag", "\"a\""}}, 8, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.section);
    http::ResponseHead answer = head(row.head);
    answer.content_length = row.length;
    CHECK(cache::agrees_with_head(answer, *stored(row.stored, "content")) == row.expected);
  }
}

TEST_CASE("RFC 9111, 3.2: each field of an update replaces those of its name", "[cache][refresh]") {
  struct Row {
    const char* section;
    Fields stored;
    Fields update;
    const char* expected;
  };
  const Row rows[] = {
      {"replaced", {{"x", "1"}, {"y", "2"}}, {{"X", "3"}}, "y: 2\nX: 3\n"},
      {"added", {{"x", "1"}}, {{"y", "2"}}, "x: 1\ny: 2\n"},
      {"kept", {{"x", "1"}}, {}, "x: 1\n"},
      {"all lines of it", {{"x", "1"}, {"x", "2"}}, {{"x", "3"}}, "x: 3\n"},
      {"by several", {{"x", "1"}}, {{"x", "3"}, {"x", "4"}}, "x: 3\nx: 4\n"},
      {"what it may do",
       {{"cache-control", "max-age=1"}},
       {{"cache-control", "max-age=2"}},
       "cache-control: max-age=2\n"},
      {"the length is of the stored bytes",
       {{"content-length", "7"}},
       {{"content-length", "0"}},
       "content-length: 7\n"},
      {"the coding too",
       {{"content-encoding", "gzip"}},
       {{"content-encoding", "br"}},
       "content-encoding: gzip\n"},
      {"also where there is none", {{"x", "1"}}, {{"content-encoding", "br"}}, "x: 1\n"},
      {"the range too",
       {{"content-range", "bytes 0-1/9"}},
       {{"content-range", "bytes 2-3/9"}},
       "content-range: bytes 0-1/9\n"},
      {"an empty value replaces", {{"x", "1"}}, {{"x", ""}}, "x: \n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.section);
    CHECK(updated(row.stored, row.update) == row.expected);
  }
}
