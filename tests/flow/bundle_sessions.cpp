// Clients that keep the versions of bundles that they began with.
#include <tests/support/bundle_flow.hpp>
#include <tests/support/key_file.hpp>

using namespace selvedge;
using namespace selvedge::test;
using namespace std::chrono_literals;

namespace {

const char* const kKeys = "k1 BsCXNGmw0iYl4FhWOi0jDA==\n";
const char* const kOtherKeys = "k1 AAAAAAAAAAAAAAAAAAAAAA==\n";

Flow::Options with_sessions(const KeyFile& keys) {
  Flow::Options options = bundles();
  options.route.bundles.sessions.enabled = true;
  options.route.bundles.sessions.key_file = keys.path();
  return options;
}

// What the client would send back.
std::string cookie_of(const Answer& answer) {
  const auto found = answer.fields.find("set-cookie");
  if (found == answer.fields.end()) return "";
  return found->second.substr(0, found->second.find(';'));
}

// Another version is released, and known.
void promote(Flow& flow) {
  flow.advance(61s);
  auto other = flow.connect();
  other.get("/acme-ui@latest/a.js"); // stored, and answered by the old index
  answer_index(flow, kNewer);
  other.answer();
}

} // namespace

TEST_CASE("a session keeps the version it began with", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(with_sessions(keys));
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "2.3.1");
  const Answer first = client.answer();
  CHECK(first.fields.at("cache-control") == "private, no-cache");
  const std::string attributes = first.fields.at("set-cookie");
  CHECK(attributes.find("; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax") != std::string::npos);
  const Fields session{{"cookie", "other=1; " + cookie_of(first)}};
  promote(flow);
  auto later = flow.connect();
  for (const char* target : {"/acme-ui@latest/a.js", "/acme-ui/a.js", "/acme-ui@%5E2.3/a.js"}) {
    CAPTURE(target);
    later.get(target, session);
    const Answer answer = later.answer();
    CHECK(answer.content == "2.3.1");
    CHECK(answer.fields.at("content-location") == "/acme-ui@2.3.1/a.js");
    CHECK_FALSE(answer.fields.contains("set-cookie"));
  }
  // Another session has what is released now, and so has who asks for what the pin is not.
  later.get("/acme-ui@latest/a.js");
  flow.origin().answer(200, kPlain, "2.5.0");
  CHECK(later.answer().content == "2.5.0");
  later.get("/acme-ui@%3E2.4/a.js", session);
  CHECK(later.answer().content == "2.5.0");
}

TEST_CASE("sessions are counted by the version that they hold", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(with_sessions(keys));
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  std::vector<std::string> cookies{cookie_of(client.answer())};
  for (int i = 0; i < 50; ++i) {
    client.get("/acme-ui@latest/a.js");
    cookies.push_back(cookie_of(client.answer()));
  }
  for (const std::string& cookie : cookies) { // the same ones again
    client.get("/acme-ui@2/a.js", {{"cookie", cookie}});
    client.answer();
  }
  client.get("/acme-ui@1.9.0/a.js"); // an exact version is nobody's session
  flow.origin().answer(200, kPlain, "a");
  client.answer();
  const auto rows = flow.sessions().rows(flow.worker().now().wall);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].kind == "acme-ui@2.3.1");
  CHECK(rows[0].this_hour > 50);
  CHECK(rows[0].this_hour < 52);
}

TEST_CASE("an answer with a pin is nobody else's, whatever it is", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(with_sessions(keys));
  auto client = flow.connect();
  client.get("/acme-ui@latest/gone.js");
  answer_index(flow);
  flow.origin().answer(404, {{"cache-control", "public, max-age=60"}}, "no");
  const Answer answer = client.answer();
  CHECK(answer.fields.contains("set-cookie"));
  CHECK(answer.fields.at("cache-control") == "private, no-cache");
}

TEST_CASE("a pin ends with its session, and a forged one is none", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(with_sessions(keys));
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "2.3.1");
  std::string cookie = cookie_of(client.answer());
  SECTION("forged") {
    promote(flow);
    cookie.back() = cookie.back() == 'A' ? 'Q' : 'A';
  }
  SECTION("of other keys") {
    promote(flow);
    const KeyFile other(kOtherKeys);
    Flow elsewhere(with_sessions(other));
    auto stranger = elsewhere.connect();
    stranger.get("/acme-ui@latest/a.js");
    elsewhere.origin().answer(200, kMinute, kIndex);
    elsewhere.settle();
    elsewhere.origin().answer(200, kPlain, "x");
    cookie = cookie_of(stranger.answer());
    REQUIRE_FALSE(cookie.empty());
  }
  SECTION("over") {
    promote(flow);
    flow.advance(25h); // and so is the index
  }
  auto later = flow.connect();
  later.get("/acme-ui@latest/a.js", {{"cookie", cookie}});
  if (flow.origin().last().target == "/acme-ui/index.json") answer_index(flow, kNewer);
  flow.settle();
  if (!later.has_answer()) flow.origin().answer(200, kPlain, "2.5.0");
  const Answer answer = later.answer();
  CHECK(answer.fields.at("content-location") == "/acme-ui@2.5.0/a.js");
  CHECK_FALSE(cookie_of(answer).empty()); // a session begins
}

TEST_CASE("one pin holds what a session has of several bundles and channels", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(with_sessions(keys));
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  std::string cookie = cookie_of(client.answer());
  client.get("/acme-ui@beta/a.js", {{"cookie", cookie}});
  flow.origin().answer(200, kPlain, "b");
  cookie = cookie_of(client.answer());
  client.get("/icons@1/i.svg", {{"cookie", cookie}});
  flow.origin().answer(200, kMinute, R"({"name": "icons", "versions": {"1.2.0": {}}})");
  flow.settle();
  flow.origin().answer(200, kPlain, "i");
  cookie = cookie_of(client.answer());
  promote(flow);
  auto later = flow.connect();
  for (const auto& [target, exact] : Fields{{"/acme-ui@latest/a.js", "/acme-ui@2.3.1/a.js"},
                                            {"/acme-ui@beta/a.js", "/acme-ui@3.0.0-b.1/a.js"},
                                            {"/icons@1/i.svg", "/icons@1.2.0/i.svg"}}) {
    later.get(target, {{"cookie", cookie}});
    CHECK(later.answer().fields.at("content-location") == exact);
  }
}

TEST_CASE("who cannot keep cookies has the pin in a field", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(with_sessions(keys));
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js", {{"selvedge-pin", ""}});
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  const Answer first = client.answer();
  CHECK_FALSE(first.fields.contains("set-cookie"));
  const std::string pin = first.fields.at("selvedge-pin");
  promote(flow);
  auto later = flow.connect();
  later.get("/acme-ui@latest/a.js", {{"selvedge-pin", pin}});
  CHECK(later.answer().content == "a");
}

TEST_CASE("a pin needs no index", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  std::string cookie;
  {
    Flow flow(with_sessions(keys));
    auto client = flow.connect();
    client.get("/acme-ui@latest/a.js");
    answer_index(flow);
    flow.origin().answer(200, kPlain, "a");
    cookie = cookie_of(client.answer());
  }
  Flow restarted(with_sessions(keys));
  auto client = restarted.connect();
  client.get("/acme-ui@latest/a.js", {{"cookie", cookie}});
  CHECK(restarted.origin().last().target == "/acme-ui/2.3.1/a.js");
  restarted.origin().answer(200, kPlain, "a");
  CHECK(client.answer().content == "a");
}

TEST_CASE("keys of sessions that cannot be read are said with their file", "[flow][bundles]") {
  const KeyFile keys("k1 short");
  CHECK_THROWS_WITH(Flow(with_sessions(keys)),
                    Catch::Contains(keys.path() + ": line 1: is no key"));
}
