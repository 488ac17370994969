#include <src/upstream/s3_request.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using namespace selvedge;
using namespace selvedge::upstream;
using http::Field;
using http::FieldName;

namespace {

const S3Place kPathStyle{"store.example:9000", "/bucket"};
const S3Place kHostStyle{"bucket.store.example:9000", ""};

OriginOptions options_with(const std::string& server, bool path_style) {
  OriginOptions options;
  options.name = "store";
  options.kind = OriginKind::s3;
  options.servers.push_back({});
  options.servers.back().address = server;
  options.s3.bucket = "bucket";
  options.s3.path_style = path_style;
  return options;
}

} // namespace

TEST_CASE("a target of a client names an object", "[upstream][s3]") {
  const auto [target, object] = GENERATE(values<std::pair<const char*, const char*>>({
      {"/a/b.js", "/a/b.js"},
      {"/", "/index.html"}, // the bucket itself would be a listing
      {"/docs/", "/docs/index.html"},
      {"/a//b", "/a//b"}, // another key than a/b
      {"//a", "//a"},
      {"/a%20b", "/a%20b"},
      {"/a+b", "/a%2Bb"}, // some stores take a plus for a space
      {"/a%2Bb", "/a%2Bb"},
      {"/caf%c3%a9", "/caf%C3%A9"},
      {"/caf\xc3\xa9", "/caf%C3%A9"},
      {"/%41%7e", "/A~"},
      {"/@acme/ui/a(1)!.js", "/%40acme/ui/a%281%29%21.js"},
      {"/%252e%252e/a", "/%252e%252e/a"}, // decoded once only
      {"/a%3Facl", "/a%3Facl"},
      {"/.well-known/a", "/.well-known/a"},
      {"/a..b/...", "/a..b/..."},
  }));
  CAPTURE(target);
  CHECK(s3_target(target, kHostStyle) == object);
  CHECK(s3_target(target, kPathStyle) == std::string("/bucket") + object);
}

TEST_CASE("sub-resources and overrides of a store cannot be reached", "[upstream][s3]") {
  for (const char* query :
       {"?acl", "?uploads", "?versionId=1", "?list-type=2&prefix=", "?", "?tagging&a=b",
        "?response-content-type=text/html", "?X-Amz-Signature=a", "?a=1?acl", "?x=/../y"}) {
    CAPTURE(query);
    CHECK(s3_target(std::string("/a") + query, kPathStyle) == "/bucket/a");
    CHECK(s3_target(std::string("/") + query, kPathStyle) == "/bucket/index.html");
  }
}

TEST_CASE("what names no object of the bucket has no target", "[upstream][s3]") {
  for (const char* target :
       {"",       "a",       "*",      "?acl",        "http://a/", "/..",           "/../other/a",
        "/a/..",  "/a/../b", "/.",     "/./a",        "/a/.",      "/%2e%2e/other", "/.%2E/other",
        "/a/%2e", "/a%2fb",  "/a%2Fb", "/..%2fother", "/a%00",     "/a%0d%0ab",     "/a%7F",
        "/%",     "/%4",     "/%zz",   "/a%4g"}) {
    CAPTURE(target);
    CHECK_FALSE(s3_target(target, kPathStyle));
    CHECK_FALSE(s3_target(target, kHostStyle));
  }
}

TEST_CASE("the bucket stands in the path or in front of the host", "[upstream][s3]") {
  struct Row {
    const char* server;
    const char* host;
    bool has_tls;
    bool path_style;
    const char* authority;
  };
  const Row row = GENERATE(values<Row>({
      {"127.0.0.1:9000", "", false, true, "127.0.0.1:9000"},
      {"[::1]:9000", "", false, true, "[::1]:9000"},
      {"store.example:80", "", false, true, "store.example"},
      {"store.example:80", "", true, true, "store.example:80"},
      {"store.example:443", "", true, true, "store.example"},
      {"10.0.0.1:9000", "store.example", false, true, "store.example"},
      {"store.example:443", "", true, false, "bucket.store.example"},
      {"store.example:9000", "", false, false, "bucket.store.example:9000"},
      {"10.0.0.1:9000", "store.example:9000", false, false, "bucket.store.example:9000"},
      {"127.0.0.1:9000", "localhost", false, false, "bucket.localhost"},
  }));
  OriginOptions options = options_with(row.server, row.path_style);
  options.host = row.host;
  options.tls.enabled = row.has_tls;
  const S3Place place = s3_place(options);
  CHECK(place.authority == row.authority);
  CHECK(place.prefix == (row.path_style ? "/bucket" : ""));
}

TEST_CASE("a place that cannot be is refused at the start", "[upstream][s3]") {
  for (const char* bucket : {"", "a/b", "..", ".a", "-a", "a b", "a?b", "b\xc3\xa9", "a\r\nb"}) {
    CAPTURE(bucket);
    OriginOptions options = options_with("store.example:80", true);
    options.s3.bucket = bucket;
    CHECK_THROWS_AS(s3_place(options), std::runtime_error);
  }
  CHECK_THROWS_AS(s3_place(options_with("127.0.0.1:9000", false)), std::runtime_error);
  CHECK_THROWS_AS(s3_place(options_with("[::1]:9000", false)), std::runtime_error);
  OriginOptions options = options_with("", true);
  options.servers.clear();
  CHECK_THROWS_AS(s3_place(options), std::runtime_error);
}

TEST_CASE("only fields about the part, the condition and the exchange pass", "[upstream][s3]") {
  http::RequestHead client;
  client.method = http::Method::head;
  client.method_text = "HEAD";
  client.authority = "www.example";
  client.target = "/a.js?v=1";
  client.has_content = true;
  client.content_length = 3;
  for (const auto& [name, value] : std::vector<std::pair<const char*, const char*>>{
           {"Range", "bytes=0-1"},
           {"If-None-Match", "\"e\""},
           {"If-Range", "\"e\""},
           {"Via", "1.1 edge"},
           {"TraceParent", "00-1-2-01"},
           {"Authorization", "Basic YTpi"},
           {"Proxy-Authorization", "Basic YTpi"},
           {"Cookie", "a=b"},
           {"x-amz-acl", "public-read"},
           {"X-Amz-Copy-Source", "/other/key"},
           {"X-Amz-Date", "20130524T000000Z"},
           {"X-Forwarded-For", "192.0.2.1"},
           {"X-HTTP-Method-Override", "DELETE"},
           {"Content-Type", "text/plain"},
       }) {
    client.fields.add(name, value);
  }
  base::Arena arena;
  const std::optional<http::RequestHead> head = s3_request(client, kPathStyle, arena);
  REQUIRE(head);
  CHECK(head->method == http::Method::head);
  CHECK(head->method_text == "HEAD");
  CHECK(head->authority == "store.example:9000");
  CHECK(head->target == "/bucket/a.js");
  CHECK_FALSE(head->has_content);
  CHECK_FALSE(head->content_length);
  std::string names;
  for (const Field& field : head->fields) names.append(field.name).append(" ");
  CHECK(names == "Range If-None-Match If-Range Via TraceParent ");

  client.target = "/../a.js";
  CHECK_FALSE(s3_request(client, kPathStyle, arena));
}

TEST_CASE("RFC 9110, 13.1.3 and 13.1.4: dates do not count beside entity tags", "[upstream][s3]") {
  const auto [tag, date] = GENERATE(values<std::pair<const char*, const char*>>({
      {"If-None-Match", "If-Modified-Since"},
      {"If-Match", "If-Unmodified-Since"},
  }));
  base::Arena arena;
  http::RequestHead client;
  client.target = "/a.js";
  client.fields.add(date, "Fri, 24 May 2013 00:00:00 GMT");
  const std::optional<http::RequestHead> alone = s3_request(client, kPathStyle, arena);
  REQUIRE(alone);
  REQUIRE(alone->fields.size() == 1);
  CHECK(alone->fields.begin()->name == date);
  client.fields.add(tag, "\"e\"");
  const std::optional<http::RequestHead> both = s3_request(client, kPathStyle, arena);
  REQUIRE(both);
  REQUIRE(both->fields.size() == 1);
  CHECK(both->fields.begin()->name == tag);
}

TEST_CASE("fields and messages of the store are told from the object's", "[upstream][s3]") {
  for (const char* name : {"x-amz-id-2", "X-Amz-Request-Id", "X-AMZ-META-OWNER", "x-amz-"}) {
    CAPTURE(name);
    CHECK(is_store_field({FieldName::unknown, name, "v"}));
  }
  for (const char* name : {"etag", "x-amzn", "x-am", "content-type", "my-x-amz-a"}) {
    CAPTURE(name);
    CHECK_FALSE(is_store_field({FieldName::unknown, name, "v"}));
  }
  using Statuses = std::vector<http::Status>;
  for (const http::Status status : Statuses{200, 204, 206, 304}) {
    CHECK_FALSE(is_store_message(status));
  }
  for (const http::Status status : Statuses{301, 307, 400, 403, 404, 412, 416, 500, 503}) {
    CHECK(is_store_message(status));
    CHECK_FALSE(plain_text_of(status).empty());
  }
}
