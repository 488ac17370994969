#include <src/proxy/forward.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h1_feeding.hpp>

using namespace selvedge;
using namespace selvedge::proxy;

namespace {

http::RequestHead request_with(std::initializer_list<std::pair<const char*, const char*>> fields) {
  http::RequestHead head;
  head.authority = "a.example";
  head.target = "/x?y";
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

const downstream::ClientConnection kClient{"192.0.2.7", "main", true};

std::string forwarded(const http::RequestHead& request, Purpose purpose) {
  base::Arena arena;
  return test::text_of(forwarded_head(request, kClient, "1.1 node", purpose, arena).fields);
}

const std::string kAdded = "via: 1.1 node\nx-forwarded-for: 192.0.2.7\n"
                           "x-forwarded-proto: https\nx-forwarded-host: a.example\n";

} // namespace

TEST_CASE("the head of a request is passed on with a copy of its texts", "[proxy][forward]") {
  base::Arena arena;
  http::RequestHead head;
  {
    std::string target = "/some/where";
    http::RequestHead request = request_with({{"accept", "*/*"}});
    request.target = target;
    request.method = http::Method::post;
    request.method_text = "POST";
    request.content_length = 5;
    request.has_content = true;
    head = forwarded_head(request, kClient, "2 node", Purpose::pass, arena);
    target.assign(target.size(), 'x');
  }
  CHECK(head.target == "/some/where");
  CHECK(head.method_text == "POST");
  CHECK(head.authority == "a.example");
  CHECK(head.content_length == 5u);
  CHECK(head.has_content);
  CHECK(head.fields.value(http::FieldName::via) == "2 node");
}

TEST_CASE("RFC 9110, 7.6.1: fields of the connection stay here", "[proxy][forward]") {
  const auto request = request_with({{"connection", "close, X-Gone, Host, X-Forwarded-For"},
                                     {"x-gone", "1"},
                                     {"keep-alive", "5"},
                                     {"te", "trailers"},
                                     {"trailer", "x"},
                                     {"upgrade", "h2c"},
                                     {"proxy-authorization", "secret"},
                                     {"x-stays", "1"}});
  CHECK(forwarded(request, Purpose::pass) == "x-stays: 1\n" + kAdded);
}

TEST_CASE("RFC 9110, 10.1.1: what was answered here is not asked again", "[proxy][forward]") {
  CHECK(forwarded(request_with({{"expect", "100-continue"}}), Purpose::pass) == kAdded);
}

TEST_CASE("what clients say about who they are is not believed", "[proxy][forward]") {
  const auto request = request_with({{"forwarded", "for=10.0.0.1"},
                                     {"x-forwarded-for", "10.0.0.1"},
                                     {"X-Forwarded-Proto", "http"},
                                     {"x-forwarded-host", "evil.example"}});
  CHECK(forwarded(request, Purpose::pass) == kAdded);
}

TEST_CASE("RFC 9110, 7.6.3: this node is added to Via", "[proxy][forward]") {
  const auto request = request_with({{"via", "1.0 a"}, {"via", "1.1 b, 1.1 c"}});
  CHECK(forwarded(request, Purpose::pass).find("via: 1.0 a, 1.1 b, 1.1 c, 1.1 node\n") == 0);
}

TEST_CASE("RFC 9113, 8.2.3: the crumbs of a cookie become one", "[proxy][forward]") {
  const auto request = request_with({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}});
  CHECK(forwarded(request, Purpose::pass) == "x: y\ncookie: a=1; b=2\n" + kAdded);
}

TEST_CASE("a fill is for everybody: the conditions of one client stay off", "[proxy][forward]") {
  const auto request = request_with({{"if-none-match", "\"a\""},
                                     {"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                     {"if-match", "*"},
                                     {"if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                     {"range", "bytes=0-1"},
                                     {"if-range", "\"a\""},
                                     {"accept-encoding", "gzip"}});
  CHECK(forwarded(request, Purpose::fill) == "accept-encoding: gzip\n" + kAdded);
  CHECK(forwarded(request, Purpose::pass).find("range: bytes=0-1\n") != std::string::npos);
  CHECK(forwarded(request, Purpose::pass).find("if-none-match: \"a\"\n") == 0);
}

TEST_CASE("RFC 9110, 7.6.3: a node that is in Via already asks itself", "[proxy][forward]") {
  for (const char* via : {"1.1 node", "1.1 a, 2 node", "HTTP/1.1 node (comment)", "1.1\tnode"}) {
    CAPTURE(via);
    CHECK(is_loop(request_with({{"via", via}}), "node"));
  }
  CHECK(is_loop(request_with({{"via", "1.1 a"}, {"via", "1.1 node"}}), "node"));
  for (const char* via : {"", "1.1 a", "node", "1.1 node2", "1.1 a (node)", "1.1 node:80"}) {
    CAPTURE(via);
    CHECK_FALSE(is_loop(request_with({{"via", via}}), "node"));
  }
  CHECK_FALSE(is_loop(request_with({}), "node"));
}
