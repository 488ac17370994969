// A release as it is prepared: what it needs is found, what pages begin with is fetched, and then
// all of it is in force, or nothing. And what the origin releases.
#include <tests/support/bundle_world.hpp>
#include <tests/support/key_file.hpp>

#include <nlohmann/json.hpp>

using namespace selvedge;
using namespace selvedge::test;
using namespace std::chrono_literals;
using proxy::ReleaseProgress;

namespace {

const char* const kUrl = "http://node.test/";

Flow::Options releasing(bool follow = false) {
  Flow::Options options = bundles();
  options.route.bundles.integrity = proxy::Integrity::verify;
  options.route.bundles.releases.follow = follow;
  return options;
}

BundleWorld world_of_two() {
  BundleWorld world;
  world.add("tokens", "1.0.0");
  world.add("tokens", "1.1.0");
  world.add("ui", "1.0.0", {{"tokens", "~1.0.0"}});
  world.add("ui", "2.0.0", {{"tokens", "^1.0.0"}});
  return world;
}

ReleaseProgress::View publish(Flow& flow, const BundleWorld& world,
                              std::vector<proxy::ReleaseOrder::Bundle> bundles) {
  proxy::ReleaseOrder order;
  order.bundles = std::move(bundles);
  const auto progress = std::make_shared<ReleaseProgress>();
  flow.proxy().begin_release(kUrl, std::move(order), progress);
  world.answer(flow);
  return progress->view();
}

std::string content_of(Flow& flow, const BundleWorld& world, const std::string& target) {
  auto client = flow.connect();
  client.get(target);
  world.answer(flow);
  return client.answer().content;
}

} // namespace

TEST_CASE("a release brings what it needs, and what pages begin with", "[flow][bundles]") {
  Flow flow(releasing());
  const BundleWorld world = world_of_two();
  const auto view = publish(flow, world, {{"ui", "1.0.0"}});
  CHECK(view.problem.empty());
  REQUIRE(view.state == ReleaseProgress::State::done);
  CHECK(view.release == 1);
  CHECK(view.bundles == 2);
  CHECK(view.warmed == 2);
  const std::size_t fetches = flow.origin().fetches();
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 1.0.0 a.js");
  CHECK(content_of(flow, world, "/tokens@1/a.js") == "tokens 1.0.0 a.js"); // not the newest
  CHECK(flow.origin().fetches() == fetches);                               // both are there
}

TEST_CASE("what a selector stands for at the origin may be released", "[flow][bundles]") {
  Flow flow(releasing());
  const BundleWorld world = world_of_two();
  CHECK(publish(flow, world, {{"ui", "^1"}}).state == ReleaseProgress::State::done);
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 1.0.0 a.js");
  CHECK(publish(flow, world, {{"ui", "latest"}}).state == ReleaseProgress::State::done);
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 2.0.0 a.js");
}

TEST_CASE("what cannot be whole is not released, and nothing changes", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}}).state == ReleaseProgress::State::done);
  const auto before = flow.board().log();
  std::string expected;
  std::vector<proxy::ReleaseOrder::Bundle> bundles{{"ui", "2.0.0"}};
  SECTION("an entry is missing") {
    world.files.erase("/ui/2.0.0/a.js");
    expected = "/ui/2.0.0/a.js cannot be had: the origin answers 404";
  }
  SECTION("an entry is something else") {
    world.files["/ui/2.0.0/a.js"] = "ui 2.0.0 b.js";
    expected = "/ui/2.0.0/a.js cannot be had: mismatch";
  }
  SECTION("a manifest is broken") {
    world.files["/ui/2.0.0/bundle.json"] = "{";
    expected = "ui@2.0.0 cannot be had: it is no JSON at line 1, column 2";
  }
  SECTION("a dependency has no version") {
    world.add("ui", "2.0.0", {{"tokens", "^2"}});
    expected = "ui@2.0.0 needs tokens ^2, but no version of it is admitted";
  }
  SECTION("a bundle is not there") {
    bundles = {{"none", "latest"}};
    expected = "there is no bundle 'none' at the origin";
  }
  SECTION("no version is what a selector stands for") {
    bundles = {{"ui", "^7"}};
    expected = "ui@^7 is no version that the index of ui has";
  }
  SECTION("it is in force already") {
    bundles = {{"ui", "1.0.0"}};
    expected = "that is in force already";
  }
  const auto view = publish(flow, world, bundles);
  CHECK(view.state == ReleaseProgress::State::failed);
  CHECK(view.problem == expected);
  CHECK(flow.board().log() == before);
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 1.0.0 a.js");
}

TEST_CASE("two releases at once: one is made on top of the other", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  world.add("icons", "1.0.0");
  const auto one = std::make_shared<ReleaseProgress>(), two = std::make_shared<ReleaseProgress>();
  proxy::ReleaseOrder order;
  order.bundles = {{"ui", "1.0.0"}};
  flow.proxy().begin_release(kUrl, order, one);
  order.bundles = {{"icons", "1.0.0"}};
  flow.proxy().begin_release(kUrl, order, two);
  world.answer(flow);
  CHECK(one->view().state == ReleaseProgress::State::done);
  CHECK(two->view().state == ReleaseProgress::State::done);
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 1.0.0 a.js");
  CHECK(content_of(flow, world, "/icons/a.js") == "icons 1.0.0 a.js");
}

TEST_CASE("releases of others stay, and share what they need", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  world.add("forms", "1.0.0", {{"tokens", "^1.0.0"}});
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}}).problem.empty());
  REQUIRE(publish(flow, world, {{"forms", "1.0.0"}}).problem.empty());
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 1.0.0 a.js");
  CHECK(content_of(flow, world, "/tokens/a.js") == "tokens 1.0.0 a.js"); // that of ui
  REQUIRE(publish(flow, world, {{"tokens", "1.1.0"}, {"ui", "2.0.0"}}).problem.empty());
  CHECK(content_of(flow, world, "/tokens/a.js") == "tokens 1.1.0 a.js");
}

TEST_CASE("a route that is not there releases nothing", "[flow][bundles]") {
  Flow flow;
  const auto progress = std::make_shared<ReleaseProgress>();
  flow.proxy().begin_release(kUrl, {}, progress);
  CHECK(progress->view().problem == "no route of bundles is at http://node.test/");
}

// --- the origin releases

TEST_CASE("a channel that moves at the origin is a release", "[flow][bundles]") {
  Flow flow(releasing(true));
  BundleWorld world;
  world.add("tokens", "1.0.0");
  world.add("ui", "1.0.0", {{"tokens", "^1.0.0"}});
  const auto ui = [&] { return content_of(flow, world, "/ui/a.js"); };
  CHECK(ui() == "ui 1.0.0 a.js"); // by the index; from now on it is followed
  flow.advance(2s);
  CHECK(ui() == "ui 1.0.0 a.js");
  REQUIRE(flow.board().log()->releases().size() == 1);
  CHECK(flow.board().log()->releases().back().kind == bundle::ReleaseKind::origin);
  CHECK(flow.board().log()->followed("latest", "ui")->version == "1.0.0");
  // A dependency that only the new version takes.
  world.add("tokens", "2.0.0");
  world.add("ui", "2.0.0", {{"tokens", "^2.0.0"}});
  for (int i = 0; i < 4; ++i) {
    flow.advance(31s);
    ui();
  }
  CHECK(ui() == "ui 2.0.0 a.js");
  CHECK(content_of(flow, world, "/tokens/a.js") == "tokens 2.0.0 a.js");
  const auto log = flow.board().log();
  const auto moved =
      std::ranges::find(log->releases(), "moved there from 1.0.0", &bundle::Release::why);
  REQUIRE(moved != log->releases().end());
  CHECK(moved->changes == std::vector<bundle::ReleaseChange>{{"ui", "1.0.0", "2.0.0"}});
}

TEST_CASE("what the origin breaks is not released", "[flow][bundles]") {
  Flow flow(releasing(true));
  BundleWorld world = world_of_two();
  const auto ui = [&] { return content_of(flow, world, "/ui/a.js"); };
  const auto wait = [&] {
    for (int i = 0; i < 4; ++i) {
      flow.advance(31s);
      ui();
    }
  };
  ui();
  wait();
  world.add("ui", "3.0.0");
  const std::string content = std::exchange(world.files["/ui/3.0.0/a.js"], "broken");
  wait();
  CHECK(ui() == "ui 2.0.0 a.js");
  world.files["/ui/3.0.0/a.js"] = content;
  wait();
  CHECK(ui() == "ui 3.0.0 a.js");
}

TEST_CASE("what was released by hand stays until the origin moves", "[flow][bundles]") {
  Flow flow(releasing(true));
  BundleWorld world = world_of_two();
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}}).problem.empty());
  const auto ui = [&] {
    flow.advance(61s);
    content_of(flow, world, "/ui/a.js");
    flow.advance(2s);
    return content_of(flow, world, "/ui/a.js");
  };
  CHECK(ui() == "ui 1.0.0 a.js");
  CHECK(ui() == "ui 1.0.0 a.js");
  world.add("ui", "2.1.0");
  ui();
  CHECK(ui() == "ui 2.1.0 a.js");
}

TEST_CASE("a rollback goes past what others asked for first", "[flow][bundles]") {
  Flow flow(releasing(true));
  BundleWorld world = world_of_two();
  world.add("icons", "1.0.0");
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}}).problem.empty());
  REQUIRE(publish(flow, world, {{"ui", "2.0.0"}}).problem.empty());
  for (int i = 0; i < 3; ++i) { // anybody
    content_of(flow, world, "/icons/a.js");
    flow.advance(2s);
  }
  REQUIRE(flow.board().log()->followed("latest", "icons") != nullptr);
  REQUIRE(flow.board()
              .change([](const bundle::ReleaseLog& log) { return log.rollback({}, true); })
              .problem.empty());
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 1.0.0 a.js");
  CHECK(content_of(flow, world, "/icons/a.js") == "icons 1.0.0 a.js");
}

TEST_CASE("what was released stays, though its manifest is gone at the origin", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  world.add("old", "1.0.0", {{"tokens", "1"}});
  REQUIRE(publish(flow, world, {{"old", "1.0.0"}}).problem.empty());
  flow.purge({.everything = true});
  world.files.erase("/old/1.0.0/bundle.json");
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}}).problem.empty());
  REQUIRE(publish(flow, world, {{"tokens", "1.0.0"}}).problem.empty());
  CHECK(flow.board().log()->stable()->of_channel("old", "") == "1.0.0");
  CHECK(flow.board().log()->stable()->of_channel("tokens", "") == "1.0.0");
}

TEST_CASE("an index that is purged while the origin is away is asked for once in a while",
          "[flow][bundles]") {
  Flow flow(releasing());
  const BundleWorld world = world_of_two();
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 2.0.0 a.js");
  flow.purge({.everything = true});
  const std::size_t fetches = flow.origin().fetches();
  auto client = flow.connect(), other = flow.connect();
  client.get("/ui/a.js");
  other.get("/ui/a.js");
  flow.origin().fail(base::ErrorCode::connect_refused);
  CHECK(client.answer().status == 502);
  CHECK(other.answer().status == 502);
  CHECK(flow.origin().fetches() == fetches + 1);
  flow.advance(3s);
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 2.0.0 a.js");
  // Stale is better than nothing.
  flow.purge({.everything = true, .soft = true});
  auto later = flow.connect();
  later.get("/ui@^2/a.js");
  while (flow.origin().waiting() != nullptr) {
    flow.origin().fail(base::ErrorCode::connect_refused);
    flow.settle();
  }
  CHECK(later.answer().status == 200);
}

TEST_CASE("a closure is told whole or not at all", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  auto client = flow.connect();
  client.get("/ui@1.0.0/?closure");
  while (const ScriptedOrigin::Fetch* fetch = flow.origin().waiting()) {
    if (fetch->target.starts_with("/tokens/")) {
      flow.origin().fail(base::ErrorCode::connect_refused);
    } else {
      flow.origin().answer(200, kMinute, world.files.at(fetch->target));
    }
    flow.settle();
  }
  CHECK(client.answer().status == 502);
  flow.advance(3s);
  CHECK(content_of(flow, world, "/ui@1.0.0/?closure").find("tokens@1.0.0") != std::string::npos);
}

TEST_CASE("what somebody needs in another version is not what a channel stands for",
          "[flow][bundles]") {
  Flow flow(releasing(true));
  BundleWorld world;
  world.add("lit", "3.2.1");
  world.add("ui", "1.0.0", {{"lit", "^3.0.0"}});
  REQUIRE(publish(flow, world, {{"lit", "3.2.1"}, {"ui", "1.0.0"}}).problem.empty());
  world.add("lit", "4.0.0");
  world.point("lit", "latest", "3.2.1");
  world.add("icons", "1.0.0", {{"lit", "^4.0.0"}});
  for (int i = 0; i < 3; ++i) {
    content_of(flow, world, "/icons/a.js"); // asked for first by anybody
    flow.advance(2s);
  }
  CHECK(flow.board().log()->stable()->of_channel("icons", "") == "1.0.0");
  CHECK(content_of(flow, world, "/lit/a.js") == "lit 3.2.1 a.js");
  CHECK(content_of(flow, world, "/lit@^4/a.js") == "lit 4.0.0 a.js");
}

TEST_CASE("a dependency that moves at the origin is what a rollback takes back",
          "[flow][bundles]") {
  Flow flow(releasing(true));
  BundleWorld world;
  world.add("lit", "3.2.1");
  world.add("ui", "1.0.0", {{"lit", "^3.0.0"}});
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}}).problem.empty());
  const auto wait = [&] {
    for (int i = 0; i < 4; ++i) {
      content_of(flow, world, "/lit/a.js");
      flow.advance(31s);
    }
    return content_of(flow, world, "/lit/a.js");
  };
  CHECK(wait() == "lit 3.2.1 a.js");
  world.add("lit", "3.3.0");
  CHECK(wait() == "lit 3.3.0 a.js");
  REQUIRE(flow.board()
              .change([](const bundle::ReleaseLog& log) { return log.rollback({}, true); })
              .problem.empty());
  CHECK(content_of(flow, world, "/lit/a.js") == "lit 3.2.1 a.js");
  CHECK(content_of(flow, world, "/ui/a.js") == "ui 1.0.0 a.js");
}

// --- closures

TEST_CASE("a closure is one answer that fits together", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  world.add("old", "1.0.0", {{"tokens", "~1.0.0"}});
  world.add("ui", "3.0.0", {{"tokens", "^1.0.0"}, {"old", "1"}});
  const auto answer = [&](const std::string& target) {
    auto client = flow.connect();
    client.get(target);
    world.answer(flow);
    return client.answer();
  };
  const Answer found = answer("/ui@%5E3/?closure");
  REQUIRE(found.status == 200);
  CHECK(found.fields.at("content-type") == "application/json");
  CHECK(found.fields.at("cache-control") == "public, max-age=60");
  CHECK(found.fields.at("content-location") == "/ui@3.0.0/?closure");
  const auto closure = nlohmann::json::parse(found.content);
  CHECK(closure["name"] == "ui");
  CHECK(closure["version"] == "3.0.0");
  CHECK(closure["bundles"].size() == 4);
  CHECK(closure["bundles"][0]["dependencies"] ==
        nlohmann::json({{"old", "1.0.0"}, {"tokens", "1.1.0"}}));
  CHECK(closure["importmap"]["imports"]["tokens"] == "/tokens@1.1.0/a.js");
  CHECK(closure["importmap"]["imports"]["tokens/"] == "/tokens@1.1.0/");
  CHECK(closure["importmap"]["scopes"]["/old@1.0.0/"]["tokens"] == "/tokens@1.0.0/a.js");
  CHECK(closure["conflicts"]["tokens"].size() == 2);
  CHECK(closure["missing"].empty());
  // It is made once.
  const std::size_t fetches = flow.origin().fetches();
  CHECK(answer("/ui@3.0.0/?closure").content == found.content);
  CHECK(answer("/ui@3.0.0/?closure").fields.at("cache-control") == "public, max-age=60");
  CHECK(flow.origin().fetches() == fetches);
  CHECK(answer("/ui@9.9.9/?closure").status == 404);
  CHECK(answer("/none@1.0.0/?closure").status == 404);
  world.files["/bad/1.0.0/bundle.json"] = "[]";
  CHECK(answer("/bad@1.0.0/?closure").status == 502);
}

TEST_CASE("the closure of what was released is what was released", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  REQUIRE(publish(flow, world, {{"tokens", "1.0.0"}, {"ui", "2.0.0"}}).problem.empty());
  const auto closure = nlohmann::json::parse(content_of(flow, world, "/ui/?closure"));
  CHECK(closure["importmap"]["imports"]["tokens/"] == "/tokens@1.0.0/");
}

// --- purges

TEST_CASE("a purge of a version reaches what was released with it", "[flow][bundles]") {
  Flow flow(releasing());
  BundleWorld world = world_of_two();
  world.add("icons", "1.0.0");
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}, {"icons", "1.0.0"}}).problem.empty());
  flow.purge({.bundles = {"tokens@1.0.0"}});
  const auto is_hit = [&](const std::string& target) {
    auto client = flow.connect();
    client.get(target);
    world.answer(flow);
    return client.answer().fields.at("cache-status").find("; hit") != std::string::npos;
  };
  CHECK_FALSE(is_hit("/tokens@1.0.0/a.js"));
  CHECK_FALSE(is_hit("/ui@1.0.0/a.js"));
  CHECK(is_hit("/icons@1.0.0/a.js"));
  CHECK(is_hit("/ui@1.0.0/a.js"));
  // A manifest that was mended is read again.
  world.add("icons", "1.0.0", {{"tokens", "1"}});
  flow.purge({.bundles = {"icons"}});
  const auto closure = nlohmann::json::parse(content_of(flow, world, "/icons@1.0.0/?closure"));
  CHECK(closure["bundles"].size() == 2);
}

TEST_CASE("what is released is evicted after everything that is not", "[flow][bundles]") {
  Flow::Options options = releasing();
  options.route.bundles.integrity = proxy::Integrity::off;
  options.store.size = 4u << 20;
  Flow flow(options);
  flow.board().change([](const bundle::ReleaseLog& log) {
    return log.publish({}, "latest", {{{"ui", "1.0.0", {}}}, {{"ui", {{"1.0.0"}}}}}, {});
  });
  auto client = flow.connect();
  const auto fetch = [&](const std::string& target) {
    client.get(target);
    const bool is_asked = flow.origin().waiting() != nullptr;
    if (is_asked) flow.origin().answer(200, kMinute, std::string(100'000, 'x'));
    client.answer();
    return is_asked;
  };
  for (int i = 0; i < 10; ++i) fetch("/ui@1.0.0/" + std::to_string(i) + ".js");
  // Asked for once, and then much more that is asked for again and again.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 60; ++i) fetch("/other@1.0.0/" + std::to_string(i) + ".js");
  }
  for (int i = 0; i < 10; ++i) CHECK_FALSE(fetch("/ui@1.0.0/" + std::to_string(i) + ".js"));
  // Not any more.
  flow.board().change([](const bundle::ReleaseLog& log) { return log.rollback({}, true); });
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 60; ++i) fetch("/other@1.0.0/" + std::to_string(i) + ".js");
  }
  int gone = 0;
  for (int i = 0; i < 10; ++i) gone += fetch("/ui@1.0.0/" + std::to_string(i) + ".js") ? 1 : 0;
  // Of a stripe that has its turn; with forty objects in 64 stripes not each of them does.
  CHECK(gone > 0);
}

// --- hints

TEST_CASE("who begins a page is told what it needs next, and finds it there", "[flow][bundles]") {
  Flow::Options options = releasing();
  options.route.early_hints = true;
  Flow flow(options);
  BundleWorld world;
  world.add("tokens", "1.0.0");
  world.add("lit", "3.0.0", {{"tokens", "1"}});
  world.add("ui", "1.0.0", {{"lit", "3"}});
  world.require("ui", "1.0.0", "a.js", "lit:");
  world.require("lit", "3.0.0", "a.js", "tokens:a.js");
  REQUIRE(publish(flow, world, {{"ui", "1.0.0"}}).problem.empty());
  const std::string links = "</lit@3.0.0/a.js>; rel=modulepreload, "
                            "</tokens@1.0.0/a.js>; rel=modulepreload";
  const auto ask = [&](const std::string& target) {
    auto client = flow.connect();
    client.get(target);
    world.answer(flow);
    return client.wire().from_node;
  };
  const std::string hit = ask("/ui/a.js");
  CHECK(hit.find("HTTP/1.1 200") == 0);
  CHECK(hit.find("link: " + links) != std::string::npos);
  CHECK(ask("/tokens/a.js").find("link: ") == std::string::npos); // no page begins with it
  flow.purge({.urls = {"http://node.test/ui@1.0.0/a.js", "http://node.test/lit@3.0.0/a.js",
                       "http://node.test/tokens@1.0.0/a.js"}});
  flow.advance(61s);
  auto client = flow.connect();
  client.get("/ui/a.js");
  world.answer(flow);
  const std::string miss = client.wire().from_node;
  CHECK(miss.find("HTTP/1.1 103") == 0);
  CHECK(miss.find("link: " + links) != std::string::npos);
  const std::size_t fetches = flow.origin().fetches();
  CHECK(content_of(flow, world, "/lit/a.js") == "lit 3.0.0 a.js");
  CHECK(content_of(flow, world, "/tokens/a.js") == "tokens 1.0.0 a.js");
  CHECK(flow.origin().fetches() == fetches);
}
