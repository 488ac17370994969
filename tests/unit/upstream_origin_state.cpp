#include <selvedge/upstream/origin_state.hpp>
#include <selvedge/upstream/slow_start.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge::upstream;
using namespace std::chrono_literals;
using selvedge::base::Steady;

namespace {

OriginOptions origin_of(std::initializer_list<const char*> addresses) {
  OriginOptions options;
  options.health.path = "/healthz";
  for (const char* address : addresses) {
    ServerOptions server;
    server.address = address;
    options.servers.push_back(server);
  }
  return options;
}

constexpr Steady kStart{1h};

} // namespace

TEST_CASE("at the first start no server starts slowly", "[upstream][state]") {
  const OriginState state(origin_of({"a:80", "b:80"}), kStart);
  REQUIRE(state.servers.size() == 2);
  CHECK(state.servers[0]->address == "a:80");
  CHECK(state.servers[1]->address == "b:80");
  for (const auto& server : state.servers) {
    CHECK(server->is_healthy);
    CHECK_FALSE(server->is_ejected(kStart));
    CHECK(server->returned_at_ns == 0);
  }
}

TEST_CASE("what is known of a server outlives a reload", "[upstream][state]") {
  const OriginState before(origin_of({"a:80", "b:80", "c:80"}), kStart);
  before.servers[1]->is_healthy = false;
  before.servers[2]->requests = 7;
  OriginOptions options = origin_of({"c:80", "d:80", "b:80"});
  options.servers[2].weight = 5; // of the options, not of what is known
  const OriginState after(options, kStart + 1min, &before);
  REQUIRE(after.servers.size() == 3);
  CHECK(after.servers[0] == before.servers[2]);
  CHECK(after.servers[2] == before.servers[1]);
  CHECK(after.servers[0]->requests == 7);
  CHECK_FALSE(after.servers[2]->is_healthy);
  CHECK(after.servers[0]->returned_at_ns == 0);
  // The new one is cold.
  CHECK(after.servers[1]->address == "d:80");
  CHECK(after.servers[1]->requests == 0);
  CHECK(after.servers[1]->returned_at_ns == nanoseconds_of(kStart + 1min));
}

TEST_CASE("a server that left and comes again is new", "[upstream][state]") {
  const OriginState first(origin_of({"a:80", "b:80"}), kStart);
  const OriginState second(origin_of({"a:80"}), kStart + 1s, &first);
  const OriginState third(origin_of({"a:80", "b:80"}), kStart + 2s, &second);
  CHECK(third.servers[0] == first.servers[0]);
  CHECK(third.servers[1] != first.servers[1]);
  CHECK(third.servers[1]->returned_at_ns == nanoseconds_of(kStart + 2s));
}

TEST_CASE("without checks nobody is ill for ever", "[upstream][state]") {
  const OriginState before(origin_of({"a:80"}), kStart);
  before.servers[0]->is_healthy = false;
  OriginOptions options = origin_of({"a:80"});
  options.health.path.clear();
  const OriginState after(options, kStart, &before);
  CHECK(after.servers[0] == before.servers[0]);
  CHECK(after.servers[0]->is_healthy);
}

TEST_CASE("reasons of ejections have names", "[upstream][state]") {
  CHECK(name(EjectionReason::none) == "none");
  CHECK(name(EjectionReason::consecutive_errors) == "consecutive_errors");
  CHECK(name(EjectionReason::success_rate) == "success_rate");
  CHECK(name(EjectionReason::latency) == "latency");
}
