#include <src/proxy/answer_form.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::proxy;
using http::ByteRange;
using Kind = AnswerForm::Kind;
using Ranges = std::vector<ByteRange>;
using test::Fields;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1736424000}}; // 9 January 2025
constexpr const char* kMonday = "Mon, 06 Jan 2025 12:00:00 GMT";
constexpr const char* kTuesday = "Tue, 07 Jan 2025 12:00:00 GMT";
constexpr std::uint64_t kLength = 100;

struct Shape {
  http::Status status = 200;
  http::Method method = http::Method::get;
  std::optional<std::uint64_t> length = kLength;
  bool is_complete = true;
};

AnswerForm form(Fields asked, const Shape& shape = {}) {
  cache::StoredResponse::Parts parts;
  parts.key = "http://a.example/";
  parts.status = shape.status;
  parts.head = http::HeadBlock(
      test::fields({{"etag", "\"a\""}, {"last-modified", kMonday}, {"date", kTuesday}}));
  parts.body = test::complete_body("content", nullptr);
  const boost::intrusive_ptr<cache::StoredResponse> response(
      new cache::StoredResponse(std::move(parts), nullptr));
  http::RequestHead request = test::request(asked);
  request.method = shape.method;
  return answer_form(request, *response, shape.length, shape.is_complete, kNow);
}

Ranges ranges_of(const AnswerForm& form) {
  return {form.selection.ranges.begin(), form.selection.ranges.end()};
}

} // namespace

TEST_CASE("RFC 9110, 13.2.2: which form answers a request", "[proxy][answer_form]") {
  struct Row {
    const char* section;
    Fields asked;
    Kind kind;
  };
  const Row rows[] = {
      {"nothing asked", {}, Kind::whole},
      {"13.1.2: the tag it has", {{"If-None-Match", "\"a\""}}, Kind::not_modified},
      {"13.1.2: weak comparison", {{"If-None-Match", "W/\"a\""}}, Kind::not_modified},
      {"13.1.2: one of several", {{"If-None-Match", "\"x\", \"a\""}}, Kind::not_modified},
      {"13.1.2: star", {{"If-None-Match", "*"}}, Kind::not_modified},
      {"13.1.2: another tag", {{"If-None-Match", "\"b\""}}, Kind::whole},
      {"13.1.3: the date it has", {{"If-Modified-Since", kMonday}}, Kind::not_modified},
      {"13.1.3: a later one", {{"If-Modified-Since", kTuesday}}, Kind::not_modified},
      {"13.1.3: no date", {{"If-Modified-Since", "0"}}, Kind::whole},
      {"13.1.3: If-None-Match goes first",
       {{"If-None-Match", "\"b\""}, {"If-Modified-Since", kMonday}},
       Kind::whole},
      {"14.2: a range", {{"Range", "bytes=0-9"}}, Kind::partial},
      {"13.2.2: a 304 before a range",
       {{"If-None-Match", "\"a\""}, {"Range", "bytes=0-9"}},
       Kind::not_modified},
      {"13.2.2: a range where it differs",
       {{"If-None-Match", "\"b\""}, {"Range", "bytes=0-9"}},
       Kind::partial},
      {"15.5.17: beyond the end", {{"Range", "bytes=100-"}}, Kind::unsatisfiable},
      {"14.2: another unit", {{"Range", "lines=0-9"}}, Kind::whole},
      {"14.2: bad syntax", {{"Range", "bytes=9-0"}}, Kind::whole},
      {"5.3: repeated", {{"Range", "bytes=0-9"}, {"Range", "bytes=0-9"}}, Kind::whole},
      {"13.1.5: If-Range holds", {{"Range", "bytes=0-9"}, {"If-Range", "\"a\""}}, Kind::partial},
      {"13.1.5: another tag", {{"Range", "bytes=0-9"}, {"If-Range", "\"b\""}}, Kind::whole},
      {"13.1.5: strong comparison", {{"Range", "bytes=0-9"}, {"If-Range", "W/\"a\""}}, Kind::whole},
      {"13.1.5: the date", {{"Range", "bytes=0-9"}, {"If-Range", kMonday}}, Kind::partial},
      {"13.1.5: a later date", {{"Range", "bytes=0-9"}, {"If-Range", kTuesday}}, Kind::whole},
      {"13.1.5: nor is it unsatisfiable then",
       {{"Range", "bytes=100-"}, {"If-Range", "\"b\""}},
       Kind::whole},
  };
  for (const Row& row : rows) {
    CAPTURE(row.section);
    CHECK(form(row.asked).kind == row.kind);
  }
}

TEST_CASE("RFC 9110, 13.2.1 and 14.2: where conditions and ranges do not count",
          "[proxy][answer_form]") {
  const Fields range = {{"Range", "bytes=0-9"}};
  const Fields condition = {{"If-None-Match", "\"a\""}};
  for (const http::Status status : {http::Status{301}, http::Status{404}, http::Status{500}}) {
    CAPTURE(status);
    CHECK(form(range, {.status = status}).kind == Kind::whole);
    CHECK(form(condition, {.status = status}).kind == Kind::whole);
  }
  CHECK(form(range, {.status = 203}).kind == Kind::whole);
  CHECK(form(condition, {.status = 203}).kind == Kind::not_modified);
  CHECK(form(range, {.method = http::Method::head}).kind == Kind::whole);
  CHECK(form(condition, {.method = http::Method::head}).kind == Kind::not_modified);
  CHECK(form(range, {.length = std::nullopt}).kind == Kind::whole);
}

TEST_CASE("RFC 9110, 14.1.2: the ranges of an answer", "[proxy][answer_form]") {
  struct Row {
    const char* range;
    Ranges ranges;
  };
  const Row rows[] = {
      {"bytes=0-9", {{0, 9}}},
      {"bytes=90-", {{90, 99}}},
      {"bytes=90-200", {{90, 99}}},
      {"bytes=-10", {{90, 99}}},
      {"bytes=-500", {{0, 99}}},
      {"bytes=0-0,50-59", {{0, 0}, {50, 59}}},
      {"bytes=50-59,0-0", {{50, 59}, {0, 0}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.range);
    const AnswerForm whole = form({{"Range", row.range}});
    CHECK(whole.kind == Kind::partial);
    CHECK(ranges_of(whole) == row.ranges);
  }
  // Of content on its way what comes first must be sent first.
  CHECK(ranges_of(form({{"Range", "bytes=50-59,0-0"}}, {.is_complete = false})) ==
        Ranges{{0, 0}, {50, 59}});
}

TEST_CASE("RFC 9111, 3.3: what a partial response can answer", "[proxy][answer_form]") {
  struct Row {
    const char* section;
    std::optional<std::uint64_t> length; // of the representation; 20 to 39 are held
    Fields asked;
    std::optional<ByteRange> expected;
  };
  const Row rows[] = {
      {"within", 100, {{"Range", "bytes=25-30"}}, ByteRange{25, 30}},
      {"all of it", 100, {{"Range", "bytes=20-39"}}, ByteRange{20, 39}},
      {"begins before", 100, {{"Range", "bytes=19-30"}}, {}},
      {"ends behind", 100, {{"Range", "bytes=30-40"}}, {}},
      {"no range", 100, {}, {}},
      {"two ranges", 100, {{"Range", "bytes=20-21,30-31"}}, {}},
      {"unsatisfiable", 100, {{"Range", "bytes=100-"}}, {}},
      {"to the end", 40, {{"Range", "bytes=30-"}}, ByteRange{30, 39}},
      {"to the end, which is not held", 100, {{"Range", "bytes=30-"}}, {}},
      {"a suffix", 40, {{"Range", "bytes=-5"}}, ByteRange{35, 39}},
      {"cut at the end", 40, {{"Range", "bytes=30-99"}}, ByteRange{30, 39}},
      {"RFC 9110, 14.4: unknown length", {}, {{"Range", "bytes=25-30"}}, ByteRange{25, 30}},
      {"unknown length, to the end", {}, {{"Range", "bytes=25-"}}, {}},
      {"unknown length, a suffix", {}, {{"Range", "bytes=-5"}}, {}},
      {"unknown length, perhaps cut", {}, {{"Range", "bytes=30-99"}}, {}},
      {"RFC 9110, 13.1.5",
       100,
       {{"Range", "bytes=25-30"}, {"If-Range", "\"a\""}},
       ByteRange{25, 30}},
      {"RFC 9110, 13.1.5: another", 100, {{"Range", "bytes=25-30"}, {"If-Range", "\"b\""}}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.section);
    test::Stored wanted;
    wanted.head.add("etag", "\"a\"");
    wanted.content_range = http::ContentRange{{20, 39}, row.length};
    const auto part = test::stored(wanted);
    CHECK(range_within(test::request(row.asked), *part, kNow) == row.expected);
  }
}

TEST_CASE("RFC 9110, 15.4.5: what a 304 carries", "[proxy][answer_form]") {
  for (const char* name :
       {"Content-Location", "Date", "ETag", "Vary", "Cache-Control", "Expires"}) {
    CAPTURE(name);
    CHECK(belongs_in_not_modified(http::field_name_of(name)));
  }
  for (const char* name : {"Content-Encoding", "Content-Length", "Content-Range", "Content-Type"}) {
    CAPTURE(name);
    CHECK_FALSE(belongs_in_not_modified(http::field_name_of(name)));
  }
}
