// A 304 that may not be stored, or fields of it for one client, went to everybody who waited; and
// an answer of this node's own carried fields that had been freed with the fill they lay in.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;
using namespace std::chrono_literals;

TEST_CASE("RFC 9111, 3: a confirmation that is not for storing is for its leader alone") {
  const Fields update = GENERATE(
      Fields{{"etag", "\"1\""}, {"cache-control", "max-age=60"}, {"set-cookie", "id=1"}},
      Fields{{"etag", "\"1\""}, {"cache-control", "private, max-age=60"}, {"set-cookie", "id=1"}},
      Fields{{"etag", "\"1\""}, {"cache-control", "no-store"}, {"set-cookie", "id=1"}});
  Flow flow;
  Client before = flow.connect();
  before.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "one");
  before.answer();
  flow.advance(61s);
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(flow.connect());
  for (Client& client : clients) client.get("/a");
  CHECK(flow.origin().fetches() == 2);
  flow.origin().answer(304, update, "");
  const Answer first = clients[0].answer();
  CHECK(first.content == "one");
  CHECK(first.fields.at("set-cookie") == "id=1");
  CHECK(first.fields.at("cache-status") == "selvedge; fwd=stale; fwd-status=304");
  for (std::size_t i = 1; i < clients.size(); ++i) {
    flow.origin().answer(200, {{"cache-control", "no-store"}}, "own");
    const Answer other = clients[i].answer();
    CHECK(other.content == "own");
    CHECK_FALSE(other.fields.contains("set-cookie"));
  }
}

TEST_CASE("RFC 9111, 5.2.2.7: fields for one client, of a confirmation too") {
  Flow flow;
  Client client = flow.connect();
  const Fields fields{
      {"etag", "\"1\""}, {"cache-control", "max-age=60, private=\"x-you\""}, {"x-you", "secret"}};
  client.get("/a");
  flow.origin().answer(200, fields, "one");
  client.answer();
  flow.advance(61s);
  client.get("/a");
  flow.origin().answer(304, fields, "");
  CHECK(client.answer().fields.at("x-you") == "secret");
  client.get("/a");
  CHECK_FALSE(client.answer().fields.contains("x-you"));
}

TEST_CASE("an answer made here has none of the fields of what it replaces") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"Range", "bytes=100-"}});
  flow.origin().answer(
      200, {{"cache-control", "max-age=60, private=\"x-you\""}, {"x-you", "secret"}}, "short");
  const Answer answer = client.answer();
  CHECK(answer.status == 416);
  CHECK(answer.fields.at("content-range") == "bytes */5");
  CHECK_FALSE(answer.fields.contains("x-you"));
  CHECK_FALSE(answer.fields.contains("age"));
}
