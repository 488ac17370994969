// Parts of representations (RFC 9110, 14; RFC 9111, 3.3 and 3.4).
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using namespace std::chrono_literals;

namespace {

const Fields kWhole{{"cache-control", "max-age=60"}, {"etag", "\"1\""}, {"content-type", "a/b"}};

Client client_of_whole(Flow& flow) {
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, kWhole, "0123456789");
  client.answer();
  return client;
}

Fields part(const std::string& content_range, const std::string& etag = "\"1\"") {
  return {{"cache-control", "max-age=60"}, {"etag", etag}, {"content-range", content_range}};
}

} // namespace

TEST_CASE("RFC 9110, 14.2: a stored response answers for its parts") {
  Flow flow;
  Client client = client_of_whole(flow);
  using Row = std::tuple<const char*, const char*, const char*>;
  for (const auto& [range, content_range, content] : {
           Row{"bytes=0-0", "bytes 0-0/10", "0"},
           Row{"bytes=2-4", "bytes 2-4/10", "234"},
           Row{"bytes=7-", "bytes 7-9/10", "789"},
           Row{"bytes=-2", "bytes 8-9/10", "89"},
           Row{"bytes=5-500", "bytes 5-9/10", "56789"},
       }) {
    CAPTURE(range);
    client.get("/a", {{"Range", range}});
    const Answer answer = client.answer();
    CHECK(answer.status == 206);
    CHECK(answer.fields.at("content-range") == content_range);
    CHECK(answer.fields.at("content-type") == "a/b");
    CHECK(answer.fields.at("etag") == "\"1\"");
    CHECK(answer.content == content);
  }
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("RFC 9110, 15.3.7.2: several parts in one answer") {
  Flow flow;
  Client client = client_of_whole(flow);
  client.get("/a", {{"Range", "bytes=6-7, 0-1"}});
  const Answer answer = client.answer();
  CHECK(answer.status == 206);
  const std::string type = answer.fields.at("content-type");
  REQUIRE(type.starts_with("multipart/byteranges; boundary="));
  const std::string boundary = type.substr(type.find('=') + 1);
  CHECK(answer.content ==
        "--" + boundary + "\r\nContent-Type: a/b\r\nContent-Range: bytes 6-7/10\r\n\r\n67\r\n--" +
            boundary + "\r\nContent-Type: a/b\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--" +
            boundary + "--\r\n");
  CHECK_FALSE(answer.fields.contains("content-range"));
}

TEST_CASE("RFC 9110, 15.5.17: nothing of it is there") {
  Flow flow;
  Client client = client_of_whole(flow);
  client.get("/a", {{"Range", "bytes=10-"}});
  const Answer answer = client.answer();
  CHECK(answer.status == 416);
  CHECK(answer.fields.at("content-range") == "bytes */10");
}

TEST_CASE("RFC 9110, 13.1.5 and 14.2: when Range does not count") {
  using Row = std::tuple<const char*, Fields>;
  const auto [why, fields] = GENERATE(table<const char*, Fields>({
      Row{"13.1.5: another version", {{"Range", "bytes=0-1"}, {"If-Range", "\"2\""}}},
      Row{"13.1.5: weak", {{"Range", "bytes=0-1"}, {"If-Range", "W/\"1\""}}},
      Row{"14.1: another unit", {{"Range", "lines=0-1"}}},
      Row{"14.2: malformed", {{"Range", "bytes=1"}}},
      Row{"14.1.1: backwards", {{"Range", "bytes=2-1"}}},
  }));
  CAPTURE(why);
  Flow flow;
  Client client = client_of_whole(flow);
  client.get("/a", fields);
  const Answer answer = client.answer();
  CHECK(answer.status == 200);
  CHECK(answer.content == "0123456789");
}

TEST_CASE("RFC 9110, 13.1.5: with the same version it does") {
  Flow flow;
  Client client = client_of_whole(flow);
  client.get("/a", {{"Range", "bytes=0-1"}, {"If-Range", "\"1\""}});
  CHECK(client.answer().content == "01");
  client.get("/a", {{"Range", "bytes=0-1"}, {"If-None-Match", "\"1\""}});
  CHECK(client.answer().status == 304); // RFC 9110, 13.2.2: conditions before ranges
  client.request("HEAD", "/a", {{"Range", "bytes=0-1"}});
  CHECK(client.answer("HEAD").status == 200); // 14.2: for GET only
}

TEST_CASE("RFC 9111, 3.3: a part is stored as what it is") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=2-5"}});
  CHECK(flow.origin().last().fields.at("range") == "bytes=2-5");
  flow.origin().answer(206, part("bytes 2-5/10"), "2345");
  const Answer first = client.answer();
  CHECK(first.status == 206);
  CHECK(first.content == "2345");
  CHECK(first.fields.at("content-range") == "bytes 2-5/10");

  client.get("/a", {{"Range", "bytes=3-4"}}); // within it
  const Answer hit = client.answer();
  CHECK(hit.content == "34");
  CHECK(hit.fields.at("content-range") == "bytes 3-4/10");
  CHECK(hit.fields.at("cache-status") == "selvedge; hit; ttl=60");

  client.get("/a", {{"Range", "bytes=4-6"}}); // not
  CHECK(flow.origin().fetches() == 2);
  flow.origin().answer(206, part("bytes 4-6/10", "\"2\""), "456");
  CHECK(client.answer().fields.at("cache-status") ==
        "selvedge; fwd=partial; fwd-status=206; stored");

  client.get("/a"); // and never as the whole
  CHECK(flow.origin().fetches() == 3);
  flow.origin().answer(200, kWhole, "0123456789");
  CHECK(client.answer().content == "0123456789");
}

TEST_CASE("RFC 9111, 3.4: parts with the same strong validator become one") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=0-4"}});
  flow.origin().answer(206, part("bytes 0-4/10"), "01234");
  client.answer();
  client.get("/a", {{"Range", "bytes=3-9"}});
  flow.origin().answer(206, part("bytes 3-9/10"), "3456789");
  client.answer();
  client.get("/a"); // now it is all there
  const Answer whole = client.answer();
  CHECK(whole.status == 200);
  CHECK(whole.content == "0123456789");
  CHECK_FALSE(whole.fields.contains("content-range"));
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("RFC 9110, 15.3.7: a part that is everything answers for everything") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=0-"}});
  flow.origin().answer(206, part("bytes 0-9/10"), "0123456789");
  client.answer();
  client.get("/a");
  const Answer whole = client.answer();
  CHECK(whole.status == 200);
  CHECK(whole.content == "0123456789");
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("RFC 9111, 3.4: other parts do not") {
  const auto [range, second] = GENERATE(table<const char*, Fields>({
      {"bytes=5-9", part("bytes 5-9/10", "\"2\"")},
      {"bytes=5-9", part("bytes 5-9/10", "W/\"1\"")},
      {"bytes=6-9", part("bytes 6-9/10")},
      {"bytes=5-9", part("bytes 5-9/11")},
  }));
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=0-4"}});
  flow.origin().answer(206, part("bytes 0-4/10"), "01234");
  client.answer();
  client.get("/a", {{"Range", range}});
  flow.origin().answer(206, second, std::string_view(range) == "bytes=6-9" ? "6789" : "56789");
  client.answer();
  client.get("/a");
  CHECK(flow.origin().fetches() == 3);
  flow.origin().answer(200, kWhole, "0123456789");
  CHECK(client.answer().content == "0123456789");
}

TEST_CASE("a part of what is on its way is sent as it comes") {
  Flow::Options options;
  options.route.range_miss = proxy::RangeMiss::whole;
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=2-5"}});
  CHECK_FALSE(flow.origin().last().fields.contains("range"));
  const auto fetch = flow.origin().begin(200, kWhole, 10);
  test::ScriptedOrigin::piece(*fetch, "0123");
  flow.settle();
  CHECK(client.wire().from_node.ends_with("\r\n\r\n23"));
  test::ScriptedOrigin::piece(*fetch, "456789");
  test::ScriptedOrigin::end(*fetch);
  const Answer answer = client.answer();
  CHECK(answer.status == 206);
  CHECK(answer.content == "2345");
  client.get("/a");
  CHECK(client.answer().content == "0123456789");
  CHECK(flow.origin().fetches() == 1);
}

TEST_CASE("the same range is asked for once") {
  Flow flow;
  Client first = flow.connect();
  Client second = flow.connect();
  first.get("/a", {{"Range", "bytes=0-1"}});
  second.get("/a", {{"Range", "bytes=0-1"}});
  CHECK(flow.origin().fetches() == 1);
  flow.origin().answer(206, part("bytes 0-1/10"), "01");
  CHECK(first.answer().content == "01");
  CHECK(second.answer().content == "01");
}

TEST_CASE("an origin that knows no ranges: the whole is stored, the part is given") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=8-"}});
  flow.origin().answer(200, kWhole, "0123456789");
  const Answer answer = client.answer();
  CHECK(answer.status == 206);
  CHECK(answer.content == "89");
  client.get("/a");
  CHECK(client.answer().content == "0123456789");
}
