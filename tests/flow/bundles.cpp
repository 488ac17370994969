// Versions of bundles in the delivery path: what selectors stand for, and where it is known from.
#include <tests/support/catch.hpp>
#include <tests/support/flow.hpp>
#include <tests/support/key_file.hpp>

using namespace selvedge;
using namespace selvedge::test;
using namespace std::chrono_literals;

namespace {

const Fields kPlain{{"content-type", "text/javascript"}};
const Fields kMinute{{"cache-control", "max-age=60"}};
const char* const kIndex =
    R"({"name": "acme-ui", "channels": {"latest": "2.3.1", "beta": "3.0.0-b.1"},
  "versions": {"1.9.0": {}, "2.3.0": {}, "2.3.1": {}, "2.4.0": {"yanked": true}, "3.0.0-b.1": {}}})";
const char* const kNewer = R"({"name": "acme-ui", "channels": {"latest": "2.5.0"},
  "versions": {"2.3.1": {}, "2.5.0": {}}})";

Flow::Options bundles() {
  Flow::Options options;
  options.route.bundles.enabled = true;
  return options;
}

// The index, and then whatever is asked for.
void answer_index(Flow& flow, const char* index = kIndex, const Fields& fields = kMinute) {
  REQUIRE(flow.origin().last().target == "/acme-ui/index.json");
  flow.origin().answer(200, fields, index);
  flow.settle();
}

Answer get(Flow& flow, Client& client, const std::string& target) {
  const std::size_t before = flow.origin().fetches();
  client.get(target);
  if (flow.origin().fetches() > before)
    flow.origin().answer(200, kPlain, flow.origin().last().target);
  return client.answer();
}

} // namespace

TEST_CASE("an exact version is asked for where the origin has it, for a year", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/@acme/ui@2.3.1/dist/a%20b.js?x=1");
  CHECK(flow.origin().last().target == "/@acme/ui/2.3.1/dist/a%20b.js?x=1");
  flow.origin().answer(200, kMinute, "content");
  const Answer first = client.answer();
  CHECK(first.content == "content");
  CHECK(first.fields.at("cache-control") == "public, max-age=31536000, immutable");
  CHECK_FALSE(first.fields.contains("content-location"));
  CHECK(flow.origin().fetches() == 1); // no index is needed
}

TEST_CASE("the folder of a version is its manifest", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@2.3.1/");
  CHECK(flow.origin().last().target == "/acme-ui/2.3.1/bundle.json");
  flow.origin().answer(200, kPlain, "{}");
  CHECK(client.answer().content == "{}");
  client.get("/acme-ui@2.3.1");
  CHECK(client.answer().fields.at("cache-status").find("hit") != std::string::npos);
}

TEST_CASE("ranges and channels stand for versions", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@%5E2.3/a.js");
  answer_index(flow);
  CHECK(flow.origin().last().target == "/acme-ui/2.3.1/a.js");
  flow.origin().answer(200, {{"cache-control", "max-age=31536000, immutable"}}, "a");
  const Answer answer = client.answer();
  CHECK(answer.content == "a");
  CHECK(answer.fields.at("content-location") == "/acme-ui@2.3.1/a.js");
  CHECK(answer.fields.at("cache-control") == "public, max-age=60");
  // They are one stored response, whoever asks.
  for (const char* target : {"/acme-ui@latest/a.js", "/acme-ui/a.js", "/acme-ui@2/a.js",
                             "/acme-ui@2.3.1/a.js", "/acme-ui@%3E%3D2%20%3C3/a.js"}) {
    CAPTURE(target);
    client.get(target);
    CHECK(client.answer().fields.at("cache-status").find("hit") != std::string::npos);
  }
  CHECK(flow.origin().fetches() == 2);
  CHECK(get(flow, client, "/acme-ui@beta/a.js").content == "/acme-ui/3.0.0-b.1/a.js");
  CHECK(get(flow, client, "/acme-ui@1/a.js").content == "/acme-ui/1.9.0/a.js");
  CHECK(get(flow, client, "/acme-ui@2.4.0/a.js").content == "/acme-ui/2.4.0/a.js"); // yanked
  CHECK(get(flow, client, "/acme-ui@%3E2.3.1/a.js").status == 404);
  CHECK(get(flow, client, "/acme-ui@nightly/a.js").status == 404);
}

TEST_CASE("a redirect says which version it is", "[flow][bundles]") {
  Flow::Options options = bundles();
  options.route.bundles.selectors = proxy::SelectorAnswer::redirect;
  Flow flow(options);
  auto client = flow.connect();
  client.get("/acme-ui@2/a.js?q");
  answer_index(flow);
  const Answer answer = client.answer();
  CHECK(answer.status == 307);
  CHECK(answer.fields.at("location") == "/acme-ui@2.3.1/a.js?q");
  CHECK(answer.fields.at("cache-control") == "public, max-age=60");
  CHECK(get(flow, client, "/acme-ui@2.3.1/a.js").status == 200);
}

TEST_CASE("all who wait for an index wait for one fetch", "[flow][bundles]") {
  Flow flow(bundles());
  auto first = flow.connect(), second = flow.connect(), gone = flow.connect();
  first.get("/acme-ui@2/a.js");
  second.get("/acme-ui@1/a.js");
  gone.get("/acme-ui@beta/a.js");
  gone.close();
  CHECK(flow.origin().fetches() == 1);
  answer_index(flow);
  REQUIRE(flow.origin().fetches() == 3);
  flow.origin().answer(200, kPlain, "2");
  flow.origin().answer(200, kPlain, "1");
  CHECK(first.answer().content == "2");
  CHECK(second.answer().content == "1");
}

TEST_CASE("an index that is no longer fresh is used while another is fetched", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "old");
  CHECK(client.answer().content == "old");
  flow.advance(61s);
  auto later = flow.connect();
  later.get("/acme-ui@latest/a.js");
  CHECK(later.answer().content == "old"); // at once
  REQUIRE(flow.origin().fetches() == 3);
  answer_index(flow, kNewer);
  CHECK(get(flow, later, "/acme-ui@latest/a.js").content == "/acme-ui/2.5.0/a.js");
  CHECK(flow.proxy().counters().indexes.value() == 2);
}

TEST_CASE("while the origin is away the last index stays in force, for its time",
          "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  client.answer();
  const auto ask = [&flow](const Answer& expected) {
    auto later = flow.connect();
    later.get("/acme-ui@latest/a.js");
    const Answer answer = later.answer();
    CHECK(answer.status == expected.status);
    CHECK(answer.content == expected.content);
  };
  flow.advance(3600s);
  ask({200, {}, "a"});
  flow.origin().fail(base::ErrorCode::connect_refused);
  ask({200, {}, "a"});
  CHECK(flow.proxy().counters().indexes_failed.value() == 1);
  flow.advance(3s);
  ask({200, {}, "a"});
  flow.origin().answer(503, {}, "no");
  flow.settle();
  CHECK(flow.proxy().counters().indexes_failed.value() == 2);
  flow.advance(24h);
  auto last = flow.connect();
  last.get("/acme-ui@latest/a.js");
  flow.origin().fail(base::ErrorCode::connect_refused);
  CHECK(last.answer().status == 502);
}

TEST_CASE("what is no index leaves the last one in force", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  client.answer();
  flow.advance(61s);
  auto later = flow.connect();
  later.get("/acme-ui@latest/a.js");
  answer_index(flow, R"({"name": "another", "versions": {}})");
  later.answer();
  later.get("/acme-ui@latest/a.js");
  CHECK(later.answer().content == "a");
  CHECK(flow.proxy().counters().indexes_bad.value() == 1);
}

TEST_CASE("without an index, what is wrong is an error and is asked for again", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  SECTION("no JSON") {
    answer_index(flow, "{", {});
    CHECK(client.answer().status == 502);
  }
  SECTION("the origin's error") {
    flow.origin().answer(500, {}, "");
    CHECK(client.answer().status == 502);
  }
  SECTION("no connection") {
    flow.origin().fail(base::ErrorCode::connect_timeout);
    CHECK(client.answer().status == 504);
  }
  client.get("/acme-ui@latest/a.js");
  CHECK(client.answer().status >= 500);
  CHECK(flow.origin().fetches() == 1); // not for each request
  flow.advance(3s);
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  CHECK(client.answer().content == "a");
}

TEST_CASE("a bundle that is not there is looked for again after a while", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  flow.origin().answer(404, {}, "no");
  CHECK(client.answer().status == 404);
  client.get("/acme-ui@1/a.js");
  CHECK(client.answer().status == 404);
  CHECK(flow.origin().fetches() == 1);
  flow.advance(11s);
  client.get("/acme-ui@1/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  CHECK(client.answer().content == "a");
}

TEST_CASE("paths that name no bundle are not there", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  for (const char* target : {"/", "/Acme/x", "/@acme", "/.hidden/x", "/%2e%2e/"}) {
    CAPTURE(target);
    client.get(target);
    CHECK(client.answer().status == 404);
  }
  client.request("DELETE", "/acme-ui@1.0.0/a.js");
  CHECK(client.answer().status == 405);
  CHECK(flow.origin().fetches() == 0);
}

TEST_CASE("bundles below a prefix are there at the origin, too", "[flow][bundles]") {
  Flow::Options options = bundles();
  options.route.prefix = "/cdn/";
  Flow flow(options);
  auto client = flow.connect();
  client.get("/cdn/acme-ui@latest/a.js");
  CHECK(flow.origin().last().target == "/cdn/acme-ui/index.json");
  flow.origin().answer(200, kMinute, kIndex);
  flow.settle();
  CHECK(flow.origin().last().target == "/cdn/acme-ui/2.3.1/a.js");
  flow.origin().answer(200, kPlain, "a");
  CHECK(client.answer().fields.at("content-location") == "/cdn/acme-ui@2.3.1/a.js");
}

TEST_CASE("what is not for everybody is not kept for a year", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@2.3.1/mine.json");
  flow.origin().answer(200, {{"cache-control", "private, max-age=5"}}, "mine");
  CHECK(client.answer().fields.at("cache-control") == "private, max-age=5");
  client.get("/acme-ui@2.3.1/gone.js");
  flow.origin().answer(404, kMinute, "no");
  CHECK(client.answer().fields.at("cache-control") == "max-age=60");
}

TEST_CASE("an asset is purged by the URL of its exact version", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@2.3.1/a.js");
  flow.origin().answer(200, kPlain, "wrong");
  client.answer();
  proxy::PurgeRequest wanted;
  wanted.urls = {"http://node.test/acme-ui@2.3.1/a.js"};
  CHECK(flow.purge(wanted).matched == 1);
  client.get("/acme-ui@2.3.1/a.js");
  flow.origin().answer(200, kPlain, "right");
  CHECK(client.answer().content == "right");
}

TEST_CASE("the log has the path that was asked for", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@2.3.1/a.js");
  flow.origin().answer(200, kPlain, "a");
  client.answer();
  const proxy::AccessRecord* record = flow.log().front();
  REQUIRE(record != nullptr);
  CHECK(record->get(proxy::AccessRecord::target) == "/acme-ui@2.3.1/a.js");
}

TEST_CASE("very many names cost bounded memory", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  for (int i = 0; i < 5000; ++i) {
    client.get("/nobody-" + std::to_string(i) + "/x");
    flow.origin().answer(404, {}, "");
    REQUIRE(client.answer().status == 404);
  }
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  CHECK(client.answer().content == "a");
}

// --- sessions

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
  CHECK(first.fields.at("cache-control") == "private, max-age=60");
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
