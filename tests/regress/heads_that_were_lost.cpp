// An answer whose content failed in the turn in which its head was written was thrown away with the
// head: the client saw a connection that closed without a word, which it may take for one that was
// never heard, and not for an answer that is not whole.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using test::Client;
using test::Flow;
using test::ScriptedOrigin;

TEST_CASE("an answer that fails at once is seen to have failed") {
  const bool has_length = GENERATE(true, false);
  Flow flow;
  std::vector<Client> clients; // one asks, the others wait for what it gets
  for (int i = 0; i < 4; ++i) {
    clients.push_back(flow.connect());
    clients.back().get("/a");
  }
  const auto fetch =
      flow.origin().begin(200, {{"cache-control", "max-age=60"}},
                          has_length ? std::optional<std::uint64_t>(100) : std::nullopt);
  ScriptedOrigin::piece(*fetch, "some of it");
  ScriptedOrigin::cut(*fetch);
  flow.settle();
  for (Client& client : clients) {
    const std::string& said = client.wire().from_node;
    REQUIRE(said.starts_with("HTTP/1.1 "));
    const bool is_whole = said.find(" 200 ") < said.find('\r') && said.ends_with("\r\n0\r\n\r\n");
    CHECK_FALSE(is_whole);
  }
}
