#include <selvedge/http/byte_range.hpp>
#include <tests/support/catch.hpp>

#include <limits>
#include <ostream>
#include <string>
#include <vector>

using namespace selvedge::http;

namespace selvedge::http {
std::ostream& operator<<(std::ostream& out, const ByteRange& range) {
  return out << range.first << '-' << range.last;
}
} // namespace selvedge::http

namespace {

using Kind = RangeSelection::Kind;
using Ranges = std::vector<ByteRange>;

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
constexpr std::chrono::sys_seconds kNow =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 1};

Ranges list(const RangeSelection& selection) {
  return {selection.ranges.begin(), selection.ranges.end()};
}

std::string many_ranges(std::size_t count) {
  std::string text = "bytes=";
  for (std::size_t i = 0; i < count; ++i) {
    text += std::to_string(2 * i) + '-' + std::to_string(2 * i) + ',';
  }
  return text;
}

} // namespace

TEST_CASE("RFC 9110, 14.1.1: what is no Range, and must be ignored", "[http][byte_range]") {
  const char* text = GENERATE(
      "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=1", "bytes=a-b", "bytes=1-b", "bytes=a-1",
      "bytes=-a", "bytes=1-2-3", "bytes=--1", "bytes=+1-2", "bytes=0x1-2", "bytes=1.0-2",
      "bytes=0 - 1", "bytes =0-1", "bytes:0-1", "items=0-1", "byte=0-1",
      "bytes=5-4", // the last before the first
      "bytes=0-1, 5-4", "bytes=0-1, x", "bytes=0-1; 2-3", "bytes=\"0-1\"", "bytes=0-1 2-3", "0-1");
  CAPTURE(text);
  CHECK_FALSE(parse_range(text));
  CHECK(select_ranges(text, 10).kind == Kind::whole);
  CHECK(select_ranges(text, 0).kind == Kind::whole);
}

TEST_CASE("RFC 9110, 14.1.2: what ranges select of ten bytes", "[http][byte_range]") {
  struct Row {
    const char* text;
    Ranges expected; // none: unsatisfiable
  };
  const Row rows[] = {
      {"bytes=0-4", {{0, 4}}},
      {"bytes=0-0", {{0, 0}}},
      {"bytes=9-9", {{9, 9}}},
      {"bytes=0-9", {{0, 9}}},
      {"bytes=3-", {{3, 9}}},
      {"bytes=3-100", {{3, 9}}}, // to the end where the last is behind it
      {"bytes=10-", {}},
      {"bytes=10-20", {}},
      {"bytes=-3", {{7, 9}}},
      {"bytes=-10", {{0, 9}}},
      {"bytes=-11", {{0, 9}}}, // a longer suffix is all of it
      {"bytes=-0", {}},
      {"Bytes=0-4", {{0, 4}}}, // 14.1: units are case-insensitive
      {"BYTES=-1", {{9, 9}}},
      {"bytes=007-0008", {{7, 8}}},
      {"bytes=0-99999999999999999999999999", {{0, 9}}}, // no overflow
      {"bytes=99999999999999999999999999-", {}},
      {"bytes=99999999999999999998-99999999999999999999", {}},
      {"bytes=-99999999999999999999999999", {{0, 9}}},
      {"bytes=18446744073709551616-", {}}, // 2^64
      {"bytes=0-18446744073709551616", {{0, 9}}},
      {" bytes=0-4 ", {{0, 4}}},
      // 5.6.1: a list
      {"bytes=0-1,4-5", {{0, 1}, {4, 5}}},
      {"bytes= 0-1 ,\t4-5 ", {{0, 1}, {4, 5}}},
      {"bytes=,0-1,,4-5,", {{0, 1}, {4, 5}}},
      {"bytes=4-5,0-1", {{4, 5}, {0, 1}}}, // 15.3.7.2: in the order asked for
      {"bytes=20-30,0-1", {{0, 1}}},       // the satisfiable ones
      {"bytes=0-1,-0", {{0, 1}}},
      {"bytes=20-,30-,-0", {}},
      // 15.3.7.2 and 17.15: joined where they overlap or adjoin, at the place of the first
      {"bytes=0-1,2-3", {{0, 3}}},
      {"bytes=2-3,0-1", {{0, 3}}},
      {"bytes=0-5,3-8", {{0, 8}}},
      {"bytes=0-,0-,0-,-10", {{0, 9}}},
      {"bytes=0-1,3-4", {{0, 1}, {3, 4}}}, // nobody asked for the byte between
      {"bytes=6-6,0-1,3-3,7-7", {{6, 7}, {0, 1}, {3, 3}}},
      {"bytes=8-8,0-1,5-5,1-6", {{8, 8}, {0, 6}}},
      {"bytes=9-9,0-0,1-8", {{0, 9}}},
      {"bytes=0-0,2-2,4-4,6-6,8-8,1-1,3-3,5-5,7-7,9-9", {{0, 9}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const RangeSelection selection = select_ranges(row.text, 10);
    CHECK(selection.kind == (row.expected.empty() ? Kind::unsatisfiable : Kind::partial));
    CHECK(list(selection) == row.expected);
  }
}

TEST_CASE("RFC 9110, 14.1.2: nothing of an empty representation", "[http][byte_range]") {
  const char* text = GENERATE("bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-9,-5");
  CAPTURE(text);
  const RangeSelection selection = select_ranges(text, 0);
  CHECK(selection.kind == Kind::unsatisfiable);
  CHECK(selection.ranges.empty());
}

TEST_CASE("RFC 9110, 14.1.2: the largest representation", "[http][byte_range]") {
  CHECK(list(select_ranges("bytes=0-", kLargest)) == Ranges{{0, kLargest - 1}});
  CHECK(list(select_ranges("bytes=-1,0-0", kLargest)) ==
        Ranges{{kLargest - 1, kLargest - 1}, {0, 0}});
  CHECK(list(select_ranges("bytes=1-,0-0", kLargest)) == Ranges{{0, kLargest - 1}});
}

TEST_CASE("RFC 9110, 17.15: too many ranges are not answered as such", "[http][byte_range]") {
  CHECK(parse_range(many_ranges(kMaxRanges))->size() == kMaxRanges);
  CHECK(select_ranges(many_ranges(kMaxRanges), 1000).ranges.size() == kMaxRanges);
  CHECK_FALSE(parse_range(many_ranges(kMaxRanges + 1)));
  CHECK(select_ranges(many_ranges(kMaxRanges + 1), 1000).kind == Kind::whole);
}

TEST_CASE("RFC 9110, 14.4: Content-Range", "[http][byte_range]") {
  struct Row {
    const char* text;
    ByteRange range;
    std::optional<std::uint64_t> complete_length;
  };
  const Row rows[] = {
      {"bytes 0-4/10", {0, 4}, 10},
      {"bytes 0-0/1", {0, 0}, 1},
      {"bytes 42-1233/1234", {42, 1233}, 1234},
      {"bytes 42-1233/*", {42, 1233}, {}},
      {"Bytes 0-4/10", {0, 4}, 10},
      {" bytes 0-4/10\t", {0, 4}, 10},
      {"bytes 0-18446744073709551613/18446744073709551614", {0, kLargest - 2}, kLargest - 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto content = parse_content_range(row.text);
    REQUIRE(content);
    CHECK(content->range == row.range);
    CHECK(content->complete_length == row.complete_length);
  }
}

TEST_CASE("RFC 9110, 14.4: Content-Range that is not valid", "[http][byte_range]") {
  const char* text =
      GENERATE("", "bytes", "bytes ", "bytes */10", "bytes 0-4", "bytes 0-4/", "bytes 0/10",
               "bytes /10", "bytes 0-/10", "bytes -4/10", "bytes=0-4/10", "bytes  0-4/10",
               "bytes 0-4/ 10", "bytes 0 -4/10", "items 0-4/10", "0-4/10", "bytes 0-4/10/10",
               "bytes 0-4-5/10", "bytes 10/0-4", "bytes 0-4/x",
               "bytes 5-4/10",  // the last before the first
               "bytes 0-10/10", // behind the end
               "bytes 0-4/0",
               // too large to be told apart
               "bytes 0-99999999999999999999/*", "bytes 0-4/99999999999999999999");
  CAPTURE(text);
  CHECK_FALSE(parse_content_range(text));
}

TEST_CASE("RFC 9110, 13.1.5: If-Range", "[http][byte_range]") {
  constexpr const char* kModified = "Thu, 01 May 2025 10:00:00 GMT";
  constexpr const char* kSecondLater = "Thu, 01 May 2025 10:00:01 GMT";
  struct Row {
    const char* condition;
    const char* etag;
    const char* last_modified;
    const char* date;
    bool holds;
  };
  const Row rows[] = {
      // 8.8.3.2: the strong comparison
      {"\"a\"", "\"a\"", "", "", true},
      {" \"a\" ", "\"a\"", "", "", true},
      {"\"a\"", "\"b\"", "", "", false},
      {"W/\"a\"", "W/\"a\"", "", "", false},
      {"W/\"a\"", "\"a\"", "", "", false},
      {"\"a\"", "W/\"a\"", "", "", false},
      {"\"a\"", "", kModified, kSecondLater, false},
      {"\"a\", \"b\"", "\"a\"", "", "", false}, // no list
      {"*", "\"a\"", "", "", false},
      {"a", "a", "", "", false},
      {"", "\"a\"", "", "", false},
      // a date that is Last-Modified, and strong (8.8.2.2)
      {kModified, "\"a\"", kModified, kSecondLater, true},
      {"Thursday, 01-May-25 10:00:00 GMT", "", kModified, kSecondLater, true},
      {kModified, "", kModified, kModified, false}, // it may have changed again in that second
      {kModified, "", kModified, "Thu, 01 May 2025 09:00:00 GMT", false},
      {kModified, "", kModified, "", false},
      {kModified, "", kModified, "yesterday", false},
      {kSecondLater, "", kModified, kSecondLater, false}, // exactly, not "not since"
      {kModified, "", kSecondLater, "Thu, 01 May 2025 11:00:00 GMT", false},
      {kModified, "", "", kModified, false}, // Date does not stand in for it
      {"yesterday", "", "yesterday", kSecondLater, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.condition, row.etag, row.last_modified, row.date);
    FieldList request;
    request.add(FieldName::if_range, row.condition);
    CHECK(if_range_holds(request, row.etag, row.last_modified, row.date, kNow) == row.holds);
  }
}

TEST_CASE("RFC 9110, 13.1.5: no If-Range, and more than one", "[http][byte_range]") {
  FieldList request;
  CHECK(if_range_holds(request, "", "", "", kNow));
  request.add(FieldName::if_range, "\"a\"");
  CHECK(if_range_holds(request, "\"a\"", "", "", kNow));
  request.add(FieldName::if_range, "\"a\"");
  CHECK_FALSE(if_range_holds(request, "\"a\"", "", "", kNow));
}
