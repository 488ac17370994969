// The log of releases as a value: what is in force, what is tried, what was taken back.
#include <tests/support/catch.hpp>

#include <selvedge/bundle/release_log.hpp>

#include <random>

using namespace selvedge::bundle;

namespace {

ReleasedSet set_of(const std::string& version) {
  return {{{"ui", version, {"a.js"}}},
          {
              {"ui", {{version, {{"lit", "3.1.0"}}}}},
          }};
}

ReleaseLog published(const ReleaseLog& log, const std::string& version,
                     std::optional<Canary> canary = {}, const std::string& channel = "latest") {
  auto changed = log.publish({std::chrono::sys_seconds(std::chrono::seconds(7)), "me", "why"},
                             channel, set_of(version), std::move(canary));
  INFO(changed.problem);
  REQUIRE(changed);
  return *changed.value;
}

std::string version_in(const SnapshotPtr& snapshot) {
  return std::string(snapshot->of_channel("ui", ""));
}

} // namespace

TEST_CASE("releases are in force one after another, and back", "[bundle]") {
  const ReleaseLog empty;
  CHECK(version_in(empty.stable()).empty());
  CHECK(empty.rollback({}, false).problem == "there is no release to go back from");
  CHECK(empty.promote({}, {}).problem == "nothing is being tried");
  const ReleaseLog one = published(empty, "1.0.0");
  CHECK(version_in(one.stable()) == "1.0.0");
  CHECK(one.publish({}, "latest", set_of("1.0.0"), {}).problem == "that is in force already");
  const ReleaseLog two = published(one, "2.0.0");
  const ReleaseLog back = *two.rollback({}, false).value;
  CHECK(version_in(back.stable()) == "1.0.0");
  CHECK(back.stable()->print() == one.stable()->print()); // as any node would call it
  const ReleaseLog far_back = *back.rollback({}, false).value;
  CHECK(version_in(far_back.stable()).empty());
  REQUIRE(back.releases().size() == 3);
  const Release& last = back.releases().back();
  CHECK(last.kind == ReleaseKind::rollback);
  CHECK(last.changes == std::vector<ReleaseChange>{{"ui", "2.0.0", "1.0.0"}});
  CHECK(last.channel == "latest");
  CHECK(one.releases().front().who == "me");
}

TEST_CASE("channels are released side by side", "[bundle]") {
  const ReleaseLog log = published(published({}, "1.0.0"), "2.0.0-b.1", {}, "beta");
  CHECK(log.stable()->of_channel("ui", "") == "1.0.0");
  CHECK(log.stable()->of_channel("ui", "beta") == "2.0.0-b.1");
  CHECK(log.stable()->of_channel("ui", "next").empty());
  CHECK(log.stable()->of_range("ui", *VersionRange::parse("^1")) == "1.0.0");
  CHECK(log.stable()->of_range("ui", *VersionRange::parse("^2")).empty());
  CHECK(log.stable()->is_beginning("ui", "a.js"));
  CHECK(log.stable()->is_beginning("ui", ""));
  CHECK_FALSE(log.stable()->is_beginning("ui", "b.js"));
  CHECK_FALSE(log.stable()->is_beginning("lit", ""));
}

TEST_CASE("a candidate is for those whom the canary means", "[bundle]") {
  const ReleaseLog stable = published({}, "1.0.0");
  const auto share = [&stable](const Canary& canary, std::string_view tier,
                               std::string_view region) {
    const ReleaseLog log = published(stable, "2.0.0", canary);
    std::mt19937_64 random(1);
    int tried = 0;
    for (int i = 0; i < 10'000; ++i) {
      if (version_in(log.choose({random(), tier, region})) == "2.0.0") ++tried;
    }
    return tried;
  };
  CHECK(share({50, {}, {}}, "", "") == Approx(500).margin(100));
  CHECK(share({0, {}, {}}, "", "") == 0);
  CHECK(share({1000, {"pro"}, {}}, "pro", "eu") == 10'000);
  CHECK(share({1000, {"pro"}, {}}, "free", "eu") == 0);
  CHECK(share({1000, {}, {"eu"}}, "free", "eu") == 10'000);
  CHECK(share({500, {"pro"}, {"eu"}}, "pro", "eu") == Approx(5000).margin(300));
  CHECK(share({500, {"pro"}, {"eu"}}, "pro", "us") == 0);
}

TEST_CASE("more sessions of a canary are those of before and others", "[bundle]") {
  const ReleaseLog tried = published(published({}, "1.0.0"), "2.0.0", Canary{100});
  const ReleaseLog wider = *tried.promote({}, Canary{300}).value;
  for (std::uint64_t id = 0; id < 10'000; ++id) {
    if (version_in(tried.choose({id, "", ""})) != "2.0.0") continue;
    CHECK(version_in(wider.choose({id, "", ""})) == "2.0.0");
  }
  CHECK(tried.publish({}, "latest", set_of("3.0.0"), {}).problem ==
        "release 2 is being tried: promote it or roll it back first");
}

TEST_CASE("sessions hold what is known, until it is taken back", "[bundle]") {
  using Hold = ReleaseLog::Hold;
  const ReleaseLog one = published({}, "1.0.0");
  const ReleaseLog two = published(one, "2.0.0");
  const auto print = two.stable()->print();
  CHECK(two.hold_of(print).kind == Hold::keeps);
  CHECK(two.hold_of(one.stable()->print()).kind == Hold::keeps);
  CHECK(two.hold_of(4711).kind == Hold::unknown);
  CHECK(two.rollback({}, false).value->hold_of(print).kind == Hold::page_long);
  const ReleaseLog back = *two.rollback({}, true).value;
  CHECK(back.hold_of(print).kind == Hold::nothing);
  CHECK(published(back, "2.0.0").hold_of(print).kind == Hold::keeps); // released again
}

TEST_CASE("history and snapshots are bounded, what is in force stays", "[bundle]") {
  ReleaseLog log;
  for (int i = 0; i < 400; ++i) log = published(log, "1.0." + std::to_string(i));
  CHECK(log.releases().size() == ReleaseLog::kMostReleases);
  CHECK(log.releases().back().id == 400);
  CHECK(version_in(log.stable()) == "1.0.399");
  int back = 0;
  for (auto next = log.rollback({}, false); next; next = log.rollback({}, false)) {
    log = *next.value;
    ++back;
  }
  CHECK(back == ReleaseLog::kMostSnapshots - 1);
}

TEST_CASE("a log survives in its file", "[bundle]") {
  ReleaseLog log =
      published(published({}, "1.0.0"), "2.0.0").following("latest", "ui", {"2.0.0", {}});
  log = *log.rollback({}, true).value;
  log = published(log, "3.0.0", Canary{50, {"pro"}, {"eu"}});
  const std::string text = text_of(log);
  const auto read = ReleaseLog::parse(text);
  INFO(read.problem);
  REQUIRE(read);
  CHECK(text_of(*read.value) == text);
  CHECK(read.value->stable()->print() == log.stable()->print());
  CHECK(*read.value->canary() == *log.canary());
  CHECK(read.value->followed("latest", "ui")->version == "2.0.0");
}

TEST_CASE("what is no log is said to be none, and where", "[bundle]") {
  const std::string good = text_of(published({}, "1.0.0"));
  CHECK(ReleaseLog::parse("{").problem.find("it is no JSON") == 0);
  CHECK(ReleaseLog::parse("{}").problem == "'form' is missing");
  const auto changed = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return ReleaseLog::parse(text.replace(at, from.size(), to)).problem;
  };
  CHECK(changed("\"kind\":\"publish\"", "\"kind\":\"wish\"") ==
        "releases[0]: 'wish' is no kind of release");
  CHECK(changed("\"version\":\"1.0.0\"", "\"version\":\"../..\"").find("is no version") !=
        std::string::npos);
  CHECK(changed("\"stable\":", "\"stable\":7,\"was\":").find("there is no such snapshot") !=
        std::string::npos);
}

TEST_CASE("who and why are cut between characters", "[bundle]") {
  std::string why = "x";
  for (int i = 0; i < 300; ++i) why += "\u00fc";
  const auto changed = ReleaseLog().publish({{}, why, why}, "latest", set_of("1.0.0"), {});
  REQUIRE(changed);
  CHECK(changed.value->releases().back().why.size() == 499);
  CHECK(ReleaseLog::parse(text_of(*changed.value)));
}

TEST_CASE("what the origin is first to release is not what a rollback takes back", "[bundle]") {
  const ReleaseLog one = published(published({}, "1.0.0"), "2.0.0");
  ReleasedSet with_icons = set_of("2.0.0");
  with_icons.released.insert(with_icons.released.begin(), {"icons", "1.0.0", {}});
  with_icons.locked.insert(with_icons.locked.begin(), {"icons", {{"1.0.0"}}});
  ReleaseLog::Note origin;
  origin.kind = ReleaseKind::origin;
  const ReleaseLog added = *one.publish(origin, "latest", with_icons, {}).value;
  CHECK(added.stable()->of_channel("icons", "") == "1.0.0");
  CHECK(version_in(added.rollback({}, false).value->stable()) == "1.0.0");
}

TEST_CASE("what is known longest can be forgotten, but for what is in force", "[bundle]") {
  ReleaseLog log = published(published(published({}, "1.0.0"), "2.0.0"), "3.0.0", Canary{10});
  int forgotten = 0;
  while (log.forget_oldest()) ++forgotten;
  CHECK(forgotten == 2);
  CHECK(version_in(log.stable()) == "2.0.0");
  CHECK(version_in(log.candidate()) == "3.0.0");
  CHECK(log.find(log.stable()->print()));
}
