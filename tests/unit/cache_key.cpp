#include <selvedge/cache/cache_key.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using selvedge::base::Arena;
using selvedge::cache::KeyRules;
using selvedge::cache::make_cache_key;
using selvedge::cache::query_free_key;
namespace test = selvedge::test;

TEST_CASE("RFC 9110, 4.2.3: one name for what is equivalent", "[cache][key]") {
  using Row = std::tuple<const char*, const char*, const char*, const char*>;
  const auto [scheme, authority, target, expected] =
      GENERATE(table<const char*, const char*, const char*, const char*>({
          Row{"http", "example.com", "/a?b=c", "http://example.com/a?b=c"},
          Row{"HTTP", "EXAMPLE.com", "/A?B", "http://example.com/A?B"}, // the path keeps its case
          Row{"http", "example.com:80", "/", "http://example.com/"},
          Row{"https", "example.com:443", "/", "https://example.com/"},
          Row{"http", "example.com:", "/", "http://example.com/"},
          Row{"http", "example.com:443", "/", "http://example.com:443/"},
          Row{"https", "example.com:80", "/", "https://example.com:80/"},
          Row{"http", "example.com:8080", "/", "http://example.com:8080/"},
          Row{"http", "example.com", "", "http://example.com/"},
          Row{"http", "example.com", "?q", "http://example.com/?q"},
          Row{"http", "[2001:DB8::80]", "/", "http://[2001:db8::80]/"},
          Row{"http", "[2001:db8::1]:80", "/", "http://[2001:db8::1]/"},
          Row{"http", "[2001:db8::1]:81", "/", "http://[2001:db8::1]:81/"},
      }));
  Arena arena;
  const auto key = make_cache_key(scheme, authority, target, arena);
  CHECK(key.text == expected);
  CHECK(key.print == selvedge::base::fingerprint(expected));
}

TEST_CASE("what differs has different keys", "[cache][key]") {
  Arena arena;
  const auto key = make_cache_key("http", "example.com", "/a", arena);
  CHECK_FALSE(key.print == make_cache_key("https", "example.com", "/a", arena).print);
  CHECK_FALSE(key.print == make_cache_key("http", "example.org", "/a", arena).print);
  CHECK_FALSE(key.print == make_cache_key("http", "example.com", "/a?", arena).print);
  CHECK_FALSE(key.print == make_cache_key("http", "example.com", "/a/", arena).print);
  CHECK(arena.allocated_blocks() == 0);
}

TEST_CASE("fields and cookies that a route's rules make part of the key", "[cache][key]") {
  KeyRules rules;
  rules.headers = {"x-device"};
  rules.cookies = {"lang"};
  struct Row {
    test::Fields fields;
    const char* lines;
  };
  const Row rows[] = {
      {{}, "\nx-device"},
      {{{"X-Device", " phone "}}, "\nx-device: phone"},
      {{{"x-device", ""}}, "\nx-device: "}, // there, and empty
      {{{"x-device", "a"}, {"X-Device", "b"}}, "\nx-device: a, b"},
      {{{"x-device", "a, b"}}, "\nx-device: a, b"}, // RFC 9110, 5.3
      // RFC 6265, 4.2.1
      {{{"Cookie", "a=1; lang=de; b=2"}}, "\nx-device\ncookie lang=de"},
      {{{"Cookie", "a=1"}, {"Cookie", "lang=de"}}, "\nx-device\ncookie lang=de"},
      {{{"Cookie", "lang=de; lang=en"}}, "\nx-device\ncookie lang=de\ncookie lang=en"},
      {{{"Cookie", "lang="}}, "\nx-device\ncookie lang="},
      {{{"Cookie", "lang=a=b"}}, "\nx-device\ncookie lang=a=b"},
      {{{"Cookie", "Lang=de; xlang=en; lang"}}, "\nx-device"},
  };
  for (const Row& row : rows) {
    auto request = test::request(row.fields);
    request.authority = "Example.com";
    request.target = "/a?b";
    Arena arena;
    const auto key = make_cache_key(request, rules, arena);
    CHECK(key.text == std::string("http://example.com/a?b") + row.lines);
    CHECK(key.print == selvedge::base::fingerprint(key.text));
    CHECK(make_cache_key(request, {}, arena).text == "http://example.com/a?b");
  }
}

TEST_CASE("the key that is the same for every query", "[cache][key]") {
  Arena arena;
  const auto free = [&arena](const char* text) {
    return std::string(query_free_key(test::key_of(text), arena).text);
  };
  CHECK(free("http://a/b?c=d") == free("http://a/b?e"));
  CHECK(free("http://a/b?c=d") == free("http://a/b"));
  CHECK(free("http://a/b?c") != free("http://a/c?c"));
  CHECK(free("http://a/b?c") != "http://a/b"); // no request has it by itself
  CHECK(free("http://a/b?c\nx: 1") != free("http://a/b?c\nx: 2"));
  CHECK(free("http://a/b?c\nx: 1?y") == free("http://a/b\nx: 1?y"));
}
