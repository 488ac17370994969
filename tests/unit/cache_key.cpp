#include <selvedge/cache/cache_key.hpp>
#include <tests/support/catch.hpp>

using selvedge::base::Arena;
using selvedge::cache::make_cache_key;

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
