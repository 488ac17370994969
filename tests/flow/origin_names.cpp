// A server whose name comes and goes in the DNS: what was known is used for a while, then the name
// fails, and so does the way to the server.
#include "tests/support/resolver_node.hpp"
#include "tests/support/scripted_server.hpp"

#include <selvedge/net/open_transport.hpp>

using namespace selvedge;
using test::DnsServer;
using test::ResolverNode;
using test::ScriptedServer;
using namespace std::chrono_literals;

namespace {

struct Flapping : ResolverNode {
  Flapping() {
    const std::string port = server.address().substr(server.address().find(':'));
    place = net::parse_server("app.test" + port);
    dns.reply = [](const DnsServer::Question& question) {
      return question.addresses({"127.0.0.1"}, 5);
    };
  }
  // How a connection to the server ends: "connected", or the name of the error.
  std::string open() {
    std::optional<base::Result<net::OpenedTransport>> made;
    net::Connecting connecting(worker.io().get_executor());
    boost::asio::co_spawn(
        worker.io(), net::open_transport(worker, *resolver, place, connecting),
        [&](std::exception_ptr, base::Result<net::OpenedTransport> got) { made = std::move(got); });
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!made && std::chrono::steady_clock::now() < deadline) {
      worker.io().restart();
      worker.io().run_one_for(1ms);
      worker.run_ready();
      server.poll();
    }
    REQUIRE(made);
    return made->has_error() ? std::string(base::name(made->error().code)) : "connected";
  }

  ScriptedServer server{ScriptedServer::Protocol::http_1};
  net::ServerPlace place;
};

} // namespace

TEST_CASE("a name that flaps is no outage of its server", "[origin]") {
  Flapping node;
  CHECK(node.open() == "connected");
  CHECK(node.open() == "connected"); // without a question
  CHECK(node.dns.asked("app.test") == 1);

  node.dns.reply = test::failure;
  node.advance(6s); // its time to live is over
  CHECK(node.open() == "connected");
  CHECK(node.resolver->counters().stale.value() >= 1);

  node.dns.reply = [](const DnsServer::Question& question) {
    return question.addresses({"127.0.0.1"}, 5);
  };
  node.advance(2s);
  CHECK(node.open() == "connected");

  node.dns.reply = test::failure;
  node.advance(60s); // longer than what is stale may be used
  CHECK(node.open() == "name_not_resolved");

  node.dns.reply = [](const DnsServer::Question& question) {
    return question.addresses({"127.0.0.1"}, 5);
  };
  node.advance(2s); // that there was no answer is believed for a second
  CHECK(node.open() == "connected");
}

TEST_CASE("a name that moves to where nobody listens fails there", "[origin]") {
  Flapping node;
  CHECK(node.open() == "connected");
  node.server.stop();
  CHECK(node.open() == "connect_refused");
  node.server.start();
  CHECK(node.open() == "connected");
}
