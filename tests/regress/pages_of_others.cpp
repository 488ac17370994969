// Answers that each client must have confirmed, made for who asked as many are, went to others: to
// those who asked meanwhile, and to those who took anything stale.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;

namespace {

Fields page_of(const std::string& user, const std::string& control) {
  Fields fields{{"etag", "\"" + user + "\""}};
  if (!control.empty()) fields.emplace_back("cache-control", control);
  return fields;
}

} // namespace

TEST_CASE("RFC 9111, 5.2.2.4: who asks for the same at once gets an answer of its own") {
  const std::string control = GENERATE("no-cache", "max-age=0", "max-age=0, must-revalidate", "");
  CAPTURE(control);
  Flow flow;
  std::vector<Client> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(flow.connect());
    clients.back().get("/account", {{"Cookie", "user=" + std::to_string(i)}});
  }
  // By the cookie that came, as an application does.
  for (const auto* fetch = flow.origin().waiting(); fetch != nullptr;
       fetch = flow.origin().waiting()) {
    const std::string user = fetch->fields.at("cookie").substr(5);
    flow.origin().answer(200, page_of(user, control), "page of " + user);
    flow.settle();
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    CAPTURE(i);
    CHECK(clients[i].answer().content == "page of " + std::to_string(i));
  }
}

TEST_CASE("what was never fresh is given to nobody without a word of the origin's") {
  const std::string control = GENERATE("no-cache", "max-age=0", "");
  CAPTURE(control);
  Flow flow;
  Client first = flow.connect();
  first.get("/account", {{"Cookie", "user=1"}});
  flow.origin().answer(200, page_of("1", control), "page of 1");
  first.answer();
  Client second = flow.connect();
  second.get("/account", {{"Cache-Control", "only-if-cached, max-stale"}});
  CHECK(second.answer().status == 504);
  second.get("/account", {{"Cache-Control", "max-stale"}});
  REQUIRE(flow.origin().waiting() != nullptr);
  flow.origin().answer(500, {}, "broken");
  CHECK(second.answer().content != "page of 1");
  second.get("/account");
  flow.origin().fail(base::ErrorCode::connect_refused);
  CHECK(second.answer().status >= 500);
}

TEST_CASE("an origin that wants it used stale has its way") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=0, stale-if-error=60"}}, "old");
  client.answer();
  client.get("/a");
  flow.origin().fail(base::ErrorCode::connect_refused);
  CHECK(client.answer().content == "old");
}

TEST_CASE("what is gone does not come back when the origin fails") {
  const int status = GENERATE(404, 410);
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "there");
  client.answer();
  flow.advance(std::chrono::seconds(61));
  client.get("/a");
  flow.origin().answer(static_cast<http::Status>(status), {{"cache-control", "no-store"}}, "gone");
  CHECK(client.answer().status == status);
  client.get("/a");
  flow.origin().fail(base::ErrorCode::connect_refused);
  CHECK(client.answer().content != "there");
}

TEST_CASE("an error that one client provokes leaves alone what is fresh") {
  const int status = GENERATE(400, 403, 406, 431, 302);
  CAPTURE(status);
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "good");
  client.answer();
  Client other = flow.connect();
  other.get("/a", {{"Cache-Control", "no-cache"}, {"Accept", "nonsense"}});
  flow.origin().answer(static_cast<http::Status>(status), {{"cache-control", "private"}}, "bad");
  CHECK(other.answer().status == status);
  client.get("/a");
  CHECK(client.answer().content == "good");
}
