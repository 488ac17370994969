#include <selvedge/http/http_date.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge::http;
using namespace std::chrono;

namespace {

constexpr sys_seconds at(int y, unsigned m, unsigned d, int hour = 0, int minute = 0,
                         int second = 0) {
  return sys_days{year{y} / month{m} / day{d}} + hours{hour} + minutes{minute} + seconds{second};
}

constexpr sys_seconds kNow = at(2026, 1, 1);

} // namespace

TEST_CASE("RFC 9110, 5.6.7: the three forms of one date", "[http][date]") {
  const auto* text = GENERATE("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                              "Sun Nov  6 08:49:37 1994");
  CHECK(parse_http_date(text, kNow) == at(1994, 11, 6, 8, 49, 37));
}

TEST_CASE("RFC 9110, 5.6.7: dates", "[http][date]") {
  using Row = std::tuple<const char*, sys_seconds>;
  const auto [text, expected] = GENERATE(table<const char*, sys_seconds>({
      Row{"Thu, 01 Jan 1970 00:00:00 GMT", at(1970, 1, 1)},
      Row{"Tue, 29 Feb 2000 12:00:00 GMT", at(2000, 2, 29, 12)}, // divisible by 400
      Row{"Thu, 29 Feb 2024 23:59:59 GMT", at(2024, 2, 29, 23, 59, 59)},
      Row{"Tue, 19 Jan 2038 03:14:08 GMT", at(2038, 1, 19, 3, 14, 8)}, // past 31 bits
      Row{"Fri, 31 Dec 9999 23:59:59 GMT", at(9999, 12, 31, 23, 59, 59)},
      Row{"Sat, 31 Dec 2016 23:59:60 GMT", at(2017, 1, 1)}, // a leap second
      Row{"Thu Nov 16 08:49:37 1994", at(1994, 11, 16, 8, 49, 37)},
      Row{"Mon, 01 Jan 1601 00:00:00 GMT", at(1601, 1, 1)},
  }));
  CAPTURE(text);
  CHECK(parse_http_date(text, kNow) == expected);
}

TEST_CASE("RFC 9110, 5.6.7: what is not a date", "[http][date]") {
  const auto* text =
      GENERATE("", "0", "-1", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
               "Sun, 06 Nov 1994 08:49:37 gmt", "sun, 06 Nov 1994 08:49:37 GMT",
               "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
               "Sun,  06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
               "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
               "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
               "Wed, 29 Feb 2023 00:00:00 GMT", "Thu, 29 Feb 1900 00:00:00 GMT",
               "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
               "Sun, 06 Nov -994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 +0000",
               "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
               "Sunday, 06 Nov 94 08:49:37 GMT", "Funday, 06-Nov-94 08:49:37 GMT",
               "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 94", "Sun Nov x6 08:49:37 1994",
               "Sun Nov  x 08:49:37 1994", " Sun, 06 Nov 1994 08:49:37 GMT",
               "Sun, 06 Nov 1994 08:49:37 GMT ", "1994-11-06T08:49:37Z", "784111777");
  CAPTURE(text);
  CHECK_FALSE(parse_http_date(text, kNow));
}

TEST_CASE("RFC 9110, 5.6.7: two-digit years", "[http][date]") {
  using Row = std::tuple<const char*, sys_seconds, sys_seconds>;
  const auto [text, now, expected] = GENERATE(table<const char*, sys_seconds, sys_seconds>({
      Row{"Sunday, 06-Nov-94 08:49:37 GMT", kNow, at(1994, 11, 6, 8, 49, 37)},
      Row{"Thursday, 01-Jan-26 00:00:00 GMT", kNow, at(2026, 1, 1)},
      Row{"Friday, 01-Jan-27 00:00:00 GMT", kNow, at(2027, 1, 1)},
      Row{"Friday, 01-Jan-75 00:00:00 GMT", kNow, at(2075, 1, 1)},   // 49 years ahead
      Row{"Friday, 01-Jan-77 00:00:00 GMT", kNow, at(1977, 1, 1)},   // 51 years ahead
      Row{"Friday, 31-Dec-76 00:00:00 GMT", kNow, at(1976, 12, 31)}, // almost 51
      Row{"Friday, 01-Mar-76 00:00:00 GMT", at(2026, 6, 1), at(2076, 3, 1)},
      Row{"Friday, 01-Jan-00 00:00:00 GMT", at(1999, 12, 31), at(2000, 1, 1)},
      Row{"Friday, 31-Dec-99 00:00:00 GMT", at(2000, 1, 1), at(1999, 12, 31)},
      Row{"Tuesday, 29-Feb-00 00:00:00 GMT", kNow, at(2000, 2, 29)},
  }));
  CAPTURE(text);
  CHECK(parse_http_date(text, now) == expected);
}

TEST_CASE("dates are written as IMF-fixdate", "[http][date]") {
  CHECK(http_date(at(1994, 11, 6, 8, 49, 37)) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(at(1970, 1, 1)) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(at(2024, 2, 29, 23, 59, 59)) == "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST_CASE("what is written is read back the same", "[http][date]") {
  for (sys_seconds when = at(1969, 12, 1); when < at(2110, 1, 1);
       when += hours{24 * 17 + 5} + seconds{1}) {
    REQUIRE(parse_http_date(http_date(when), kNow) == when);
  }
}
