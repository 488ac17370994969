// A route with access rules was passed by: a path that spells its prefix in another way is for the
// route beside it, whose origin may read it as the protected one.
#include "tests/support/catch.hpp"

#include <selvedge/net/worker.hpp>
#include <selvedge/proxy/routing.hpp>
#include <selvedge/upstream/origin.hpp>

using namespace selvedge;

TEST_CASE("a protected route has no other spelling") {
  const base::ManualClock clock;
  net::Worker worker(0, clock);
  upstream::OriginOptions files;
  files.name = "files";
  files.servers.emplace_back().address = "127.0.0.1:1";
  proxy::Routing::Origins origins;
  origins.by_name["files"] = upstream::make_origin(
      files, worker, std::make_shared<upstream::OriginState>(files, clock.now().steady));
  proxy::RouteOptions open, closed;
  open.origin = closed.origin = "files";
  closed.prefix = "/@corp/";
  closed.access.deny = {"0.0.0.0/0"};
  proxy::RouteCounterMap counters;
  proxy::ReleaseBoards boards;
  const proxy::Routing routing({{"site", {"*"}, {open, closed}}}, std::move(origins), 1 << 20,
                               counters, boards);
  const auto is_hidden = [&routing](std::string_view target) {
    base::Arena arena;
    http::RequestHead request;
    request.authority = "a.test";
    request.target = target;
    const proxy::Route* found = routing.find("a.test", request.path());
    REQUIRE(found != nullptr);
    return routing.hides_protected(*found, request, arena);
  };
  for (const char* target : {"/%40corp/x", "//@corp/x", "/@corp%2Fx", "/@corp%2fx",
                             "/a/%2E%2E%2F@corp/x", "/%40%63orp//x", "/@corp%5Cx"}) {
    CAPTURE(target);
    CHECK(is_hidden(target));
  }
  for (const char* target :
       {"/@corp/x%20y", "/other%20file", "/a//b", "/?%40corp/", "/%2540corp/x"}) {
    CAPTURE(target);
    CHECK_FALSE(is_hidden(target));
  }
}
