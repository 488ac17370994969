#include <selvedge/codec/h1_writer.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <limits>
#include <string>

using namespace selvedge;
using namespace selvedge::codec::h1;

TEST_CASE("RFC 9112, 4: the head of a response", "[codec][h1]") {
  std::array<char, 200> buffer;
  Writer to(buffer);
  write_status_line(to, 404);
  to.field("x-one", "1");
  write_framing(to, Framing::content_length, 18446744073709551615u);
  to.end_of_head();
  CHECK(to.fits());
  CHECK(to.written() == "HTTP/1.1 404 Not Found\r\nx-one: 1\r\n"
                        "content-length: 18446744073709551615\r\n\r\n");
  CHECK(to.size() == to.written().size());
}

TEST_CASE("a status without a phrase keeps its space", "[codec][h1]") {
  const auto [status, line] = GENERATE(values<std::pair<http::Status, const char*>>({
      {http::Status{200}, "HTTP/1.1 200 OK\r\n"},
      {http::Status{299}, "HTTP/1.1 299 \r\n"},
      {http::Status{504}, "HTTP/1.1 504 Gateway Timeout\r\n"},
  }));
  std::array<char, 100> buffer;
  Writer to(buffer);
  write_status_line(to, status);
  CHECK(to.written() == line);
}

TEST_CASE("RFC 9112, 3: the first line of a request", "[codec][h1]") {
  std::array<char, 100> buffer;
  Writer to(buffer);
  write_request_line(to, "GET", "/a?b");
  CHECK(to.written() == "GET /a?b HTTP/1.1\r\n");
}

TEST_CASE("RFC 9112, 6: how each framing is announced", "[codec][h1]") {
  const auto [framing, text] = GENERATE(values<std::pair<Framing, const char*>>({
      {Framing::none, ""},
      {Framing::until_close, ""},
      {Framing::content_length, "content-length: 7\r\n"},
      {Framing::chunked, "transfer-encoding: chunked\r\n"},
  }));
  std::array<char, 100> buffer;
  Writer to(buffer);
  write_framing(to, framing, 7);
  CHECK(to.written() == text);
}

TEST_CASE("nothing is written once something did not fit", "[codec][h1]") {
  std::array<char, 10> buffer;
  Writer to(buffer);
  to.text("12345678");
  CHECK(to.fits());
  to.number(123);
  CHECK_FALSE(to.fits());
  to.text("9"); // would have fitted
  CHECK(to.written() == "12345678");
  Writer exact(buffer);
  exact.text("0123456789");
  CHECK(exact.fits());
}

TEST_CASE("RFC 9112, 7.1: the line before a chunk", "[codec][h1]") {
  std::array<char, 20> buffer;
  CHECK(chunk_head(0, buffer) == "0\r\n");
  CHECK(chunk_head(26, buffer) == "1a\r\n");
  CHECK(chunk_head(std::numeric_limits<std::uint64_t>::max(), buffer) == "ffffffffffffffff\r\n");
}

TEST_CASE("an HTTP/1.0 request may have no host: then there is nothing to copy from",
          "[codec][h1]") {
  std::array<char, 32> room;
  Writer to(room);
  to.field("host", {});
  CHECK(to.fits());
  CHECK(to.size() == 8);
}
