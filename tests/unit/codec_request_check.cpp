#include <selvedge/codec/request_check.hpp>
#include <tests/support/catch.hpp>

#include <string>

using namespace selvedge::codec;

TEST_CASE("RFC 9110, 4.2.3 and 7.2: what is an authority", "[codec][check]") {
  for (const char* text :
       {"a", "a.example", "A.Example:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:443",
        "[::ffff:1.2.3.4]", "a_b.example", "a:", "xn--bcher-kva", "a:65535"}) {
    CAPTURE(text);
    CHECK(is_authority(text));
  }
  for (const char* text :
       {"",           ":80",  "a b",       "u@a",   "u:p@a",       "a/b",
        "a?b",        "a#b",  "a\\b",      "a:b",   "a:80:80",     "a:999999",
        "a,b",        "[]",   "[::1",      "::1",   "[::1]x",      "[::1]:x",
        "[::1%eth0]", "a\t",  "a\n",       "a\x7f", "caf\xc3\xa9", "a:65536",
        "a:99999",    "[zz]", "[1.2.3.4]", "[::g]", "[:::]",       "[1:2:3:4:5:6:7:8:9]"}) {
    CAPTURE(text);
    CHECK_FALSE(is_authority(text));
  }
  CHECK_FALSE(is_authority(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_authority(std::string_view("[::1\0x]:1", 9)));
  CHECK(is_authority(std::string(255, 'a')));
  CHECK_FALSE(is_authority(std::string(256, 'a')));
}

TEST_CASE("RFC 9112, 3.2: what is a target", "[codec][check]") {
  for (const char* text : {"/", "/a/b?c=d", "/?", "//a", "/%20", "*", "/a;b=c", "/a?b\\c", "/a?%",
                           "/a?%00", "/%2f%5C"}) {
    CAPTURE(text);
    CHECK(is_target(text));
  }
  for (const char* text :
       {"",      "a",     "?a",        "**",           "/a b",    "/a\tb", "/a\r\n",
        "/\x7f", "/a#b",  "http://a/", "/caf\xc3\xa9", "/a?\xe9", "/a\\b", "/a%",
        "/a%2",  "/a%zz", "/a%00b",    "/a\"b",        "/a<b",    "/a?b>c"}) {
    CAPTURE(text);
    CHECK_FALSE(is_target(text));
  }
  CHECK_FALSE(is_target(std::string_view("/a\0b", 4)));
}

TEST_CASE("RFC 9112, 3.2.2: the parts of an absolute target", "[codec][check]") {
  const auto parts = parse_absolute_target("HTTP://a.example:81/b?c");
  REQUIRE(parts);
  CHECK(parts->scheme == "http");
  CHECK(parts->authority == "a.example:81");
  CHECK(parts->target == "/b?c");
  CHECK_FALSE(parts->has_empty_path);
  CHECK(parse_absolute_target("https://a")->target == "/");
  CHECK(parse_absolute_target("https://a")->has_empty_path);
  CHECK_FALSE(parse_absolute_target("https://a/")->has_empty_path);
  CHECK(parse_absolute_target("https://a")->scheme == "https");
  CHECK(parse_absolute_target("http://a/http://b/")->target == "/http://b/");
  for (const char* text :
       {"", "/", "a", "://a/", "ftp://a/", "http:/a", "http:///", "http://u@a/", "http://a b/",
        "http://a/b c", "http://a/#b", "http://a?b", "http://a:b/"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_absolute_target(text));
  }
}
