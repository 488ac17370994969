#include <src/proxy/written_url.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge;
using namespace selvedge::proxy;

namespace {

http::RequestHead request(const char* scheme, const char* authority, const char* target) {
  http::RequestHead head;
  head.scheme = scheme;
  head.authority = authority;
  head.target = target;
  return head;
}

} // namespace

TEST_CASE("RFC 9110, 4.3.1: an origin as text", "[proxy][written_url]") {
  CHECK(written_origin(request("https", "Example.COM", "/x")) == "https://example.com");
  CHECK(written_origin(request("HTTPS", "a.example:443", "/x")) == "https://a.example");
  CHECK(written_origin(request("http", "a.example:443", "/x")) == "http://a.example:443");
  CHECK(written_origin(request("https", "[::1]:8443", "*")) == "https://[::1]:8443");
}

TEST_CASE("RFC 3986, 5.2: what a reference means for a request", "[proxy][written_url]") {
  struct Row {
    const char* section;
    const char* reference;
    const char* expected; // "": nothing
  };
  const Row rows[] = {
      {"5.4.1: absolute", "https://a.example/b", "https://a.example/b"},
      {"5.4.1: absolute path", "/g", "https://a.example/g"},
      {"5.4.1: relative", "g", "https://a.example/b/g"},
      {"5.4.1: this directory", "./g", "https://a.example/b/g"},
      {"5.4.1: the one above", "../g", "https://a.example/g"},
      {"5.4.2: above the root", "../../../g", "https://a.example/g"},
      {"5.4.1: query only", "?y", "https://a.example/b/c?y"},
      {"5.4.1: with query", "g?y/./x", "https://a.example/b/g?y/./x"},
      {"5.4.1: network path", "//a.example/g", "https://a.example/g"},
      {"5.4.1: fragment", "/g#s", "https://a.example/g"},
      {"5.4.1: fragment only", "#s", ""},
      {"empty", "", ""},
      {"spaces around it", " /g ", "https://a.example/g"},
      {"6.2.2.1: case of the host", "HTTPS://A.EXAMPLE/g", "https://a.example/g"},
      {"6.2.3: default port", "https://a.example:443/g", "https://a.example/g"},
      {"6.2.3: empty path", "https://a.example", "https://a.example/"},
      {"6.2.2.2: unreserved", "/%67", "https://a.example/g"},
      {"a colon is no scheme behind a slash", "/g:h", "https://a.example/g:h"},
      // RFC 9111, 4.4: of another origin
      {"another host", "https://b.example/g", ""},
      {"another host", "//b.example/g", ""},
      {"a host that begins alike", "https://a.example.evil/g", ""},
      {"another port", "https://a.example:8443/g", ""},
      {"another scheme", "http://a.example/g", ""},
      {"user information", "https://a.example@b.example/g", ""},
      {"not http", "mailto:g@a.example", ""},
  };
  const auto asked = request("https", "A.example", "/b/c?d");
  for (const Row& row : rows) {
    CAPTURE(row.section, row.reference);
    CHECK(same_origin_url(asked, row.reference).value_or("") == row.expected);
  }
}
