// Requests to a server over HTTP/2: their heads, and their content.
#include <src/upstream/h2_request_head.hpp>
#include <tests/support/h2_upstream.hpp>

using namespace selvedge;
using base::ErrorCode;
using http::BodyState;
using test::Fetch;
using test::H2Upstream;
using test::kOk;

namespace {

std::string text_of(const upstream::H2RequestHead& head) {
  std::string text;
  for (const nghttp2_nv& field : head.fields()) {
    text.append(reinterpret_cast<const char*>(field.name), field.namelen).append("=");
    text.append(reinterpret_cast<const char*>(field.value), field.valuelen).append("\n");
  }
  return text;
}

} // namespace

TEST_CASE("RFC 9113, 8.3.1: the head of a request", "[upstream][h2]") {
  http::RequestHead head;
  head.target = "/a?b";
  upstream::H2RequestHead::To to;
  to.authority = "a.example";
  const std::string begin = ":method=GET\n:scheme=http\n:authority=a.example\n:path=/a?b\n";

  SECTION("over TLS") {
    to.is_secure = true;
    CHECK(text_of({head, to}) == ":method=GET\n:scheme=https\n:authority=a.example\n:path=/a?b\n");
  }
  SECTION("without authority") {
    to.authority = "";
    CHECK(text_of({head, to}) == ":method=GET\n:scheme=http\n:path=/a?b\n");
  }
  SECTION("8.2.2: fields of one connection stay") {
    for (const char* name : {"connection", "Keep-Alive", "proxy-connection", "transfer-encoding",
                             "upgrade", "http2-settings", "host", "content-length"}) {
      head.fields.add(name, "x");
    }
    head.fields.add("te", "gzip");
    head.fields.add("accept", "*/*");
    CHECK(text_of({head, to}) == begin + "accept=*/*\n");
  }
  SECTION("8.2.2: TE says trailers or nothing") {
    head.fields.add("te", "Trailers");
    CHECK(text_of({head, to}) == begin + "te=Trailers\n");
  }
  SECTION("RFC 9110, 8.6: the length of content") {
    head.method = http::Method::post;
    CHECK(text_of({head, to}) == begin + "content-length=0\n");
    to.has_content = true;
    CHECK(text_of({head, to}) == begin);
    head.content_length = 12345678901234567890u;
    CHECK(text_of({head, to}) == begin + "content-length=12345678901234567890\n");
  }
  SECTION("RFC 7541, 7.1.3: secrets are not indexed") {
    head.fields.add("authorization", "secret");
    head.fields.add("cookie", "a=b");
    head.fields.add("accept", "*/*");
    const upstream::H2RequestHead made(head, to);
    CHECK(made.fields()[4].flags == NGHTTP2_NV_FLAG_NO_INDEX);
    CHECK(made.fields()[5].flags == NGHTTP2_NV_FLAG_NO_INDEX);
    CHECK(made.fields()[6].flags == NGHTTP2_NV_FLAG_NONE);
  }
}

TEST_CASE("h2: names go out in lower case, Host as the origin's", "[upstream][h2]") {
  H2Upstream upstream;
  upstream.options.host = "b.example";
  Fetch& fetch = upstream.make();
  fetch.head.fields.add("X-Mixed", "Case");
  upstream.start(fetch);
  CHECK(upstream.origin.stream(1).head ==
        ":method: GET\n:scheme: http\n:authority: b.example\n:path: /\nx-mixed: Case\n");
}

TEST_CASE("h2: content goes out as it comes, and as the server takes it", "[upstream][h2]") {
  H2Upstream upstream({}, false);
  Fetch& fetch = upstream.make();
  fetch.upload();
  upstream.start(fetch);
  CHECK_FALSE(upstream.origin.stream(1).has_ended);
  fetch.content.text = "first";
  fetch.content.tell(BodyState::pending);
  upstream.run();
  CHECK(upstream.origin.stream(1).content == "first");

  fetch.content.text += std::string(200'000, 'x');
  fetch.content.tell(BodyState::end);
  upstream.run();
  CHECK(upstream.origin.stream(1).content.size() == 65535); // its window
  CHECK(fetch.content.at == 65535);
  nghttp2_session* const session = upstream.origin.session();
  for (int i = 0; i < 10 && !upstream.origin.stream(1).has_ended; ++i) {
    nghttp2_session_consume(session, 1, 40'000);
    upstream.run();
  }
  CHECK(upstream.origin.stream(1).has_ended);
  CHECK(upstream.origin.stream(1).content == fetch.content.text);
  upstream.origin.respond(1, kOk, "thanks");
  upstream.run();
  upstream.read_all(fetch);
  CHECK(fetch.is_complete);
  CHECK(fetch.content.sink == nullptr);
}

TEST_CASE("h2: content without a single byte ends the stream", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.make();
  fetch.upload();
  fetch.content.state = BodyState::end;
  upstream.start(fetch);
  CHECK(upstream.origin.stream(1).has_ended);
  CHECK(upstream.origin.stream(1).content.empty());
}

TEST_CASE("h2: a request whose content breaks off is never complete", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.make();
  fetch.upload();
  fetch.content.text = "some";
  upstream.start(fetch);
  fetch.content.tell(BodyState::failed);
  upstream.run();
  CHECK(fetch.error() == base::Error{ErrorCode::cancelled, base::ErrorSource::internal});
  CHECK(upstream.origin.stream(1).error_code == NGHTTP2_CANCEL);
  CHECK_FALSE(upstream.origin.stream(1).has_ended);
  CHECK(fetch.content.sink == nullptr);
  CHECK(upstream.still_works());
}

TEST_CASE("RFC 9113, 8.1: an answer that is complete before its request", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.make();
  fetch.upload();
  fetch.content.text = "some";
  upstream.start(fetch);
  upstream.origin.respond(1, {{":status", "413"}}, "too much");
  const bool is_reset = GENERATE(true, false);
  upstream.run();
  if (is_reset) upstream.origin.reset(1, NGHTTP2_NO_ERROR);
  upstream.run();
  CHECK((fetch.content.sink == nullptr) == is_reset);
  fetch.content.text += "more";
  fetch.content.tell(BodyState::pending);
  upstream.run();
  CHECK(upstream.origin.stream(1).content == (is_reset ? "some" : "somemore"));

  CHECK(fetch.response().head().status == 413);
  upstream.read_all(fetch);
  CHECK(fetch.text == "too much");
  CHECK(fetch.is_complete);
  upstream.run();
  CHECK(fetch.content.sink == nullptr);
  CHECK(upstream.origin.stream(1).is_closed);
  CHECK(upstream.still_works());
}

TEST_CASE("h2: the time that a client takes for content is not the server's", "[upstream][h2]") {
  H2Upstream upstream;
  upstream.options.first_byte_timeout = std::chrono::seconds(3);
  upstream.options.idle_timeout = std::chrono::seconds(3);
  Fetch& fetch = upstream.make();
  fetch.upload();
  upstream.start(fetch);
  upstream.pass(std::chrono::seconds(5));
  CHECK_FALSE(fetch.result);
  fetch.content.text = "all";
  fetch.content.tell(BodyState::end);
  upstream.run();
  CHECK(upstream.origin.stream(1).has_ended);
  upstream.pass(std::chrono::seconds(2));
  CHECK_FALSE(fetch.result);
  upstream.pass(std::chrono::seconds(2));
  CHECK(fetch.error().code == ErrorCode::timeout);
}

TEST_CASE("h2: a server that takes no content times out", "[upstream][h2]") {
  H2Upstream upstream({}, false);
  upstream.options.idle_timeout = std::chrono::seconds(3);
  Fetch& fetch = upstream.make();
  fetch.upload();
  fetch.content.text = std::string(100'000, 'x');
  upstream.start(fetch);
  upstream.pass(std::chrono::seconds(4));
  CHECK(fetch.error() == base::Error{ErrorCode::timeout, base::ErrorSource::upstream});
  CHECK(upstream.still_works());
}
