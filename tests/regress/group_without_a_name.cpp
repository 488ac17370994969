// An origin that ended the group "" (RFC 9875 allows the name) ended the process.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Flow;

TEST_CASE("RFC 9875: a group may have the empty name") {
  Flow flow;
  auto client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"cache-groups", "\"\""}}, "one");
  client.answer();
  client.request("POST", "/b");
  flow.origin().answer(200, {{"cache-group-invalidation", "\"\", \"x\""}}, "");
  CHECK(client.answer().status == 200);
  client.get("/a", {{"Cache-Control", "only-if-cached"}});
  CHECK(client.answer().status == 504);
}
