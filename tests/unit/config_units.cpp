#include <selvedge/config/nearest.hpp>
#include <src/config/text_rules.hpp>
#include <src/config/units.hpp>
#include <tests/support/catch.hpp>

#include <limits>

using namespace std::chrono_literals;
using namespace selvedge::config;

TEST_CASE("sizes have units of 1000 and of 1024", "[config][units]") {
  CHECK(parse_bytes("0") == 0u);
  CHECK(parse_bytes("4096") == 4096u);
  CHECK(parse_bytes("12B") == 12u);
  CHECK(parse_bytes("1kB") == 1000u);
  CHECK(parse_bytes("1KB") == 1000u);
  CHECK(parse_bytes("3MB") == 3'000'000u);
  CHECK(parse_bytes("2GB") == 2'000'000'000u);
  CHECK(parse_bytes("512KiB") == 524'288u);
  CHECK(parse_bytes("64MiB") == 67'108'864u);
  CHECK(parse_bytes("1GiB") == 1'073'741'824u);
  CHECK(parse_bytes("16777215TiB") == 16777215ull << 40);
}

TEST_CASE("what is not a size is refused", "[config][units]") {
  const auto* text = GENERATE("", "MiB", "-1", "+1", "1.5GiB", "64M", "64 MiB", "64mib", "1KiBx",
                              "0x10", "1e6", "16777216TiB", "18446744073709551616");
  CAPTURE(text);
  CHECK_FALSE(parse_bytes(text));
}

TEST_CASE("decimals are digits, with a point among them or without", "[config][units]") {
  CHECK(parse_decimal("0") == 0.0);
  CHECK(parse_decimal("1") == 1.0);
  CHECK(parse_decimal("0.75") == 0.75);
  CHECK(parse_decimal("12.50") == 12.5);
  CHECK(decimal_text(1.0) == "1");
  CHECK(decimal_text(0.75) == "0.75");
  CHECK(decimal_text(0.0) == "0");
  const auto* text = GENERATE("", ".", ".5", "1.", "-1", "+1", "1e0", "0x1", "inf", "nan", "1.5.2",
                              "1,5", " 1", "1 ");
  CAPTURE(text);
  CHECK_FALSE(parse_decimal(text));
}

TEST_CASE("shares are decimals with a percent sign", "[config][units]") {
  for (const auto* text : {"0%", "7%", "10%", "0.5%", "33.3333%", "100%"}) {
    CAPTURE(text);
    REQUIRE(parse_percent(text));
    CHECK(percent_text(*parse_percent(text)) == text);
  }
  CHECK(parse_percent("7%") == 0.07);
  CHECK(parse_percent("100%") == 1.0);
  CHECK(percent_text(0.1) == "10%");
  for (const auto* text : {"", "%", "5", "-5%", "5 %", "5%%", ".5%", "101%", "100.1%", "5e1%"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_percent(text));
  }
}

TEST_CASE("durations need a unit, but for zero", "[config][units]") {
  CHECK(parse_duration("0") == 0ms);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("10s") == 10s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("2d") == 48h);
  const auto* text = GENERATE("", "10", "s", "-1s", "1.5s", "1 s", "1m30s", "1S", "1w", "1us",
                              "9223372036854775808ms", "213503982335d");
  CAPTURE(text);
  CHECK_FALSE(parse_duration(text));
}

TEST_CASE("sizes and durations are written as they can be read", "[config][units]") {
  CHECK(bytes_text(0) == "0");
  CHECK(bytes_text(1) == "1");
  CHECK(bytes_text(1023) == "1023");
  CHECK(bytes_text(1024) == "1KiB");
  CHECK(bytes_text(1025) == "1025");
  CHECK(bytes_text(256u << 20) == "256MiB");
  CHECK(bytes_text(1ull << 40) == "1TiB");
  CHECK(duration_text(0ms) == "0s");
  CHECK(duration_text(1ms) == "1ms");
  CHECK(duration_text(90s) == "90s");
  CHECK(duration_text(120s) == "2m");
  CHECK(duration_text(48h) == "2d");
  const auto number = GENERATE(take(50, random(std::uint64_t{0}, std::uint64_t{1} << 50)));
  CHECK(parse_bytes(bytes_text(number)) == number);
  const std::chrono::milliseconds time{static_cast<std::int64_t>(number)};
  CHECK(parse_duration(duration_text(time)) == time);
}

TEST_CASE("the distance between words counts slips of the finger", "[config][nearest]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("listners", "listeners") == 1);
  CHECK(edit_distance("prefxi", "prefix") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("only a likely name is suggested", "[config][nearest]") {
  const std::vector<std::string> names{"listeners", "limits", "logs"};
  CHECK(did_you_mean("listners", names) == " (did you mean 'listeners'?)");
  CHECK(did_you_mean("limit", names) == " (did you mean 'limits'?)");
  CHECK(did_you_mean("log", names) == " (did you mean 'logs'?)");
  CHECK(did_you_mean("compression", names).empty());
  CHECK(did_you_mean("", names).empty());
  CHECK(did_you_mean(std::string(100000, 'l'), names).empty());
}

TEST_CASE("addresses have the forms that sockets take", "[config][text]") {
  for (const auto* good : {"127.0.0.1:8080", "[::1]:8443", ":8080", "localhost:0", "a.b-c:65535"}) {
    CAPTURE(good);
    CHECK(kListenAddress.holds(good));
  }
  for (const auto* bad :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "a:-1", "a:1x", "[::1]",
        "[]:80", "[zz::]:80", "a b:80", "http://a:80", "a:000080"}) {
    CAPTURE(bad);
    CHECK_FALSE(kListenAddress.holds(bad));
  }
  CHECK(kServerAddress.holds("app.internal:80"));
  CHECK_FALSE(kServerAddress.holds(":80"));
  CHECK_FALSE(kServerAddress.holds("app.internal:0"));
}

TEST_CASE("hosts are names without a port, with a star for all names below", "[config][text]") {
  for (const auto* good : {"*", "*.example.com", "www.example.com", "localhost", "[::1]"}) {
    CAPTURE(good);
    CHECK(kHostPattern.holds(good));
  }
  for (const auto* bad : {"", "a:80", "www.*.com", "*example.com", ".example.com", "a/b", "a b"}) {
    CAPTURE(bad);
    CHECK_FALSE(kHostPattern.holds(bad));
  }
}

TEST_CASE("only addresses of this machine are loopback", "[config][text]") {
  CHECK(is_loopback("127.0.0.1"));
  CHECK(is_loopback("127.8.9.10"));
  CHECK(is_loopback("[::1]"));
  CHECK(is_loopback("localhost"));
  CHECK_FALSE(is_loopback(""));
  CHECK_FALSE(is_loopback("0.0.0.0"));
  CHECK_FALSE(is_loopback("[::]"));
  CHECK_FALSE(is_loopback("127.example.com"));
  CHECK_FALSE(is_loopback("10.0.0.1"));
}

TEST_CASE("text is UTF-8 without controls", "[config][text]") {
  CHECK(first_unprintable("a\tb\r\nc \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") == std::string::npos);
  CHECK(first_unprintable(std::string_view("ab\0c", 4)) == 2);
  CHECK(first_unprintable("\x04") == 0);
  CHECK(first_unprintable("a\x7F") == 1);
  CHECK(first_unprintable("\xC0\xAF") == 0);         // overlong
  CHECK(first_unprintable("\xED\xA0\x80") == 0);     // a surrogate
  CHECK(first_unprintable("\xF4\x90\x80\x80") == 0); // beyond U+10FFFF
  CHECK(first_unprintable("ab\xE2\x82") == 2);       // cut off
  CHECK(first_unprintable("\xE2(\xA1") == 0);
}
