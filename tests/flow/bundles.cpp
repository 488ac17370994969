// Versions of bundles in the delivery path: what selectors stand for, and where it is known from.
#include <tests/support/bundle_flow.hpp>

using namespace selvedge;
using namespace selvedge::test;
using namespace std::chrono_literals;

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

TEST_CASE("what a JSON number cannot hold is a bad index, not an end", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow, R"({"name": "acme-ui", "versions": {}, "x": 1e999})");
  CHECK(client.answer().status == 502);
  CHECK(flow.proxy().counters().indexes_bad.value() == 1);
}

TEST_CASE("each host has bundles of its own", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.send("GET /acme-ui@latest/a.js HTTP/1.1\r\nHost: bogus.test\r\n\r\n");
  flow.origin().answer(404, {}, "");
  CHECK(client.answer().status == 404);
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  CHECK(client.answer().content == "a");
}

TEST_CASE("a request that is refused while it waits for an index is answered once",
          "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.wire().room = 0; // the client does not read: the stream stays
  client.send("GET /acme-ui@latest/a.js HTTP/1.1\r\nHost: node.test\r\n"
              "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n");
  answer_index(flow);
  client.wire().room = std::string::npos;
  MemoryTransport::poke(flow.worker(), client.shared_wire());
  flow.settle();
  CHECK(client.answer().status == 400);
}

TEST_CASE("validators of another version say nothing", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, {{"etag", "\"1\""}, {"last-modified", "Mon, 01 Dec 2025 00:00:00 GMT"}},
                       "older");
  client.answer();
  // The client has what `latest` was before a rollback.
  client.get("/acme-ui@latest/a.js", {{"if-modified-since", "Mon, 15 Dec 2025 00:00:00 GMT"}});
  CHECK(client.answer().content == "older");
  client.get("/acme-ui@latest/a.js", {{"if-none-match", "\"1\""}});
  CHECK(client.answer().status == 200);
  client.get("/acme-ui@2.3.1/a.js", {{"if-none-match", "\"1\""}});
  CHECK(client.answer().status == 304);
}

TEST_CASE("an old asset is as fresh as its selector", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  client.answer();
  flow.advance(50s);
  client.get("/acme-ui@latest/a.js");
  const Answer answer = client.answer();
  CHECK(answer.fields.at("age") == "50");
  CHECK(answer.fields.at("cache-control") == "public, max-age=110"); // 60 s from now
}

TEST_CASE("whatever says that it is for one client stays so", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  const Fields control =
      GENERATE(Fields{{"cache-control", "Private"}}, Fields{{"cache-control", "No-Store"}},
               Fields{{"cache-control", "private"}, {"cache-control", "max-age=60"}},
               Fields{{"set-cookie", "id=1"}});
  client.get("/acme-ui@2.3.1/mine.json");
  flow.origin().answer(200, control, "mine");
  const Answer answer = client.answer();
  const auto said = answer.fields.find("cache-control");
  CHECK((said == answer.fields.end() || said->second.find("public") == std::string::npos));
  client.get("/acme-ui@2.3.1/secret.js", {{"authorization", "Bearer x"}});
  flow.origin().answer(200, kMinute, "secret");
  CHECK(client.answer().fields.at("cache-control") == "max-age=60");
}

TEST_CASE("selectors that no one writes cost nothing", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@" + std::string(65, '1') + "/a.js");
  CHECK(client.answer().status == 404);
  CHECK(flow.origin().fetches() == 0);
}

TEST_CASE("the store's last index is used by a node that knows no other", "[flow][bundles]") {
  Flow flow(bundles());
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  client.answer();
  flow.advance(3600s);
  flow.reload(); // what workers had in mind is gone
  auto later = flow.connect();
  later.get("/acme-ui@latest/a.js");
  flow.origin().fail(base::ErrorCode::connect_refused);
  CHECK(later.answer().content == "a");
}

TEST_CASE("an index is not fetched for who may not have the asset", "[flow][bundles][policy]") {
  Flow::Options options = bundles();
  policy::PolicyOptions& policy = options.policy.emplace();
  policy::TierOptions tier;
  tier.name = "free";
  policy.tiers = {tier};
  policy::RuleOptions& rule = policy.rules.emplace_back();
  rule.name = "no";
  SECTION("turned away") {
    rule.then.shed.status = 503;
  }
  SECTION("hits only") {
    rule.then.hits_only = policy::Choice::yes;
  }
  Flow flow(options);
  auto client = flow.connect();
  client.get("/acme-ui@latest/a.js");
  CHECK(client.answer().status == 503);
  CHECK(flow.origin().fetches() == 0);
}
