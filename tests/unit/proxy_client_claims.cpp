// Fields by which a client would speak for others, and what becomes of them on their way to the
// origin.
#include <src/proxy/client_claims.hpp>
#include <src/proxy/forward.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge;
using namespace selvedge::proxy;

namespace {

// Whether a field with that name goes through.
bool passes(std::string_view name, const std::vector<std::string>& trusted, const Route* caching) {
  base::Arena arena;
  const downstream::ClientConnection client{"192.0.2.7", "main", true};
  Forwarding forwarding;
  if (!trusted.empty()) forwarding.trusted.emplace(trusted);
  http::RequestHead request;
  request.authority = "a.example";
  request.target = "/";
  request.fields.add(name, "a value of the client's");
  ForwardContext context{client, "1.1 node", forwarding, Purpose::fill};
  context.caching = caching;
  const http::RequestHead head = forwarded_head(request, context, arena);
  for (const http::Field& field : head.fields) {
    if (field.value == "a value of the client's") return true;
  }
  return false;
}

} // namespace

TEST_CASE("What a field claims", "[proxy][forward]") {
  using Row = std::pair<const char*, Claim>;
  const auto [name, claim] = GENERATE(values<Row>({
      {"accept", Claim::none},
      {"x-anything", Claim::none},
      {"x_anything", Claim::none},
      {"x-forwarded-for", Claim::none}, // ours: it is written anew
      {"X-Real-IP", Claim::about_connection},
      {"x_real_ip", Claim::about_connection},
      {"HTTP2-Settings", Claim::about_connection},
      {"Proxy", Claim::about_connection},
      {"X-Forwarded-Port", Claim::about_url},
      {"x_forwarded_ssl", Claim::about_url},
      {"X-Original-URL", Claim::about_request},
      {"X_HTTP_Method_Override", Claim::about_request},
      {"X_Forwarded_For", Claim::spelling},
      {"x_forwarded-host", Claim::spelling},
      {"content_length", Claim::spelling},
      {"transfer_encoding", Claim::spelling},
      {"Keep_Alive", Claim::spelling},
      {"a-name-that-is-longer-than-any-of-them", Claim::none},
  }));
  CAPTURE(name);
  CHECK(claim_of(name) == claim);
}

TEST_CASE("Only proxies that are believed say where a request comes from", "[proxy][forward]") {
  CHECK_FALSE(passes("X-Real-IP", {}, nullptr));
  CHECK_FALSE(passes("X-Real-IP", {"198.51.100.0/24"}, nullptr));
  CHECK(passes("X-Real-IP", {"192.0.2.0/24"}, nullptr));
  CHECK_FALSE(passes("X_Forwarded_For", {"192.0.2.0/24"}, nullptr)); // nobody means that
}

TEST_CASE("What is stored depends on nothing that the key does not have", "[proxy][forward]") {
  const Route plain;
  Route keyed;
  keyed.key.headers = {"x-original-url", "x-forwarded-port"};
  CHECK(passes("X-Original-URL", {}, nullptr)); // the answer is this client's
  CHECK_FALSE(passes("X-Original-URL", {}, &plain));
  CHECK_FALSE(passes("X-Original-URL", {"192.0.2.0/24"}, &plain));
  CHECK(passes("X-Original-URL", {}, &keyed));
  CHECK_FALSE(passes("X-Rewrite-URL", {}, &keyed));
  const std::vector<std::string> proxies{"192.0.2.0/24"};
  CHECK(passes("X-Forwarded-Port", proxies, nullptr));
  CHECK_FALSE(passes("X-Forwarded-Port", proxies, &plain));
  CHECK(passes("X-Forwarded-Port", proxies, &keyed));
  CHECK_FALSE(passes("X-Forwarded-Port", {}, &keyed));
  CHECK(passes("X-Real-IP", proxies, &plain));
}
