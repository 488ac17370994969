// Answers of a server over HTTP/2: what becomes of heads, content and broken streams.
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_upstream.hpp>

using namespace selvedge;
using base::ErrorCode;
using base::Retry;
using test::Fetch;
using test::H2Origin;
using test::H2Upstream;
using test::kOk;

namespace {

std::string text_of(const http::FieldList& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append(field.name).append("=").append(field.value).append("\n");
  }
  return text;
}

std::string repeated(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

} // namespace

TEST_CASE("h2: a request, its answer, content and trailers", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.start();
  CHECK(upstream.origin.stream(1).head ==
        ":method: GET\n:scheme: http\n:authority: a.example\n:path: /\n");
  CHECK(upstream.origin.stream(1).has_ended);
  CHECK_FALSE(fetch.result);

  upstream.origin.stream(1).trailers = {{"x-sum", "42"}};
  upstream.origin.respond(1, {{":status", "200"}, {"etag", "\"a\""}, {"x-b", "c"}}, "hel", false);
  upstream.run();
  CHECK(fetch.response().head().status == 200);
  CHECK(fetch.response().head().version == http::Version::http_2);
  CHECK(text_of(fetch.response().head().fields) == "etag=\"a\"\nx-b=c\n");
  CHECK(fetch.response().head().fields.find(http::FieldName::etag) != nullptr);
  upstream.read(fetch);
  CHECK(fetch.text == "hel");
  upstream.read(fetch);
  CHECK(fetch.is_reading);
  upstream.origin.append(1, "lo", true);
  upstream.run();
  upstream.read_all(fetch);
  CHECK(fetch.text == "hello");
  CHECK(fetch.is_complete);
  CHECK(text_of(fetch.response().trailers()) == "x-sum=42\n");
  CHECK(upstream.connection->streams() == 0);
}

TEST_CASE("h2: a reader's own room is filled when it waits", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.start();
  upstream.origin.respond(1, kOk, "", false);
  upstream.run();
  std::string room(4, '.');
  upstream.read(fetch, room);
  CHECK(fetch.is_reading);
  upstream.origin.append(1, "abcdef", true);
  upstream.run();
  CHECK(fetch.text == "abcd");
  CHECK(room == "abcd");
  upstream.read(fetch, room);
  CHECK(fetch.text == "abcdef");
  upstream.read(fetch, room);
  CHECK(fetch.is_complete);
}

TEST_CASE("RFC 9110, 6.4.1: answers that have no content", "[upstream][h2]") {
  const auto [method, status] = GENERATE(table<http::Method, const char*>({
      {http::Method::head, "200"},
      {http::Method::get, "304"},
      {http::Method::get, "204"},
  }));
  H2Upstream upstream;
  Fetch& fetch = upstream.make();
  fetch.head.method = method;
  fetch.head.method_text = http::text_of(method);
  upstream.start(fetch);
  const bool has_length = status != std::string("204");
  H2Origin::Fields fields{{":status", status}};
  if (has_length) fields.push_back({"content-length", "70"});
  upstream.origin.respond(1, fields);
  upstream.run();
  CHECK(fetch.response().head().content_length.value_or(0) == (has_length ? 70 : 0));
  CHECK(fetch.response().head().fields.empty());
  upstream.read_all(fetch);
  CHECK(fetch.is_complete);
  CHECK(fetch.text.empty());
}

TEST_CASE("RFC 9110, 15.2: what becomes of interim responses over h2", "[upstream][h2]") {
  const auto [count, status, told, error] =
      GENERATE_COPY(table<int, std::string, std::string, ErrorCode>({
          {1, "100", "", ErrorCode::none},
          {2, "103", "103 link=</a.css>\n103 link=</a.css>\n", ErrorCode::none},
          {16, "102", repeated(16, "102 link=</a.css>\n"), ErrorCode::none},
          {17, "102", repeated(16, "102 link=</a.css>\n"), ErrorCode::protocol},
          {1, "101", "", ErrorCode::protocol}, // RFC 9113, 8.6
      }));
  CAPTURE(count, status);
  H2Upstream upstream;
  Fetch& fetch = upstream.start();
  for (int i = 0; i < count; ++i) {
    upstream.origin.inform(1, {{":status", status}, {"link", "</a.css>"}});
  }
  upstream.run();
  CHECK(fetch.result.has_value() == (error != ErrorCode::none));
  upstream.origin.respond(1, kOk, "x");
  upstream.run();
  CHECK(fetch.interim.told == told);
  CHECK(fetch.error().code == error);
  if (error == ErrorCode::none) CHECK(fetch.response().head().fields.empty());
  CHECK(upstream.still_works());
}

TEST_CASE("RFC 9113, 8.1.1: a malformed answer fails its fetch only", "[upstream][h2]") {
  struct Row {
    const char* what;
    H2Origin::Fields fields;
    std::string content;
    bool has_head; // the fault comes behind it
  };
  const auto row = GENERATE(values<Row>({
      {"8.2 upper case", {{":status", "200"}, {"X-A", "b"}}, "", false},
      {"8.2.2 connection", {{":status", "200"}, {"connection", "close"}}, "", false},
      {"8.2.2 transfer-encoding", {{":status", "200"}, {"transfer-encoding", "x"}}, "", false},
      {"8.2.1 control", {{":status", "200"}, {"x-a", "b\r\nc: d"}}, "", false},
      {"8.2.1 blank around", {{":status", "200"}, {"x-a", " b"}}, "", false},
      {"8.3.2 no status", {{"x-a", "b"}}, "", false},
      {"8.3.2 no number", {{":status", "2x0"}}, "", false},
      {"8.3.2 not of HTTP", {{":status", "042"}}, "", false},
      {"8.3 late status", {{"x-a", "b"}, {":status", "200"}}, "", false},
      {"8.3 unknown", {{":status", "200"}, {":x", "b"}}, "", false},
      {"8.1.1 two lengths",
       {{":status", "200"}, {"content-length", "1"}, {"content-length", "2"}},
       "a",
       false},
      {"8.1.1 too short", {{":status", "200"}, {"content-length", "9"}}, "short", true},
      {"8.1.1 too long", {{":status", "200"}, {"content-length", "2"}}, "long", true},
  }));
  CAPTURE(row.what);
  H2Upstream upstream;
  Fetch& fetch = upstream.get(row.fields, row.content);
  REQUIRE(fetch.result);
  CHECK(fetch.has_failed() != row.has_head);
  if (row.has_head) upstream.read_all(fetch);
  const base::Error error = row.has_head ? fetch.broken.value_or(base::Error{}) : fetch.error();
  CHECK(error == base::Error{ErrorCode::protocol, base::ErrorSource::upstream});
  CHECK_FALSE(fetch.is_complete);
  CHECK(upstream.origin.stream(1).is_closed);
  CHECK(upstream.still_works());
}

TEST_CASE("h2: a head beyond the limit is too large, a trailer section also", "[upstream][h2]") {
  H2Upstream upstream;
  upstream.options.head_bytes = 1000;
  SECTION("bytes") {
    const Fetch& fetch = upstream.get({{":status", "200"}, {"x-a", std::string(1000, 'a')}}, "x");
    CHECK(fetch.error().code == ErrorCode::too_large);
  }
  SECTION("fields") {
    upstream.options.head_bytes = 1 << 20;
    H2Origin::Fields fields = kOk;
    for (int i = 0; i < 257; ++i) fields.push_back({"a", "b"});
    CHECK(upstream.get(fields, "x").error().code == ErrorCode::too_large);
  }
  SECTION("trailers") {
    Fetch& fetch = upstream.start();
    upstream.origin.stream(1).trailers = {{"x-a", std::string(1000, 'a')}};
    upstream.origin.respond(1, kOk, "content");
    upstream.run();
    upstream.read_all(fetch);
    REQUIRE(fetch.broken);
    CHECK(fetch.broken->code == ErrorCode::too_large);
    CHECK_FALSE(fetch.is_complete);
  }
  CHECK(upstream.connection->streams() == 0);
  CHECK(upstream.still_works());
}

TEST_CASE("RFC 9113, 8.7: a refused stream may be tried again, another reset not",
          "[upstream][h2]") {
  const auto [code, retry] = GENERATE(table<std::uint32_t, Retry>({
      {NGHTTP2_REFUSED_STREAM, Retry::yes},
      {NGHTTP2_INTERNAL_ERROR, Retry::never},
      {NGHTTP2_NO_ERROR, Retry::never},
  }));
  H2Upstream upstream;
  const Fetch& fetch = upstream.start();
  upstream.origin.reset(1, code);
  upstream.run();
  CHECK(fetch.error().code == ErrorCode::closed);
  CHECK(fetch.error().retry == retry);
  CHECK(upstream.still_works());
}

TEST_CASE("h2: content that breaks off is never complete", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.start();
  upstream.origin.respond(1, kOk, "half", false);
  upstream.run();
  const bool is_reset = GENERATE(true, false);
  if (is_reset) {
    const std::uint32_t code = GENERATE(NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM);
    upstream.origin.reset(1, code);
    upstream.run();
  } else {
    upstream.cut();
  }
  upstream.read_all(fetch);
  CHECK(fetch.text == "half");
  CHECK_FALSE(fetch.is_complete);
  REQUIRE(fetch.broken);
  CHECK(*fetch.broken == base::Error{ErrorCode::closed, base::ErrorSource::upstream});
}

TEST_CASE("h2: a complete answer is read behind the end of its connection", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.get(kOk, "whole");
  upstream.cut();
  CHECK_FALSE(upstream.connection->is_usable());
  upstream.read_all(fetch);
  CHECK(fetch.text == "whole");
  CHECK(fetch.is_complete);
}

TEST_CASE("h2: a fetch that is cancelled resets its stream only", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& other = upstream.start();
  Fetch& fetch = upstream.start();
  SECTION("before the head") {
    fetch.cancellation.cancel();
    upstream.run();
    CHECK(fetch.error() == base::Error{ErrorCode::cancelled, base::ErrorSource::internal});
  }
  SECTION("by who hears of an interim response") {
    fetch.interim.then = [&] { fetch.cancellation.cancel(); };
    upstream.origin.inform(3, {{":status", "103"}});
    upstream.run();
    CHECK(fetch.error().code == ErrorCode::cancelled);
  }
  SECTION("in the content") {
    upstream.origin.respond(3, kOk, "some", false);
    upstream.run();
    fetch.cancellation.cancel();
    upstream.run();
    upstream.read_all(fetch);
    CHECK(fetch.text.empty());
    REQUIRE(fetch.broken);
    CHECK(fetch.broken->code == ErrorCode::cancelled);
  }
  SECTION("while content is awaited") {
    upstream.origin.respond(3, kOk, "", false);
    upstream.run();
    upstream.read(fetch);
    fetch.cancellation.cancel();
    upstream.run();
    REQUIRE(fetch.broken);
    CHECK(fetch.broken->code == ErrorCode::cancelled);
  }
  CHECK(upstream.origin.stream(3).error_code == NGHTTP2_CANCEL);
  upstream.origin.respond(1, kOk, "other");
  upstream.run();
  upstream.read_all(other);
  CHECK(other.text == "other");
  CHECK(upstream.still_works());
}

TEST_CASE("h2: nothing is asked for who has cancelled already", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.make();
  fetch.cancellation.cancel();
  upstream.start(fetch);
  CHECK(fetch.error().code == ErrorCode::cancelled);
  CHECK(upstream.origin.streams() == 0);
}

TEST_CASE("h2: a response keeps what it was told to keep", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.make();
  fetch.keep = std::make_shared<int>(1);
  upstream.start(fetch);
  upstream.origin.respond(1, kOk, "x");
  upstream.run();
  CHECK(fetch.keep.use_count() == 2);
  fetch.result.reset();
  CHECK(fetch.keep.use_count() == 1);
}

TEST_CASE("RFC 9113, 6.9.1: more content than the window allows fails its fetch",
          "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& fetch = upstream.start();
  namespace h2 = test::h2;
  std::string answer = h2::headers(1, h2::block({{":status", "200"}}), h2::kEndHeaders);
  for (int i = 0; i < 40; ++i) answer += h2::data(1, std::string(16384, 'x'));
  upstream.write_raw(answer);
  upstream.read_all(fetch);
  REQUIRE(fetch.broken);
  CHECK(*fetch.broken == base::Error{ErrorCode::protocol, base::ErrorSource::upstream});
  // The frame that went too far is the last.
  CHECK(fetch.text.size() <= upstream::H2ClientSession::kStreamWindow + 16384);
  CHECK_FALSE(fetch.is_complete);
  CHECK(upstream.still_works());
}

TEST_CASE("h2: a response that is dropped resets its stream, and its windows are used again",
          "[upstream][h2]") {
  H2Upstream upstream;
  const std::string content(200'000, 'x');
  for (int i = 0; i < 30; ++i) { // several windows of the connection
    Fetch& fetch = upstream.start();
    const std::int32_t id = upstream.origin.last();
    upstream.origin.respond(id, kOk, content, false);
    upstream.run();
    REQUIRE(fetch.result);
    REQUIRE(upstream.origin.stream(id).answer.empty()); // all of it was sent
    fetch.result.reset();
    upstream.run();
    CHECK(upstream.origin.stream(id).error_code == NGHTTP2_CANCEL);
  }
  CHECK(upstream.still_works());
}

TEST_CASE("h2: servers that say nothing, or stop in the middle, time out", "[upstream][h2]") {
  H2Upstream upstream;
  upstream.options.first_byte_timeout = std::chrono::seconds(5);
  upstream.options.idle_timeout = std::chrono::seconds(3);
  Fetch& fetch = upstream.start();
  SECTION("before the head; an interim response is a sign of life") {
    upstream.pass(std::chrono::seconds(4));
    upstream.origin.inform(1, {{":status", "102"}});
    upstream.run();
    upstream.pass(std::chrono::seconds(4));
    CHECK_FALSE(fetch.result);
    upstream.pass(std::chrono::seconds(2));
    CHECK(fetch.error() == base::Error{ErrorCode::timeout, base::ErrorSource::upstream});
  }
  SECTION("in the content") {
    upstream.origin.respond(1, kOk, "a", false);
    upstream.run();
    upstream.pass(std::chrono::seconds(6)); // nobody reads: nobody waits
    upstream.read(fetch);
    upstream.read(fetch);
    upstream.pass(std::chrono::seconds(2));
    CHECK(fetch.is_reading);
    upstream.pass(std::chrono::seconds(2));
    REQUIRE(fetch.broken);
    CHECK(*fetch.broken == base::Error{ErrorCode::timeout, base::ErrorSource::upstream});
  }
  CHECK(upstream.origin.stream(1).error_code == NGHTTP2_CANCEL);
  CHECK(upstream.still_works());
}

TEST_CASE("h2: who reads slowly holds up nobody else", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& stalled = upstream.start();
  Fetch& other = upstream.start();
  const std::string content(2'000'000, 'x');
  upstream.origin.respond(1, kOk, content);
  upstream.origin.respond(3, kOk, content);
  upstream.run();
  upstream.read_all(other);
  CHECK(other.text == content);
  const std::size_t sent = content.size() - upstream.origin.stream(1).answer.size();
  CHECK(sent == upstream::H2ClientSession::kStreamWindow);
  upstream.read_all(stalled);
  CHECK(stalled.text == content);
}

TEST_CASE("h2: unread content of a connection is bounded, and no server is blamed for that",
          "[upstream][h2]") {
  H2Upstream upstream;
  upstream.options.idle_timeout = std::chrono::seconds(3);
  std::vector<Fetch*> stalled;
  for (int i = 0; i < 8; ++i) stalled.push_back(&upstream.start());
  Fetch& reading = upstream.start();
  for (int id = 1; id < 16; id += 2) upstream.origin.respond(id, kOk, std::string(300'000, 'x'));
  upstream.run();
  std::size_t left = 0;
  for (int id = 1; id < 16; id += 2) left += upstream.origin.stream(id).answer.size();
  CHECK(8 * 300'000 - left <= upstream::H2ClientSession::kConnectionWindow);
  CHECK_FALSE(upstream.connection->has_room());
  CHECK(upstream.connection->is_usable());

  upstream.origin.respond(17, kOk, "held up");
  upstream.run();
  upstream.read(reading);
  upstream.pass(std::chrono::seconds(8));
  CHECK(reading.is_reading);
  const std::size_t changes = upstream.changes;
  for (Fetch* fetch : stalled) upstream.read_all(*fetch);
  CHECK(upstream.changes > changes);
  CHECK(upstream.connection->has_room());
  upstream.read_all(reading);
  CHECK(reading.text == "held up");
}
