// Versions that go together, and what is kept of those before.
#include <tests/support/catch.hpp>

#include <selvedge/bundle/lock_builder.hpp>

using namespace selvedge::bundle;

namespace {

// What an origin has: "a 1.0.0: b ^1, c ^2".
class World {
public:
  World& add(const std::string& name, const std::string& version,
             const std::vector<std::pair<std::string, std::string>>& needs = {}) {
    auto [index, is_new] = indexes_.try_emplace(name, BundleIndex::of(name));
    index->second.add({*parse_version(version), version, {}, false});
    index->second.set_channel("latest", version);
    Manifest manifest;
    manifest.name = name;
    manifest.version = *parse_version(version);
    for (const auto& [on, range] : needs) {
      manifest.dependencies.push_back({on, range, *VersionRange::parse(range)});
    }
    manifest.entry = {"index.js"};
    manifests_[{name, version}] = manifest;
    return *this;
  }

  // Tells whatever is asked for; `backwards` in the other order.
  void walk(LockBuilder& builder, bool backwards = false) {
    for (auto wanted = builder.walk(); !wanted.empty(); wanted = builder.walk()) {
      if (backwards) std::reverse(wanted.begin(), wanted.end());
      for (const auto& what : wanted) tell(builder, what);
      rounds_ += 1;
      REQUIRE(rounds_ < 1000);
    }
  }
  int asked() const { return asked_; }

private:
  void tell(LockBuilder& builder, const LockBuilder::Wanted& what) {
    ++asked_;
    if (what.version.empty()) {
      const auto found = indexes_.find(what.name);
      if (found == indexes_.end()) return builder.take_absent(what, "the origin has none", true);
      return builder.take(std::make_shared<const BundleIndex>(found->second));
    }
    const auto found = manifests_.find(what);
    if (found == manifests_.end()) return builder.take_absent(what, "the origin has none", true);
    builder.take(std::make_shared<const Manifest>(found->second));
  }

  std::map<std::string, BundleIndex> indexes_;
  std::map<LockBuilder::Wanted, Manifest> manifests_;
  int asked_ = 0;
  int rounds_ = 0;
};

std::string text_of(const ReleasedSet& set) {
  std::string text;
  for (const LockedBundle& one : set.locked) {
    for (const LockedVersion& version : one.versions) {
      text += (text.empty() ? "" : " ") + one.name + '@' + version.text;
    }
  }
  return text;
}

std::string locked(World& world, std::vector<LockBuilder::Root> roots,
                   const ReleasedSet* before = nullptr) {
  LockBuilder builder(std::move(roots), before);
  world.walk(builder);
  REQUIRE(builder.problem().empty());
  return text_of(builder.set());
}

} // namespace

TEST_CASE("all that is needed is in it once, where one version serves all", "[bundle]") {
  World world;
  world.add("ui", "1.0.0", {{"lit", "^3.0.0"}, {"tokens", "~1.4.0"}})
      .add("lit", "2.8.0")
      .add("lit", "3.0.0", {{"html", "3"}})
      .add("lit", "3.1.0", {{"html", "^3.1"}, {"tokens", "1"}})
      .add("html", "3.1.0")
      .add("tokens", "1.4.0")
      .add("tokens", "1.4.2")
      .add("tokens", "1.9.0");
  CHECK(locked(world, {{"ui", "1.0.0"}}) == "html@3.1.0 lit@3.1.0 tokens@1.4.2 ui@1.0.0");
}

TEST_CASE("the order in which things become known changes nothing", "[bundle]") {
  World world;
  world.add("a", "1.0.0", {{"b", "1"}, {"c", "1"}})
      .add("b", "1.0.0", {{"x", "1"}})
      .add("c", "1.0.0", {{"x", "~1.0"}})
      .add("x", "1.0.3")
      .add("x", "1.2.0");
  for (const bool backwards : {false, true}) {
    LockBuilder builder({{"a", "1.0.0"}}, nullptr);
    world.walk(builder, backwards);
    CHECK(text_of(builder.set()) == "a@1.0.0 b@1.0.0 c@1.0.0 x@1.2.0 x@1.0.3");
    CHECK(builder.conflicts() == std::vector<std::string>{"x"});
    CHECK(builder.explain("x") ==
          std::vector<std::string>{"b@1.0.0 takes 1.2.0 for 1", "c@1.0.0 takes 1.0.3 for ~1.0"});
  }
}

TEST_CASE("what was released goes before what others need", "[bundle]") {
  World world;
  world.add("ui", "1.0.0", {{"lit", "^3.0.0"}}).add("lit", "3.0.0").add("lit", "3.1.0");
  CHECK(locked(world, {{"lit", "3.0.0"}, {"ui", "1.0.0"}}) == "lit@3.0.0 ui@1.0.0");
}

TEST_CASE("what was used before is used on while it is admitted, without an index", "[bundle]") {
  World world;
  world.add("ui", "1.0.0", {{"lit", "^3.0.0"}})
      .add("ui", "2.0.0", {{"lit", "^3.1.0"}})
      .add("lit", "3.0.0")
      .add("lit", "3.1.0");
  const ReleasedSet before{{{"ui", "1.0.0", {}}}, {{"lit", {{"3.0.0"}}}, {"ui", {{"1.0.0"}}}}};
  CHECK(locked(world, {{"ui", "1.0.0"}}, &before) == "lit@3.0.0 ui@1.0.0");
  CHECK(world.asked() == 2); // manifests
  CHECK(locked(world, {{"ui", "2.0.0"}}, &before) == "lit@3.1.0 ui@2.0.0");
}

TEST_CASE("cycles end", "[bundle]") {
  World world;
  world.add("a", "1.0.0", {{"b", "1"}, {"a", "1"}}).add("b", "1.0.0", {{"a", "1"}});
  CHECK(locked(world, {{"a", "1.0.0"}}) == "a@1.0.0 b@1.0.0");
}

TEST_CASE("what is missing is said, and through whom it is needed", "[bundle]") {
  World world;
  world.add("ui", "1.0.0", {{"lit", "^4"}})
      .add("ux", "1.0.0", {{"none", "1"}})
      .add("deep", "1.0.0", {{"mid", "1"}})
      .add("lit", "3.1.0");
  const auto problem = [&world](const char* name, const char* version) {
    LockBuilder builder({{name, version}}, nullptr);
    world.walk(builder);
    return builder.problem();
  };
  CHECK(problem("ui", "1.0.0") == "ui@1.0.0 needs lit ^4, but no version of it is admitted");
  CHECK(problem("ux", "1.0.0") ==
        "ux@1.0.0 needs none 1, but of none there is no index: the origin has none");
  CHECK(problem("ui", "9.0.0") == "ui@9.0.0 cannot be had: the origin has none");
}

TEST_CASE("a set of too many versions is no set", "[bundle]") {
  World world;
  for (int i = 0; i < 1100; ++i) {
    world.add("n" + std::to_string(i), "1.0.0", {{"n" + std::to_string(i + 1), "1"}});
  }
  LockBuilder builder({{"n0", "1.0.0"}}, nullptr);
  for (auto wanted = builder.walk(); !wanted.empty(); wanted = builder.walk()) {
    for (const auto& what : wanted) {
      if (what.version.empty()) {
        auto index = BundleIndex::of(what.name);
        index.add({*parse_version("1.0.0"), "1.0.0", {}, false});
        builder.take(std::make_shared<const BundleIndex>(std::move(index)));
      } else {
        Manifest manifest;
        manifest.name = what.name;
        manifest.version = *parse_version("1.0.0");
        const std::string next = "n" + std::to_string(std::stoi(what.name.substr(1)) + 1);
        manifest.dependencies.push_back({next, "1", *VersionRange::parse("1")});
        builder.take(std::make_shared<const Manifest>(std::move(manifest)));
      }
    }
  }
  CHECK(builder.problem() == "more than 1000 versions of bundles are needed");
}

TEST_CASE("who depends on a version is found through others", "[bundle]") {
  World world;
  world.add("ui", "1.0.0", {{"lit", "3"}})
      .add("lit", "3.1.0", {{"html", "3"}})
      .add("html", "3.1.0")
      .add("icons", "1.0.0");
  LockBuilder builder({{"ui", "1.0.0"}, {"icons", "1.0.0"}}, nullptr);
  world.walk(builder);
  const ReleasedSet set = builder.set();
  CHECK(dependents_of(set, "html", "3.1.0") == std::vector<std::string>{"lit@3.1.0", "ui@1.0.0"});
  CHECK(dependents_of(set, "icons", "1.0.0").empty());
}

TEST_CASE("what does not change stays, with what it needs and nothing else", "[bundle]") {
  const ReleasedSet before{{{"forms", "1.0.0", {"f.js"}}, {"ui", "1.0.0", {"u.js"}}},
                           {{"forms", {{"1.0.0", {{"tokens", "1.0.0"}}}}},
                            {"lit", {{"3.0.0"}}},
                            {"tokens", {{"1.0.0"}}},
                            {"ui", {{"1.0.0", {{"lit", "3.0.0"}, {"tokens", "1.0.0"}}}}}}};
  const ReleasedSet fresh{{{"ui", "2.0.0", {"u.js"}}},
                          {{"tokens", {{"1.1.0"}}}, {"ui", {{"2.0.0", {{"tokens", "1.1.0"}}}}}}};
  const ReleasedSet all = with_unchanged(fresh, before, {"forms", "gone"});
  CHECK(text_of(all) == "forms@1.0.0 tokens@1.0.0 tokens@1.1.0 ui@2.0.0");
  CHECK(all.find("forms")->entry == std::vector<std::string>{"f.js"});
}
