// What was released: for whom, from when on, and how it is taken back.
#include <tests/support/bundle_flow.hpp>
#include <tests/support/key_file.hpp>

#include <filesystem>

using namespace selvedge;
using namespace selvedge::test;
using namespace std::chrono_literals;
using bundle::Canary;
using bundle::ReleaseLog;

namespace {

const char* const kKeys = "k1 BsCXNGmw0iYl4FhWOi0jDA==\n";

Flow::Options releasing(const KeyFile& keys) {
  Flow::Options options = bundles();
  options.route.bundles.sessions.enabled = true;
  options.route.bundles.sessions.key_file = keys.path();
  return options;
}

// acme-ui with entry "a.js", and the tokens that it needs.
bundle::ReleasedSet set_of(const std::string& ui, const std::string& tokens) {
  return {{{"acme-ui", ui, {"a.js"}}},
          {{"acme-tokens", {{tokens}}}, {"acme-ui", {{ui, {{"acme-tokens", tokens}}}}}}};
}

void publish(Flow& flow, bundle::ReleasedSet set, std::optional<Canary> canary = {}) {
  const auto changed = flow.board().change([&](const ReleaseLog& log) {
    return log.publish({{}, "a test", "because"}, "latest", std::move(set), std::move(canary));
  });
  REQUIRE(changed.problem.empty());
}

void promote(Flow& flow, std::optional<Canary> wider = {}) {
  REQUIRE(flow.board()
              .change([&](const ReleaseLog& log) { return log.promote({}, std::move(wider)); })
              .problem.empty());
}

void roll_back(Flow& flow, bool at_once = false) {
  REQUIRE(flow.board()
              .change([&](const ReleaseLog& log) { return log.rollback({}, at_once); })
              .problem.empty());
}

// A client that keeps its cookie.
class Browser {
public:
  explicit Browser(Flow& flow, std::string cookie = "")
      : flow_(flow), client_(flow.connect()), cookie_(std::move(cookie)) {}

  // The version that the answer is of.
  std::string ask(const std::string& target) {
    const std::size_t before = flow_.origin().fetches();
    client_.get(target, cookie_.empty() ? Fields{} : Fields{{"cookie", cookie_}});
    if (flow_.origin().fetches() > before) {
      flow_.origin().answer(200, kPlain, flow_.origin().last().target);
    }
    const Answer answer = client_.answer();
    REQUIRE(answer.status == 200);
    const auto given = answer.fields.find("set-cookie");
    was_pinned_ = given != answer.fields.end();
    if (was_pinned_) cookie_ = given->second.substr(0, given->second.find(';'));
    const std::string& url = answer.fields.at("content-location");
    const std::size_t at = url.find('@', 1);
    return url.substr(at + 1, url.find('/', at) - at - 1);
  }
  bool was_pinned() const { return was_pinned_; }
  const std::string& cookie() const { return cookie_; }
  void start_over() { client_ = flow_.connect(); }

private:
  Flow& flow_;
  Client client_;
  std::string cookie_;
  bool was_pinned_ = false;
};

} // namespace

TEST_CASE("what was released is what selectors stand for, without an index", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(releasing(keys));
  publish(flow, set_of("2.3.1", "1.4.0"));
  Browser browser(flow);
  CHECK(browser.ask("/acme-ui@latest/a.js") == "2.3.1");
  CHECK(browser.was_pinned());
  CHECK(browser.ask("/acme-ui@%5E2/b.js") == "2.3.1");
  CHECK_FALSE(browser.was_pinned());
  CHECK(browser.ask("/acme-tokens@1/t.css") == "1.4.0");
  CHECK(browser.was_pinned()); // since a restart forgets what was released
  CHECK(flow.origin().fetches() == 3);
}

TEST_CASE("what a release does not say, the index does", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(releasing(keys));
  publish(flow, {{{"acme-ui", "2.3.0", {}}}, {{"acme-ui", {{"2.3.0"}}}}});
  auto client = flow.connect();
  client.get("/acme-ui@1/a.js"); // not admitted
  answer_index(flow);
  flow.origin().answer(200, kPlain, "a");
  CHECK(client.answer().fields.at("content-location") == "/acme-ui@1.9.0/a.js");
  client.get("/acme-ui@beta/a.js"); // another channel
  flow.origin().answer(200, kPlain, "a");
  CHECK(client.answer().fields.at("content-location") == "/acme-ui@3.0.0-b.1/a.js");
  CHECK(get(flow, client, "/acme-ui@2/a.js").fields.at("content-location") ==
        "/acme-ui@2.3.0/a.js"); // though 2.3.1 is there
}

TEST_CASE("a session keeps what was released when it began, also what it had not asked for",
          "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(releasing(keys));
  publish(flow, set_of("2.3.1", "1.4.0"));
  Browser old(flow);
  CHECK(old.ask("/acme-ui/a.js") == "2.3.1");
  publish(flow, set_of("2.4.0", "1.5.0"));
  CHECK(old.ask("/acme-tokens@%5E1/t.css") == "1.4.0");
  CHECK(old.ask("/acme-ui/a.js") == "2.3.1");
  Browser fresh(flow);
  CHECK(fresh.ask("/acme-ui/a.js") == "2.4.0");
  CHECK(fresh.ask("/acme-tokens@%5E1/t.css") == "1.5.0");
}

TEST_CASE("what is rolled back goes when a page begins, or at once", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    Flow flow(releasing(keys));
    publish(flow, set_of("2.3.1", "1.4.0"));
    publish(flow, set_of("2.4.0", "1.5.0"));
    Browser browser(flow);
    CHECK(browser.ask("/acme-ui/a.js") == "2.4.0");
    roll_back(flow, at_once);
    // In the middle of a page.
    CHECK(browser.ask("/acme-ui/b.js") == (at_once ? "2.3.1" : "2.4.0"));
    CHECK(browser.ask("/acme-tokens@1/t.css") == (at_once ? "1.4.0" : "1.5.0"));
    // The next page.
    CHECK(browser.ask("/acme-ui/a.js") == "2.3.1");
    CHECK(browser.ask("/acme-tokens@1/t.css") == "1.4.0");
    Browser fresh(flow);
    CHECK(fresh.ask("/acme-ui/a.js") == "2.3.1");
    // What was taken back may be released again.
    publish(flow, set_of("2.4.0", "1.5.0"));
    Browser again(flow);
    CHECK(again.ask("/acme-ui/a.js") == "2.4.0");
    CHECK(again.ask("/acme-ui/b.js") == "2.4.0");
  }
}

TEST_CASE("a page that is under way when its release is rolled back is not torn",
          "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(releasing(keys));
  // Both are released, so pages may begin with each.
  const auto both = [](const std::string& ui, const std::string& tokens) {
    bundle::ReleasedSet set = set_of(ui, tokens);
    set.released.insert(set.released.begin(), {"acme-tokens", tokens, {"t.css"}});
    return set;
  };
  publish(flow, both("2.3.1", "1.4.0"));
  publish(flow, both("2.4.0", "1.5.0"));
  Browser busy(flow), slow(flow);
  CHECK(busy.ask("/acme-ui/a.js") == "2.4.0");
  CHECK(slow.ask("/acme-ui/a.js") == "2.4.0");
  flow.advance(5s);
  const auto now = std::chrono::floor<std::chrono::seconds>(flow.worker().now().wall);
  REQUIRE(flow.board()
              .change([&](const ReleaseLog& log) {
                return log.rollback({now, "", ""}, false);
              })
              .problem.empty());
  const auto page = [&](Browser& browser, const std::string& ui, const std::string& tokens) {
    browser.start_over();
    CHECK(browser.ask("/acme-ui/a.js") == ui);
    flow.advance(3s);
    browser.start_over();
    CHECK(browser.ask("/acme-tokens@1/t.css") == tokens);
  };
  // One page after another, without a pause.
  for (int i = 0; i < 5; ++i) page(busy, "2.4.0", "1.5.0");
  page(slow, "2.3.1", "1.4.0"); // its last page was long ago
  flow.advance(11s);
  page(busy, "2.3.1", "1.4.0");
}

TEST_CASE("a canary is for a part of the sessions, and each of them stays with it",
          "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(releasing(keys));
  publish(flow, set_of("2.3.1", "1.4.0"));
  publish(flow, set_of("2.4.0", "1.5.0"), Canary{.permille = 250});
  std::vector<std::unique_ptr<Browser>> tried, others;
  for (int i = 0; i < 200; ++i) {
    auto one = std::make_unique<Browser>(flow);
    const bool is_tried = one->ask("/acme-ui/a.js") == "2.4.0";
    (is_tried ? tried : others).push_back(std::move(one));
  }
  CHECK(tried.size() > 20); // of 50; less than 20 of 200 would be one run in ten million
  CHECK(tried.size() < 85);
  const auto check = [](auto& browsers, const std::string& ui, const std::string& tokens) {
    for (auto& one : browsers) {
      one->start_over();
      CHECK(one->ask("/acme-ui/a.js") == ui);
      CHECK(one->ask("/acme-tokens@1/t.css") == tokens);
    }
  };
  check(tried, "2.4.0", "1.5.0");
  check(others, "2.3.1", "1.4.0");
  SECTION("promoted") {
    promote(flow, Canary{.permille = 1000});
    check(others, "2.3.1", "1.4.0");
    Browser fresh(flow);
    CHECK(fresh.ask("/acme-ui/a.js") == "2.4.0");
    promote(flow);
    check(tried, "2.4.0", "1.5.0");
    CHECK_FALSE(flow.board().log()->candidate());
  }
  SECTION("rolled back") {
    roll_back(flow);
    check(tried, "2.3.1", "1.4.0");
    check(others, "2.3.1", "1.4.0");
  }
}

TEST_CASE("a canary may be for tiers", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow flow(releasing(keys));
  policy::PolicyOptions policy;
  policy.tiers.resize(2);
  policy.tiers[0].name = "insiders";
  policy.tiers[1].name = "others";
  policy.identify.default_tier = "others";
  policy.identify.networks.resize(1);
  policy.identify.networks[0].tier = "insiders";
  policy.identify.networks[0].network = "10.0.0.0/8";
  flow.set_policy(policy);
  publish(flow, set_of("2.3.1", "1.4.0"));
  publish(flow, set_of("2.4.0", "1.5.0"), Canary{.tiers = {"others"}});
  Browser browser(flow);
  CHECK(browser.ask("/acme-ui/a.js") == "2.4.0");
  roll_back(flow);
  publish(flow, set_of("2.4.0", "1.5.0"), Canary{.tiers = {"insiders"}});
  Browser other(flow);
  CHECK(other.ask("/acme-ui/a.js") == "2.3.1");
}

TEST_CASE("a session keeps its versions also when releases were forgotten", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  Flow before(releasing(keys));
  publish(before, set_of("2.3.1", "1.4.0"));
  Browser browser(before);
  CHECK(browser.ask("/acme-ui/a.js") == "2.3.1");
  // Without a file, a restart forgets; and then something else is released.
  Flow after(releasing(keys));
  publish(after, set_of("2.4.0", "1.5.0"));
  Browser same(after, browser.cookie());
  CHECK(same.ask("/acme-ui/a.js") == "2.3.1");
  CHECK(same.ask("/acme-tokens@1/t.css") == "1.5.0"); // it had not asked for that
  CHECK(same.ask("/acme-ui/a.js") == "2.3.1");
}

TEST_CASE("a session of a snapshot that nobody knows begins anew", "[flow][bundles]") {
  const KeyFile keys(kKeys);
  const std::string file = keys.path() + ".releases";
  Flow::Options options = releasing(keys);
  options.route.bundles.releases.file = file; // so that versions are not in pins
  Flow here(options);
  publish(here, set_of("2.3.1", "1.4.0"));
  std::filesystem::remove(file);
  Flow there(options);
  publish(there, set_of("2.4.0", "1.5.0"));
  CHECK(std::filesystem::remove(file));
  auto client = here.connect();
  client.get("/acme-ui/a.js");
  here.origin().answer(200, kPlain, "a");
  const std::string given = client.answer().fields.at("set-cookie");
  const Fields cookie{{"cookie", given.substr(0, given.find(';'))}};
  auto other = there.connect();
  other.get("/acme-ui/b.js", cookie);
  there.origin().answer(200, kPlain, "b");
  const Answer answer = other.answer();
  CHECK(answer.fields.at("content-location") == "/acme-ui@2.4.0/b.js");
  CHECK(answer.fields.contains("set-cookie"));
}
