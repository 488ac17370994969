// Parts were believed whatever they held, put together, and given to those who wanted everything.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using test::ScriptedOrigin;

namespace {

Fields part(const std::string& content_range) {
  return {{"cache-control", "max-age=60"}, {"etag", "\"1\""}, {"content-range", content_range}};
}

bool is_stored(Client& client, Fields fields) {
  fields.emplace_back("Cache-Control", "only-if-cached");
  client.get("/a", fields);
  return client.answer().status != 504;
}

} // namespace

TEST_CASE("RFC 9110, 14.4: content of another length than Content-Range is not stored") {
  const bool is_announced = GENERATE(true, false);
  const std::string_view content = GENERATE("0123", "0123456789abc");
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=0-9"}});
  if (is_announced) {
    flow.origin().answer(206, part("bytes 0-9/20"), content);
    client.answer();
  } else {
    const auto fetch = flow.origin().begin(206, part("bytes 0-9/20"));
    ScriptedOrigin::piece(*fetch, content);
    ScriptedOrigin::end(*fetch);
    flow.settle();
  }
  Client other = flow.connect();
  CHECK_FALSE(is_stored(other, {{"Range", "bytes=0-3"}}));
}

TEST_CASE("who wants the whole does not join who asks for a part") {
  Flow flow;
  Client first = flow.connect();
  Client part_of_br = flow.connect();
  Client whole_of_br = flow.connect();
  Client part_of_gzip = flow.connect();
  const Fields vary{{"cache-control", "max-age=60"}, {"vary", "x-coding"}};
  first.get("/a", {{"X-Coding", "gzip"}});
  part_of_gzip.get("/a", {{"X-Coding", "gzip"}, {"Range", "bytes=0-4"}});
  part_of_br.get("/a", {{"X-Coding", "br"}, {"Range", "bytes=0-4"}});
  whole_of_br.get("/a", {{"X-Coding", "br"}});
  CHECK(flow.origin().fetches() == 2);
  flow.origin().answer(200, vary, "gzip-gzip-");
  flow.settle();
  Fields some = part("bytes 0-4/10");
  some.emplace_back("vary", "x-coding");
  flow.origin().answer(206, some, "gzip-");
  flow.settle();
  CHECK(first.answer().content == "gzip-gzip-");
  CHECK(part_of_gzip.answer().content == "gzip-");
  CHECK(flow.origin().fetches() == 4); // one for each of the two that want br
  for (int i = 0; i < 2; ++i) flow.origin().answer(200, vary, "br-br-br-b");
  const Answer whole = whole_of_br.answer();
  CHECK(whole.status == 200);
  CHECK(whole.content == "br-br-br-b");
  CHECK(part_of_br.answer().content == "br-br");
}

TEST_CASE("RFC 9110, 15.3.7: a part that nobody asked for answers nothing") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(206, part("bytes 0-3/20"), "0123");
  CHECK(client.answer().status == 502);
}

TEST_CASE("RFC 9110, 13.2.2: conditions come before ranges, of stored parts too") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=0-3"}});
  flow.origin().answer(206, part("bytes 0-3/20"), "0123");
  client.answer();
  client.get("/a", {{"Range", "bytes=0-3"}, {"If-None-Match", "\"1\""}});
  CHECK(client.answer().status == 304);
  client.get("/b", {{"If-Match", "\"1\""}}); // only the origin can judge that
  CHECK(flow.origin().last().fields.at("if-match") == "\"1\"");
  flow.origin().answer(412, {}, "");
  CHECK(client.answer().status == 412);
}
