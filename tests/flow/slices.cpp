// Large objects, slice by slice.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kWhole = "0123456789abcdefghijklmnopqrstuvwxyz"; // 36 bytes, 4 slices

Flow::Options in_slices() {
  Flow::Options options;
  options.route.slice = 10;
  options.max_object = 20; // the whole would not be stored
  return options;
}

// Answers the oldest fetch as a server that knows ranges does. Returns what it was asked for.
std::string answer_slice(Flow& flow, const std::string& etag = "\"1\"") {
  const std::string range = flow.origin().last().fields.at("range");
  const std::size_t first = std::stoul(range.substr(range.find('=') + 1));
  const std::size_t last = std::min(first + 9, kWhole.size() - 1);
  const Fields fields{
      {"cache-control", "max-age=60"},
      {"etag", etag},
      {"content-range", "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/36"}};
  flow.origin().answer(206, fields, kWhole.substr(first, last + 1 - first));
  flow.settle();
  return range;
}

} // namespace

TEST_CASE("a large object is fetched, stored and served in slices") {
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/big");
  CHECK(answer_slice(flow) == "bytes=0-9");
  CHECK(answer_slice(flow) == "bytes=10-19");
  CHECK(answer_slice(flow) == "bytes=20-29");
  CHECK(answer_slice(flow) == "bytes=30-39");
  const Answer whole = client.answer();
  CHECK(whole.status == 200);
  CHECK(whole.content == kWhole);
  CHECK_FALSE(whole.fields.contains("content-range"));
  client.get("/big");
  const Answer hit = client.answer();
  CHECK(hit.content == kWhole);
  CHECK(hit.fields.at("cache-status") == "selvedge; hit; ttl=60");
  CHECK(flow.origin().fetches() == 4);
}

TEST_CASE("a range needs the slices it lies in") {
  using Row = std::tuple<const char*, const char*, const char*, std::vector<std::string>>;
  const auto [range, content_range, content, slices] =
      GENERATE(table<const char*, const char*, const char*, std::vector<std::string>>({
          Row{"bytes=12-14", "bytes 12-14/36", "cde", {"bytes=10-19"}},
          Row{"bytes=18-21", "bytes 18-21/36", "ijkl", {"bytes=10-19", "bytes=20-29"}},
          Row{"bytes=34-", "bytes 34-35/36", "yz", {"bytes=30-39"}},
          Row{"bytes=-3", "bytes 33-35/36", "xyz", {"bytes=0-9", "bytes=30-39"}},
      }));
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/big", {{"Range", range}});
  for (const std::string& slice : slices) CHECK(answer_slice(flow) == slice);
  const Answer answer = client.answer();
  CHECK(answer.status == 206);
  CHECK(answer.fields.at("content-range") == content_range);
  CHECK(answer.content == content);
  CHECK(flow.origin().fetches() == slices.size());
}

TEST_CASE("those who ask at the same time share the slices") {
  Flow flow(in_slices());
  Client first = flow.connect();
  Client second = flow.connect();
  first.get("/big");
  second.get("/big");
  for (int i = 0; i < 4; ++i) answer_slice(flow);
  CHECK(first.answer().content == kWhole);
  CHECK(second.answer().content == kWhole);
  CHECK(flow.origin().fetches() == 4);
}

TEST_CASE("RFC 9110, 15.3.7.3: slices of two versions are never put together") {
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/big");
  answer_slice(flow);
  answer_slice(flow, "\"2\"");
  flow.settle();
  CHECK(client.is_closed()); // cut off, as the client can see
  Client other = flow.connect();
  other.get("/big"); // and who comes next begins anew
  CHECK(answer_slice(flow, "\"2\"") == "bytes=0-9");
  CHECK(answer_slice(flow, "\"2\"") == "bytes=20-29");
  CHECK(answer_slice(flow, "\"2\"") == "bytes=30-39");
  CHECK(other.answer().content == kWhole);
}

TEST_CASE("an origin that sends the whole is taken at its word") {
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/small");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "all of it");
  CHECK(client.answer().content == "all of it");
  client.get("/small");
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=60");
  client.get("/gone");
  flow.origin().answer(404, {{"cache-control", "max-age=60"}}, "gone");
  CHECK(client.answer().status == 404);
  client.get("/gone", {{"Range", "bytes=20-"}});
  CHECK(client.answer().fields.at("cache-status") == "selvedge; hit; ttl=60");
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("what must not be stored in slices passes") {
  const Fields fields = GENERATE(
      Fields{{"cache-control", "max-age=60"}, {"content-range", "bytes 0-9/36"}},
      Fields{
          {"cache-control", "max-age=60"}, {"etag", "W/\"1\""}, {"content-range", "bytes 0-9/36"}},
      Fields{{"cache-control", "max-age=60"}, {"etag", "\"1\""}, {"content-range", "bytes 0-9/*"}});
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/big");
  flow.origin().answer(206, fields, kWhole.substr(0, 10));
  flow.settle();
  CHECK_FALSE(flow.origin().last().fields.contains("range"));
  flow.origin().answer(200, {}, kWhole);
  CHECK(client.answer().content == kWhole);
}

TEST_CASE("conditions and ranges of a sliced object") {
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/big", {{"Range", "bytes=0-1"}});
  answer_slice(flow);
  client.answer();
  client.get("/big", {{"If-None-Match", "\"1\""}});
  CHECK(client.answer().status == 304);
  client.get("/big", {{"Range", "bytes=0-1"}, {"If-Range", "\"1\""}});
  CHECK(client.answer().content == "01");
  CHECK(flow.origin().fetches() == 1);
  client.get("/big", {{"Range", "bytes=40-"}});
  flow.origin().answer(416, {{"content-range", "bytes */36"}}, "");
  CHECK(client.answer().status == 416);
}

TEST_CASE("a purge of the URL ends its slices") {
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/big", {{"Range", "bytes=0-1"}});
  answer_slice(flow);
  client.answer();
  CHECK(flow.purge({.urls = {"http://node.test/big"}}).matched == 1);
  client.get("/big", {{"Range", "bytes=0-1"}});
  CHECK(flow.origin().fetches() == 2);
  answer_slice(flow);
  CHECK(client.answer().content == "01");
}

TEST_CASE("an origin that fails in the middle cuts the answer off") {
  Flow flow(in_slices());
  Client client = flow.connect();
  client.get("/big");
  answer_slice(flow);
  flow.origin().fail(base::ErrorCode::closed);
  flow.settle();
  CHECK(client.is_closed());
  CHECK(flow.fills().size() == 0);
}
