#include <selvedge/http/media_type.hpp>
#include <src/upstream/file_path.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge::upstream;

TEST_CASE("the path of a request names a file below the root", "[upstream][file]") {
  const auto [target, path] = GENERATE(values<std::pair<const char*, const char*>>({
      {"/", "index.html"},
      {"/a/", "a/index.html"},
      {"/a/b.js", "a/b.js"},
      {"/a.js?v=1", "a.js"},
      {"/?x=/../y", "index.html"},
      {"/a%20b.css", "a b.css"},
      {"/caf%C3%a9", "caf\xc3\xa9"},
      {"/a%3Fb", "a?b"},
      {"/%25", "%"},
      {"/%252e%252e/a", "%2e%2e/a"}, // decoded once only
      {"/a..b/c.d", "a..b/c.d"},
      {"/@acme/ui/1.0.0/a.js", "@acme/ui/1.0.0/a.js"},
  }));
  CAPTURE(target);
  CHECK(file_path_of(target) == path);
}

TEST_CASE("what is never served has no path", "[upstream][file]") {
  for (const char* target : {"",
                             "a",
                             "*",
                             "?",
                             "http://a/",
                             "/..",
                             "/../a",
                             "/a/..",
                             "/a/../b",
                             "/.",
                             "/./a",
                             "/a/.",
                             "/%2e%2e/a",
                             "/.%2E/a",
                             "/a/%2e",
                             "/.git/config",
                             "/a/.htaccess",
                             "/%2egit",
                             "/a%2fb",
                             "/a%2Fb",
                             "/..%2fa",
                             "/a%00",
                             "/%00",
                             "//",
                             "//a",
                             "/a//b",
                             "/a//",
                             "/%",
                             "/%2",
                             "/%2g",
                             "/%zz",
                             "/a%"}) {
    CAPTURE(target);
    CHECK_FALSE(file_path_of(target));
  }
  CHECK_FALSE(file_path_of(std::string_view("/a\0b", 4)));
}

TEST_CASE("a segment that is an exact version never changes", "[upstream][file]") {
  for (const char* path : {"acme-ui/2.3.1/button.js", "1.0.0", "a/10.20.30", "a/1.0.0-beta.1/b",
                           "a/1.0.0+build/b", "@acme/ui/0.0.1/x/y.css"}) {
    CAPTURE(path);
    CHECK(has_version(path));
  }
  for (const char* path :
       {"", "a", "acme-ui/index.json", "a/1.0/b", "a/1.0.0.0/b", "a/v1.0.0/b", "a/1.0.x/b",
        "a/1..0/b", "a/latest/b", "a-1.0.0/b", "jquery-1.0.0.js", "a/1.0.0.js"}) {
    CAPTURE(path);
    CHECK_FALSE(has_version(path));
  }
}

TEST_CASE("the end of a name gives the media type", "[upstream][file]") {
  const auto [path, type] = GENERATE(values<std::pair<const char*, const char*>>({
      {"index.html", "text/html; charset=utf-8"},
      {"a/b.JS", "text/javascript; charset=utf-8"},
      {"a.min.mjs", "text/javascript; charset=utf-8"},
      {"a.css", "text/css; charset=utf-8"},
      {"a.js.map", "application/json"},
      {"a.svg", "image/svg+xml"},
      {"a.woff2", "font/woff2"},
      {"a.wasm", "application/wasm"},
      {"a.tar.gz", "application/gzip"},
      {"", "application/octet-stream"},
      {"a", "application/octet-stream"},
      {"a.", "application/octet-stream"},
      {"a.unknown", "application/octet-stream"},
      {"a.js/b", "application/octet-stream"},
  }));
  CAPTURE(path);
  CHECK(selvedge::http::media_type_of(path) == type);
}
