// Responses were kept apart by fields of the client that the origin never got: those that
// Connection names, and those that this node writes itself. And of a cookie sent twice, by one of
// its values.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Client;
using test::Fields;
using test::Flow;

namespace {

bool is_stored(Client& client, Fields fields) {
  fields.emplace_back("Cache-Control", "only-if-cached");
  client.get("/a", fields);
  return client.answer().status == 200;
}

} // namespace

TEST_CASE("RFC 9110, 7.6.1: a field that Connection names selects nothing") {
  Flow::Options options;
  options.route.key.headers = {"x-tenant"};
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"X-Lang", "fr"}, {"X-Tenant", "v"}, {"Connection", "x-lang, x-tenant"}});
  CHECK_FALSE(flow.origin().last().fields.contains("x-lang"));
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"vary", "x-lang"}}, "none");
  client.answer();
  CHECK_FALSE(is_stored(client, {{"X-Lang", "fr"}, {"X-Tenant", "v"}}));
  CHECK_FALSE(is_stored(client, {{"X-Lang", "fr"}}));
  CHECK(is_stored(client, {}));
}

TEST_CASE("RFC 9111, 4.1: what depends on the client's address is not shared") {
  const std::string name = GENERATE("X-Forwarded-For", "forwarded", "via");
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"vary", name}}, "yours");
  client.answer();
  CHECK_FALSE(is_stored(client, {}));
}

TEST_CASE("of a cookie that is sent twice, all values count") {
  Flow::Options options;
  options.route.key.cookies = {"tenant"};
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"Cookie", "tenant=victim; tenant=evil"}});
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "evil");
  client.answer();
  CHECK_FALSE(is_stored(client, {{"Cookie", "tenant=victim"}}));
  CHECK_FALSE(is_stored(client, {{"Cookie", "tenant=evil"}}));
}
