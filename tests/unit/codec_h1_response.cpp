#include <selvedge/codec/h1_parser.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h1_feeding.hpp>

using namespace selvedge;
using base::ErrorCode;
using test::read_response;

namespace {

struct Row {
  const char* why;
  std::string text;
  std::string content;
};

void check_all_cuts(const std::string& text, const test::Feeding& how) {
  const test::Read whole = read_response(text, how);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    CAPTURE(cut);
    test::Feeding parts = how;
    parts.cut = cut;
    REQUIRE(read_response(text, parts) == whole);
  }
}

} // namespace

TEST_CASE("RFC 9112, 4: what a response says", "[codec][h1]") {
  const auto result = read_response("HTTP/1.1 404 Not There\r\nContent-Length: 2\r\n"
                                    "ETag: \"a\"\r\nX-B:  c \r\n\r\nno");
  CHECK_FALSE(result.error);
  CHECK(result.text == "404 1.1 length=2\netag: \"a\"\nX-B: c\n");
  CHECK(result.content == "no");
  CHECK(result.is_done);
  CHECK(result.may_keep_alive);
}

TEST_CASE("RFC 9112, 6.3: responses that are complete, in one piece or cut anywhere",
          "[codec][h1]") {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto [why, text, content] = GENERATE_COPY(values<Row>({
      {"Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
      {"no content", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
      {"chunked", chunked + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
      {"chunked, empty", chunked + "0\r\n\r\n", ""},
      {"extensions and trailers", chunked + "3;x=y\r\nabc\r\n0;z\r\nX: y\r\nSet-Cookie: no\r\n\r\n",
       "abc"},
      {"204", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", ""},
      {"304 with the length of what is not sent",
       "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", ""},
      {"1xx", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", ""},
      {"no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", "x"},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "x"},
  }));
  CAPTURE(why, text);
  const test::Read whole = read_response(text);
  CHECK_FALSE(whole.error);
  CHECK(whole.is_done);
  CHECK(whole.content == content);
  CHECK(whole.used == text.size());
  check_all_cuts(text, {});
  CHECK(read_response(text, {.byte_by_byte = true}) == whole);
  // Closing behind it changes nothing.
  CHECK(read_response(text, {.then_ends = true}) == whole);
}

TEST_CASE("RFC 9112, 6.3 rule 8: content until the connection closes", "[codec][h1]") {
  const std::string text = GENERATE("HTTP/1.1 200 OK\r\nX: y\r\n\r\nall of it",
                                    "HTTP/1.0 200 OK\r\n\r\nall of it", "HTTP/1.1 200 OK\r\n\r\n");
  const test::Read open = read_response(text);
  CHECK_FALSE(open.error);
  CHECK_FALSE(open.is_done);
  CHECK_FALSE(open.may_keep_alive);
  const test::Read closed = read_response(text, {.then_ends = true});
  CHECK(closed.is_done);
  CHECK(closed.content == (text.ends_with("it") ? "all of it" : ""));
  check_all_cuts(text, {.then_ends = true});
}

TEST_CASE("RFC 9110, 9.3.2: a response to HEAD has no content whatever it says", "[codec][h1]") {
  const std::string fields =
      GENERATE("Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n", "");
  const std::string text = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
  const test::Read result = read_response(text + "HTTP/1.1", {.is_for_head = true});
  CHECK(result.is_done);
  CHECK(result.content.empty());
  CHECK(result.used == text.size());
  CHECK(result.may_keep_alive);
}

TEST_CASE("RFC 9110, 8.6: a length where there can be none is not believed", "[codec][h1]") {
  CHECK(read_response("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").text ==
        "204 1.1 length=-\n");
  CHECK(read_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").text ==
        "304 1.1 length=5\n");
}

TEST_CASE("RFC 9112, 8: content that was cut short is an error", "[codec][h1]") {
  const std::string text =
      GENERATE("", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n");
  CAPTURE(text);
  const test::Read result = read_response(text, {.then_ends = true});
  CHECK(result.error == ErrorCode::closed);
  CHECK_FALSE(result.is_done);
}

TEST_CASE("responses that two readers could read differently are refused",
          "[codec][h1][smuggling]") {
  const auto [why, text, content] = GENERATE(values<Row>({
      {"6.3 both framings",
       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
      {"6.3 both, the other way",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", ""},
      {"6.3 differing lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
       ""},
      {"6.1 another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", ""},
      {"6.1 chunked is not all", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ""},
      {"6.1 of HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
      {"5.2 obs-fold", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", ""},
      {"5.2 obs-fold behind nothing", "HTTP/1.1 200 OK\r\nX:\r\n b\r\n\r\n", ""},
      {"5.1 space before the colon", "HTTP/1.1 200 OK\r\nX : a\r\n\r\n", ""},
      {"2.2 bare LF", "HTTP/1.1 200 OK\nX: a\n\n", ""},
      {"2.2 bare CR", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", ""},
      {"4 a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", ""},
      {"4 a status below 100", "HTTP/1.1 099 Low\r\n\r\n", ""},
      {"4 a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", ""},
      {"2.3 another version", "HTTP/1.9 200 OK\r\n\r\n", ""},
      {"not HTTP at all", "220 mail.example ESMTP\r\n\r\n", ""},
      {"7.1 a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ""},
  }));
  CAPTURE(why, text);
  CHECK(read_response(text).error == ErrorCode::protocol);
  CHECK(read_response(text, {.byte_by_byte = true}).error == ErrorCode::protocol);
}

TEST_CASE("a response's head has limits too", "[codec][h1]") {
  const codec::h1::HeadLimits limits{.head_bytes = 500, .fields = 5, .target_bytes = 0};
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 6; ++i) many += "x: y\r\n";
  std::string large = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 4; ++i) large += "x: " + std::string(150, 'y') + "\r\n";
  const std::string text =
      GENERATE_COPY(many + "\r\n", large + "\r\n", "HTTP/1.1 200 " + std::string(600, 'a'));
  CHECK(read_response(text, {.limits = limits}).error == ErrorCode::too_large);
  CHECK(read_response(text, {.byte_by_byte = true, .limits = limits}).error ==
        ErrorCode::too_large);
}

TEST_CASE("bytes behind a response are not used", "[codec][h1]") {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
  CHECK(read_response(text + "HTTP/1.1 200").used == text.size());
}
