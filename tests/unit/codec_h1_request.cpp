#include <selvedge/codec/h1_parser.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h1_feeding.hpp>

using namespace selvedge;
using namespace selvedge::codec;
using base::ErrorCode;

namespace {

constexpr std::string_view kHost = "Host: a.example\r\n";

// A request whose head is `lines`, with an empty line behind them.
std::string head(const std::string& lines) {
  return lines + "\r\n";
}

std::string get(const std::string& fields) {
  return head("GET / HTTP/1.1\r\n" + std::string(kHost) + fields);
}

struct Row {
  const char* why;
  std::string text;
};

} // namespace

TEST_CASE("RFC 9112, 3: what a request says", "[codec][h1]") {
  const auto result =
      test::read_request("PUT /a/b?c=d HTTP/1.1\r\nHost: A.example:8080\r\n"
                         "content-length: 3\r\nX-One:  1\t \r\nx-one: 2\r\n\r\nabc");
  CHECK_FALSE(result.error);
  CHECK(result.is_done);
  CHECK(result.text == "PUT /a/b?c=d 1.1 authority=A.example:8080 length=3 content=1\n"
                       "X-One: 1\nx-one: 2\n");
  CHECK(result.content == "abc");
  CHECK(result.may_keep_alive);
}

TEST_CASE("RFC 9112: requests that are accepted, in one piece or cut anywhere", "[codec][h1]") {
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto [why, text] = GENERATE_COPY(values<Row>({
      {"3.2.1 origin form", get("")},
      {"3.2.2 absolute form", head("GET http://b.example/p?q HTTP/1.1\r\nHost: a.example\r\n")},
      {"3.2.2 absolute form without a path", head("GET http://b.example HTTP/1.1\r\nHost: a\r\n")},
      {"3.2.4 asterisk form", head("OPTIONS * HTTP/1.1\r\nHost: a.example\r\n")},
      {"3.2 HTTP/1.0 needs no Host", head("GET / HTTP/1.0\r\n")},
      {"3.1 an unknown method", head("FROB / HTTP/1.1\r\nHost: a\r\n")},
      {"5 no space behind the colon", get("X:y\r\n")},
      {"5 an empty value", get("X:\r\nY: \r\n")},
      {"5.5 obs-text", get("X: caf\xe9\r\n")},
      {"6.2 Content-Length", get("Content-Length: 5\r\n") + "hello"},
      {"6.2 no content", get("Content-Length: 0\r\n")},
      {"7.1 chunks", chunked + "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"},
      {"7.1 no chunk at all", chunked + "0\r\n\r\n"},
      {"7.1 hexadecimal digits of both cases",
       chunked + "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"},
      {"7.1 leading zeros", chunked + "0003\r\nabc\r\n000\r\n\r\n"},
      {"7.1.1 chunk extensions", chunked + "3;a=b;c=\"d;e\"\r\nabc\r\n0;last\r\n\r\n"},
      {"7.1.2 trailers", chunked + "3\r\nabc\r\n0\r\nX-Sum: 1\r\nExpires: never\r\n\r\n"},
      {"7 coding names are case-insensitive",
       get("Transfer-Encoding: Chunked\r\n") + "1\r\nx\r\n0\r\n\r\n"},
      {"content that looks like a request",
       get("Content-Length: 18\r\n") + "GET / HTTP/1.1\r\n\r\n"},
  }));
  CAPTURE(why, text);
  const test::Read whole = test::read_request(text);
  CHECK_FALSE(whole.error);
  CHECK(whole.is_done);
  CHECK(whole.used == text.size());
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    CAPTURE(cut);
    const test::Read parts = test::read_request(text, {.cut = cut});
    REQUIRE(parts == whole);
  }
  CHECK(test::read_request(text, {.byte_by_byte = true}) == whole);
}

TEST_CASE("RFC 9112, 11.2: requests that two readers could read differently are refused",
          "[codec][h1][smuggling]") {
  const std::string te = "Transfer-Encoding: chunked\r\n";
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\n" + te + "\r\n";
  const auto [why, text] = GENERATE_COPY(values<Row>({
      {"6.3 Content-Length and Transfer-Encoding", get("Content-Length: 5\r\n" + te) + "0\r\n\r\n"},
      {"6.3 Transfer-Encoding and Content-Length", get(te + "Content-Length: 5\r\n") + "0\r\n\r\n"},
      {"6.3 differing Content-Lengths",
       get("Content-Length: 5\r\nContent-Length: 6\r\n") + "hello!"},
      {"6.3 a list of differing ones", get("Content-Length: 5, 6\r\n") + "hello!"},
      {"6.2 a sign", get("Content-Length: +5\r\n") + "hello"},
      {"6.2 a negative length", get("Content-Length: -5\r\n") + "hello"},
      {"6.2 hexadecimal", get("Content-Length: 0x5\r\n") + "hello"},
      {"6.2 a space inside", get("Content-Length: 1 0\r\n") + "hello"},
      {"6.2 nothing", get("Content-Length:\r\n")},
      {"8.6 a length told twice", get("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello"},
      {"8.6 a list of equal ones", get("Content-Length: 5, 5\r\n") + "hello"},
      {"6.2 more than 64 bits", get("Content-Length: 18446744073709551616\r\n")},
      {"6.1 another coding last", get("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n"},
      {"6.1 identity", get("Transfer-Encoding: identity\r\n")},
      {"6.1 an unknown coding", get("Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n"},
      {"6.1 a parameter", get("Transfer-Encoding: chunked;q=1\r\n") + "0\r\n\r\n"},
      {"6.1 no coding", get("Transfer-Encoding:\r\n") + "0\r\n\r\n"},
      {"6.1 a vertical tab", get("Transfer-Encoding: \vchunked\r\n") + "0\r\n\r\n"},
      {"6.1 chunked twice", get(te + te) + "0\r\n\r\n"},
      {"6.1 chunked twice in one field",
       get("Transfer-Encoding: chunked, chunked\r\n") + "0\r\n\r\n"},
      {"6.1 HTTP/1.0 with Transfer-Encoding",
       head("POST / HTTP/1.0\r\nHost: a\r\n" + te) + "0\r\n\r\n"},
      {"5.2 obs-fold", get("X: a\r\n b\r\n")},
      {"5.2 obs-fold with a tab", get("X: a\r\n\tb\r\n")},
      {"5.2 obs-fold behind an empty line", get("X:\r\n b\r\n")},
      {"5.2 obs-fold of framing", get("Transfer-Encoding:\r\n chunked\r\n") + "0\r\n\r\n"},
      {"5.2 obs-fold with nothing", get("X: a\r\n \r\n")},
      {"5.1 space before the colon", get("X : a\r\n")},
      {"5.1 tab before the colon", get("Transfer-Encoding\t: chunked\r\n") + "0\r\n\r\n"},
      {"5.1 no name", get(": a\r\n")},
      {"5.1 no colon", get("X\r\n")},
      {"5.1 a control in a name", get("X\x01: a\r\n")},
      {"2.2 a space before the first field", head("GET / HTTP/1.1\r\n Host: a\r\n")},
      {"2.2 bare LF", head("GET / HTTP/1.1\nHost: a\n")},
      {"2.2 bare LF between fields", get("X: a\nY: b\r\n")},
      {"2.2 bare CR in a value", get("X: a\rb\r\n")},
      {"2.2 bare CR before the end", get("X: a\r\r\n")},
      {"5.5 NUL in a value", get(std::string("X: a\0b\r\n", 8))},
      {"5.5 DEL in a value", get("X: a\x7f\r\n")},
      {"3 two spaces", head("GET  / HTTP/1.1\r\nHost: a\r\n")},
      {"3 a space in the target", head("GET /a b HTTP/1.1\r\nHost: a\r\n")},
      {"3 a tab in the target", head("GET /a\tb HTTP/1.1\r\nHost: a\r\n")},
      {"3 a control in the target", head("GET /a\x01 HTTP/1.1\r\nHost: a\r\n")},
      {"3 NUL in the target", head(std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n", 26))},
      {"3.2 a fragment", head("GET /a#b HTTP/1.1\r\nHost: a\r\n")},
      {"3.2 a relative path", head("GET a HTTP/1.1\r\nHost: a\r\n")},
      {"3.2.3 authority form", head("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n")},
      {"3.2.4 an asterisk of GET", head("GET * HTTP/1.1\r\nHost: a\r\n")},
      {"3.2 no Host", head("GET / HTTP/1.1\r\n")},
      {"3.2 two Hosts", head("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n")},
      {"3.2 two Hosts of HTTP/1.0", head("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n")},
      {"3.2 a list of hosts", head("GET / HTTP/1.1\r\nHost: a, b\r\n")},
      {"3.2 an empty Host", head("GET / HTTP/1.1\r\nHost:\r\n")},
      {"3.2 userinfo in Host", head("GET / HTTP/1.1\r\nHost: u@a\r\n")},
      {"3.2 a path in Host", head("GET / HTTP/1.1\r\nHost: a/b\r\n")},
      {"3.2.2 a bad Host beside an absolute form", head("GET http://b/ HTTP/1.1\r\nHost: a b\r\n")},
      {"3.2.2 userinfo", head("GET http://u@b/ HTTP/1.1\r\nHost: b\r\n")},
      {"3.2.2 another scheme", head("GET ftp://b/ HTTP/1.1\r\nHost: b\r\n")},
      {"3.2.2 no authority", head("GET http:///a HTTP/1.1\r\nHost: b\r\n")},
      {"2.3 no version", head("GET / HTTP/1.11\r\nHost: a\r\n")},
      {"2.3 another one", head("GET / HTTP/01.1\r\nHost: a\r\n")},
      {"2.3 lower case", head("GET / http/1.1\r\nHost: a\r\n")},
      {"3 HTTP/0.9", "GET /\r\n\r\n"},
      {"7.1 no size", chunked + "\r\nabc\r\n0\r\n\r\n"},
      {"7.1 a signed size", chunked + "+3\r\nabc\r\n0\r\n\r\n"},
      {"7.1 a size in 0x", chunked + "0x3\r\nabc\r\n0\r\n\r\n"},
      {"7.1 a space behind the size", chunked + "3 \r\nabc\r\n0\r\n\r\n"},
      {"7.1 more than 64 bits", chunked + "10000000000000003\r\nabc\r\n0\r\n\r\n"},
      {"7.1 bare LF", chunked + "3\nabc\r\n0\r\n\r\n"},
      {"7.1 more data than said", chunked + "3\r\nabcd\r\n0\r\n\r\n"},
      {"7.1 less data than said", chunked + "4\r\nabc\r\n0\r\n\r\n"},
      {"7.1 LF alone behind the last chunk", chunked + "3\r\nabc\r\n0\n\n"},
      {"7.1 LF alone behind the trailers", chunked + "3\r\nabc\r\n0\r\n\n"},
      {"7.1.1 LF in a quoted extension", chunked + "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"},
      {"7.1.1 NUL in one", chunked + std::string("3;a=\"\0\"\r\nabc\r\n0\r\n\r\n", 19)},
      {"7.1.1 LF in one of the last chunk", chunked + "3\r\nabc\r\n0;a=\"\n\"\r\n\r\n"},
      {"7.1.1 a quote without an end", chunked + "3;a=\"b\r\nabc\r\n0\r\n\r\n"},
      {"3.2 an encoding of nothing", head("GET /a%zz HTTP/1.1\r\nHost: a\r\n")},
      {"3.2 an encoded NUL", head("GET /a%00 HTTP/1.1\r\nHost: a\r\n")},
      {"3.2 a backslash", head("GET /a\\b HTTP/1.1\r\nHost: a\r\n")},
      {"3.2 a port that is none", head("GET / HTTP/1.1\r\nHost: a:65536\r\n")},
      {"3.2 an address that is none", head("GET / HTTP/1.1\r\nHost: [::g]\r\n")},
      {"7.1.1 a line break in an extension", chunked + "3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n"},
      {"7.1.2 framing in a trailer", chunked + "0\r\nContent-Length: 3\r\n\r\nabc"},
      {"7.1.2 a broken trailer", chunked + "0\r\nX y\r\n\r\n"},
  }));
  CAPTURE(why, text);
  const test::Read whole = test::read_request(text);
  CHECK(whole.error == ErrorCode::bad_request);
  const test::Read bytes = test::read_request(text, {.byte_by_byte = true});
  CHECK(bytes.error == ErrorCode::bad_request);
}

TEST_CASE("RFC 9112, 2.2 and RFC 6585: limits of the head hold however it comes", "[codec][h1]") {
  const h1::HeadLimits limits{.head_bytes = 1000, .fields = 10, .target_bytes = 100};
  const auto line = [](std::size_t target) {
    return "GET /" + std::string(target - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n";
  };
  std::string ten, eleven, many;
  for (int i = 0; i < 9; ++i) ten += "x: y\r\n";
  eleven = ten + "x: y\r\n";
  for (int i = 0; i < 9; ++i) many += "x: " + std::string(150, 'y') + "\r\n";
  struct Limited {
    const char* why;
    std::string text;
    std::optional<ErrorCode> error;
  };
  const auto [why, text, error] = GENERATE_COPY(values<Limited>({
      {"the longest target", head(line(100)), std::nullopt},
      {"a longer one", head(line(101)), ErrorCode::target_too_long},
      {"one without an end", "GET /" + std::string(5000, 'a'), ErrorCode::target_too_long},
      {"the most fields", head(line(1) + ten), std::nullopt},
      {"one more", head(line(1) + eleven), ErrorCode::head_too_large},
      {"one long field", head(line(1) + "x: " + std::string(1100, 'y') + "\r\n"),
       ErrorCode::head_too_large},
      {"fields that are short by themselves", head(line(1) + many), ErrorCode::head_too_large},
      {"a field without an end", line(1) + std::string(2000, 'y'), ErrorCode::head_too_large},
  }));
  CAPTURE(why);
  CHECK(test::read_request(text, {.limits = limits}).error == error);
  CHECK(test::read_request(text, {.byte_by_byte = true, .limits = limits}).error == error);
}

TEST_CASE("requests of a kind that is not known say which", "[codec][h1]") {
  using Row = std::pair<std::string, ErrorCode>;
  const auto [text, error] = GENERATE_COPY(values<Row>({
      {get("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n", ErrorCode::not_implemented},
      {head(std::string(34, 'M') + " / HTTP/1.1\r\nHost: a\r\n"), ErrorCode::none},
      {head(std::string(35, 'M') + " / HTTP/1.1\r\nHost: a\r\n"), ErrorCode::not_implemented},
      {head("GET / HTTP/1.2\r\nHost: a\r\n"), ErrorCode::http_version},
      {head("GET / HTTP/2.0\r\nHost: a\r\n"), ErrorCode::http_version},
      {head("GET / HTTP/3.0\r\nHost: a\r\n"), ErrorCode::http_version},
      {get("Expect: 200-ok\r\nContent-Length: 1\r\n"), ErrorCode::expectation},
  }));
  CAPTURE(text);
  CHECK(test::read_request(text).error.value_or(ErrorCode::none) == error);
  CHECK(test::read_request(text, {.byte_by_byte = true}).error.value_or(ErrorCode::none) == error);
}

TEST_CASE("the framing of chunks does not go on for ever, however it comes", "[codec][h1]") {
  const h1::HeadLimits limits{.head_bytes = 1000, .fields = 10, .target_bytes = 100};
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  const std::string end = "0\r\n\r\n";
  struct Limited {
    const char* why;
    std::string text;
    std::optional<ErrorCode> error;
  };
  const auto [why, text, error] = GENERATE_COPY(values<Limited>({
      {"an extension without an end", "5;x=" + repeated("a: b", 500), ErrorCode::bad_request},
      {"an extension", "1;" + repeated("a", 2000) + "\r\na\r\n" + end, ErrorCode::bad_request},
      {"extensions", repeated("1;" + repeated("a", 60) + "\r\na\r\n", 40) + end,
       ErrorCode::bad_request},
      {"zeros", repeated("0", 2000) + "1\r\na\r\n" + end, ErrorCode::bad_request},
      {"a trailer without an end", "0\r\nX: " + repeated("a: b", 500), ErrorCode::head_too_large},
      {"trailers without an end", "0\r\nX: y\r\n" + repeated("a: b", 500),
       ErrorCode::head_too_large},
      {"a trailer", "0\r\nX: " + repeated("y", 2000) + "\r\n\r\n", ErrorCode::head_too_large},
      {"trailers", "0\r\n" + repeated("X: y\r\n", 20) + "\r\n", ErrorCode::head_too_large},
      {"many small chunks", repeated("1\r\na\r\n", 2000) + end, std::nullopt},
      {"a few extensions", repeated("1;a=b\r\na\r\n", 50) + end, std::nullopt},
  }));
  CAPTURE(why);
  CHECK(test::read_request(chunked + text, {.limits = limits}).error == error);
  CHECK(test::read_request(chunked + text, {.byte_by_byte = true, .limits = limits}).error ==
        error);
  CHECK(test::read_request(chunked + text, {.cut = 100, .limits = limits}).error == error);
}

TEST_CASE("RFC 9112, 3.2.2: an absolute target overrides Host", "[codec][h1]") {
  const auto result =
      test::read_request(head("GET http://b.example:81/p?q HTTP/1.1\r\nHost: a.example\r\n"));
  CHECK(result.text == "GET /p?q 1.1 authority=b.example:81 length=- content=0\n");
  CHECK(test::read_request(head("GET https://b HTTP/1.1\r\nHost: a\r\n")).text ==
        "GET / 1.1 authority=b length=- content=0\n");
  CHECK(test::read_request(head("GET http://b?p=http://c/ HTTP/1.1\r\nHost: a\r\n")).text ==
        "GET /?p=http://c/ 1.1 authority=b length=- content=0\n");
}

TEST_CASE("RFC 9112, 9.3: which requests leave the connection open", "[codec][h1]") {
  using Kept = std::pair<const char*, bool>;
  const auto [fields, kept] = GENERATE(values<Kept>({
      {"GET / HTTP/1.1\r\nHost: a\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n", true},
  }));
  CAPTURE(fields);
  CHECK(test::read_request(head(fields)).may_keep_alive == kept);
}

TEST_CASE("RFC 9112, 3.2: what the forms of a target become", "[codec][h1]") {
  struct Form {
    const char* section;
    std::string line;
    std::string target;
  };
  const auto [section, line, target] = GENERATE(values<Form>({
      {"3.2.1 origin form", "OPTIONS /", "/"},
      {"3.2.4 asterisk form", "OPTIONS *", "*"},
      {"3.2.4 no path and no query: the server as a whole", "OPTIONS http://b.example", "*"},
      {"3.2.4 with a port", "OPTIONS http://b.example:8001", "*"},
      {"3.2.4 a path", "OPTIONS http://b.example/", "/"},
      {"3.2.4 a path and a query", "OPTIONS http://b.example/?q", "/?q"},
      {"3.2.1 an empty path is sent as a slash", "GET http://b.example", "/"},
      {"3.2.1 in front of a query, too", "GET http://b.example?q/r", "/?q/r"},
      {"3.2.4 no path, but a query", "OPTIONS http://b.example?q", "/?q"},
      {"3.2.1 methods are case-sensitive", "options http://b.example", "/"},
  }));
  CAPTURE(section, line);
  const auto result = test::read_request(line + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
  CHECK_FALSE(result.error);
  CHECK(result.text.find(" " + target + " 1.1 authority=") != std::string::npos);
}

TEST_CASE("RFC 9110, 10.1.1: who waits for 100 (Continue)", "[codec][h1]") {
  CHECK(test::read_request(get("Expect: 100-Continue\r\nContent-Length: 1\r\n")).expects_continue);
  CHECK_FALSE(
      test::read_request(head("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n")).expects_continue);
}

TEST_CASE("a request that ends early is not complete", "[codec][h1]") {
  const std::string text = GENERATE("", "GET / HTTP", "GET / HTTP/1.1\r\nHost: a\r\n",
                                    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
  CAPTURE(text);
  const test::Read result = test::read_request(text, {.then_ends = true});
  CHECK(result.error == ErrorCode::closed);
}
