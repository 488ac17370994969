// HTTP/1.0 needs no Host. A request of it that changes something ends what is stored under a URL
// without a host, which was taken apart as if it had one: any client could end the node with it.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Flow;

namespace {

std::string content_for(Flow& flow, std::string_view request) {
  auto client = flow.connect();
  client.send(request);
  return client.answer().content;
}

} // namespace

TEST_CASE("what is stored for requests without a host ends by one that changes it") {
  constexpr std::string_view kGet = "GET /a HTTP/1.0\r\n\r\n";
  const test::Fields fields{{"cache-control", "max-age=600"}};
  Flow flow;
  auto first = flow.connect();
  first.send(kGet);
  flow.origin().answer(200, fields, "old");
  CHECK(first.answer().content == "old");
  CHECK(content_for(flow, kGet) == "old");
  CHECK(flow.origin().fetches() == 1);

  auto changing = flow.connect();
  changing.send("POST /a HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
  flow.origin().answer(200, {}, "done");
  CHECK(changing.answer().content == "done");

  auto next = flow.connect();
  next.send(kGet);
  flow.origin().answer(200, fields, "new");
  CHECK(next.answer().content == "new");
}
