// What is posted to /v1/releases:..., read: what is wrong is said in words.
#include <src/server/release_request.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge::server;

namespace {

std::string wrong(std::string_view content, ReleaseVerb verb = ReleaseVerb::publish) {
  const auto read = read_release_request(content, verb, {});
  const auto* text = std::get_if<std::string>(&read);
  return text != nullptr ? *text : "";
}

ReleaseRequest right(std::string_view content, ReleaseVerb verb = ReleaseVerb::publish) {
  const auto read =
      read_release_request(content, verb, std::chrono::sys_seconds(std::chrono::seconds(7)));
  INFO((std::holds_alternative<std::string>(read) ? std::get<std::string>(read) : ""));
  REQUIRE(std::holds_alternative<ReleaseRequest>(read));
  return std::get<ReleaseRequest>(read);
}

} // namespace

TEST_CASE("a release that is asked for is read", "[server]") {
  const auto request = right(R"({"bundles": ["@acme/ui@2.4.0", "icons@^3", "tokens"],
    "withdraw": ["old"], "channel": "beta", "warm": false, "who": "me", "why": "because",
    "url": "http://cdn/", "canary": {"percent": 2.5, "tiers": ["pro"], "regions": ["eu"]}})");
  REQUIRE(request.order.bundles.size() == 3);
  CHECK(request.order.bundles[0].name == "@acme/ui");
  CHECK(request.order.bundles[0].selector == "2.4.0");
  CHECK(request.order.bundles[1].selector == "^3");
  CHECK(request.order.bundles[2].selector.empty());
  CHECK(request.order.withdrawn == std::vector<std::string>{"old"});
  CHECK(request.order.channel == "beta");
  CHECK_FALSE(request.order.warm);
  CHECK(request.order.note.who == "me");
  CHECK(request.order.note.at.time_since_epoch().count() == 7);
  CHECK(request.url == "http://cdn/");
  REQUIRE(request.order.canary);
  CHECK(request.order.canary->permille == 25);
  CHECK(request.order.canary->tiers == std::vector<std::string>{"pro"});
  CHECK(right("", ReleaseVerb::promote).order.note.who == "admin API");
  CHECK(right(R"({"at_once": true})", ReleaseVerb::rollback).at_once);
}

TEST_CASE("a release that cannot be read is told why", "[server]") {
  CHECK(wrong("[1]").find("expected a JSON object") == 0);
  CHECK(wrong("{}").find("name what is to be released") == 0);
  CHECK(wrong(R"({"bundle": ["a@1.0.0"]})") == "unknown key 'bundle' (did you mean 'bundles'?)");
  CHECK(wrong(R"({"bundles": "a"})") == "'bundles' must be a list of at most 100 texts");
  CHECK(wrong(R"({"bundles": [1]})") == "'bundles' must be a text");
  CHECK(wrong(R"({"bundles": ["../x@1"]})") == "'../x@1' names no bundle: expected NAME@VERSION");
  CHECK(wrong(R"({"bundles": ["a@1", "a@2"]})") == "'a' is named twice");
  CHECK(wrong(R"({"bundles": ["a@1"], "channel": "1.2"})") == "'1.2' is no channel");
  CHECK(wrong(R"({"bundles": ["a@1"], "canary": {"percent": 101}})") ==
        "'canary.percent' must be a number from 0 to 100");
  CHECK(
      wrong(R"({"bundles": ["a@1"], "canary": {"tier": []}})").find("unknown key 'canary.tier'") ==
      0);
  CHECK(wrong(R"({"at_once": 1})", ReleaseVerb::rollback) == "'at_once' must be true or false");
  CHECK(wrong(R"({"bundles": []})", ReleaseVerb::promote).find("unknown key 'bundles'") == 0);
}
