// Who may ask for what a route has: by address, and with a signed URL.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"
#include "tests/support/key_file.hpp"

#include <selvedge/proxy/signed_url.hpp>

using namespace selvedge;
using proxy::AccessRecord;
using proxy::TokenVerdict;
using test::Client;
using test::Fields;
using test::Flow;

namespace {

const std::string kPeer = "192.0.2.1"; // of every client here
const Fields kFresh{{"cache-control", "max-age=600"}};
constexpr const char* kKeys =
    "k1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

int status_of(Client& client, std::string_view target, const Fields& fields = {}) {
  client.get(target, fields);
  return client.answer().status;
}

// A node whose route wants tokens, and who can make them.
struct Signed {
  Signed() {
    Flow::Options options;
    options.route.access.signed_urls.enabled = true;
    options.route.access.signed_urls.parameter = "t";
    options.route.access.signed_urls.key_file = file.path();
    flow.emplace(options);
  }
  std::string token(std::string_view target, std::optional<std::size_t> prefix = {},
                    std::string_view address = {}) const {
    const auto keys = proxy::UrlKeys::parse(kKeys);
    const std::chrono::sys_seconds begin{
        std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 1}};
    return proxy::sign_url(keys, {"node.test", target, prefix, address},
                           begin + std::chrono::hours{1});
  }
  std::uint64_t counted(TokenVerdict verdict) {
    return flow->proxy().counters().tokens[static_cast<std::size_t>(verdict)].value();
  }

  test::KeyFile file{kKeys};
  std::optional<Flow> flow;
};

} // namespace

TEST_CASE("a route may be for some addresses only", "[flow][access]") {
  Flow::Options options;
  options.route.access.allow = {"192.0.2.0/24"};
  SECTION("all of them") {
    Flow flow(options);
    Client client = flow.connect();
    client.get("/a");
    flow.origin().answer(200, kFresh, "for you");
    CHECK(client.answer().status == 200);
  }
  SECTION("but some") {
    options.route.access.deny = {kPeer};
    Flow flow(options);
    Client client = flow.connect();
    CHECK(status_of(client, "/a") == 403);
    CHECK(flow.origin().fetches() == 0);
    CHECK(flow.proxy().counters().refused_addresses.value() == 1);
  }
  SECTION("others") {
    options.route.access.allow = {"198.51.100.0/24"};
    Flow flow(options);
    Client client = flow.connect();
    CHECK(status_of(client, "/a", {{"X-Forwarded-For", "198.51.100.7"}}) == 403); // who says so
  }
  SECTION("behind a proxy that is believed") {
    options.route.access.allow = {"198.51.100.0/24"};
    options.forwarding.trusted_proxies = {kPeer};
    Flow flow(options);
    Client client = flow.connect();
    CHECK(status_of(client, "/a", {{"X-Forwarded-For", "203.0.113.5"}}) == 403);
    client.get("/a", {{"X-Forwarded-For", "198.51.100.7"}});
    flow.origin().answer(200, kFresh, "for you");
    CHECK(client.answer().status == 200);
  }
}

TEST_CASE("what is stored is not for who may not ask", "[flow][access]") {
  Signed node;
  Client client = node.flow->connect();
  client.get("/a?t=" + node.token("/a"));
  node.flow->origin().answer(200, kFresh, "paid for");
  CHECK(client.answer().content == "paid for");
  CHECK(status_of(client, "/a") == 403);
  CHECK(status_of(client, "/a?t=" + node.token("/b")) == 403);
  CHECK(status_of(client, "/a?t=" + node.token("/a") + "&t=" + node.token("/a")) == 403);
  CHECK(node.counted(TokenVerdict::missing) == 1);
  CHECK(node.counted(TokenVerdict::wrong) == 1);
  CHECK(node.counted(TokenVerdict::malformed) == 1);
  CHECK(node.flow->origin().fetches() == 1);
}

TEST_CASE("neither the cache nor the origin nor the log sees a token", "[flow][access]") {
  Signed node;
  Client client = node.flow->connect();
  client.get("/a?x=1&t=" + node.token("/a?x=1"));
  CHECK(node.flow->origin().last().target == "/a?x=1");
  node.flow->origin().answer(200, kFresh, "paid for");
  client.answer();
  client.get("/a?t=" + node.token("/a?x=1", 1) + "&x=1"); // another token, the same thing
  CHECK(client.answer().fields.at("cache-status").find("hit") != std::string::npos);
  status_of(client, "/a?t=forged");
  for (const char* target : {"/a?x=1", "/a?x=1", "/a"}) {
    const AccessRecord* record = node.flow->log().front();
    REQUIRE(record != nullptr);
    CHECK(std::string(record->get(AccessRecord::target)) == target);
    node.flow->log().pop();
  }
}

TEST_CASE("a token of a prefix may come in a cookie", "[flow][access]") {
  Signed node;
  Client client = node.flow->connect();
  const std::string cookie = "a=b; t=" + node.token("/pro/", 5);
  client.get("/pro/a", {{"Cookie", cookie}});
  node.flow->origin().answer(200, kFresh, "paid for");
  CHECK(client.answer().status == 200);
  CHECK(status_of(client, "/free/a", {{"Cookie", cookie}}) == 403);
  // Paths are compared in their normal form.
  CHECK(status_of(client, "/pro/../free/a", {{"Cookie", cookie}}) == 403);
  CHECK(status_of(client, "/pro/%2e%2e/free/a", {{"Cookie", cookie}}) == 403);
}

TEST_CASE("nobody but the node sees a token in a cookie or where the client comes from",
          "[flow][access]") {
  Signed node;
  Client client = node.flow->connect();
  const std::string token = node.token("/pro/", 5);
  client.get("/pro/a", {{"Cookie", "a=b; t=" + token + "; c=d"},
                        {"Referer", "https://node.test/pro/?t=" + token + "&x"}});
  const auto& fields = node.flow->origin().last().fields;
  CHECK(fields.at("cookie") == "a=b; c=d");
  CHECK(fields.at("referer") == "https://node.test/pro/?x");
}

TEST_CASE("a token is for reading", "[flow][access]") {
  Signed node;
  Client client = node.flow->connect();
  client.request("POST", "/a?t=" + node.token("/a"), {{"Content-Length", "0"}});
  CHECK(client.answer().status == 403);
  CHECK(node.counted(TokenVerdict::method) == 1);
}

TEST_CASE("a token is over when its time is", "[flow][access]") {
  Signed node;
  Client client = node.flow->connect();
  const std::string target = "/a?t=" + node.token("/a", {}, kPeer);
  client.get(target);
  node.flow->origin().answer(200, kFresh, "paid for");
  CHECK(client.answer().status == 200);
  node.flow->advance(std::chrono::minutes{59});
  client = node.flow->connect();
  client.get(target);
  node.flow->origin().answer(304, kFresh, "");
  CHECK(client.answer().status == 200);
  node.flow->advance(std::chrono::minutes{1});
  client = node.flow->connect();
  CHECK(status_of(client, target) == 403);
  CHECK(node.counted(TokenVerdict::expired) == 1);
}

TEST_CASE("a purge by URL reaches what was asked for with a token", "[flow][access]") {
  Signed node;
  Client client = node.flow->connect();
  client.get("/a?t=" + node.token("/a"));
  node.flow->origin().answer(200, kFresh, "paid for");
  client.answer();
  base::Arena arena;
  const auto key =
      node.flow->proxy().routing()->key_of("http://node.test/a?t=" + node.token("/a"), arena);
  REQUIRE(key);
  CHECK(key->text == "http://node.test/a");
}
