// A fill that had stopped storing waited for its slowest reader; when that one left, nobody told
// the producer that there was room, and the others waited for ever.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Flow;
using test::ScriptedOrigin;

TEST_CASE("a slow reader that leaves lets the others go on") {
  Flow::Options options;
  options.max_object = 1000;
  Flow flow(options);
  auto slow = flow.connect();
  auto fast = flow.connect();
  slow.wire().room = 100;
  slow.get("/large");
  fast.get("/large");
  const auto fetch = flow.origin().begin(200, {{"cache-control", "max-age=60"}});
  flow.settle();
  const std::string piece(65536, 'p');
  for (int i = 0; i < 16; ++i) {
    ScriptedOrigin::piece(*fetch, piece);
    flow.settle();
  }
  REQUIRE(fetch->pieces.size() >= 12); // held back by the slow one
  ScriptedOrigin::end(*fetch);
  slow.close();
  flow.settle();
  CHECK(fast.answer().content.size() == 16 * piece.size());
}
