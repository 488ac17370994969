#include <selvedge/cache/body.hpp>
#include <selvedge/cache/purge_index.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;

namespace {

constexpr base::Steady kStart{std::chrono::hours{100}};

using Name = std::pair<TagKind, std::string>;

Tags tags_of(PurgeIndex& index, const std::vector<Name>& names) {
  Tags tags;
  for (const auto& [kind, name] : names) tags.push_back(index.intern(kind, name));
  return tags;
}

// A response whose fetch begins now.
PurgeState response(PurgeIndex& index, const std::vector<Name>& names) {
  return {.born = index.epoch(), .tags = tags_of(index, names)};
}

PurgeIndex::Purged purge(PurgeIndex& index, std::string_view key, PurgeMode mode = PurgeMode::hard,
                         base::Steady now = kStart) {
  return index.purge(TagKind::key, key, mode, now);
}

const Name kRed{TagKind::key, "red"};
const Name kBlue{TagKind::key, "blue"};

} // namespace

TEST_CASE("a cache key's place: host, root, directories, and the path of what is no plain URL",
          "[cache][purge]") {
  struct Row {
    std::string key;
    std::vector<Name> expected;
  };
  using enum TagKind;
  const auto row =
      GENERATE(Row{"https://example.com/", {{host, "example.com"}, {directory, "example.com/"}}},
               Row{"http://example.com:8443/",
                   {{host, "example.com:8443"}, {directory, "example.com:8443/"}}},
               Row{"https://[::1]:8443/a", {{host, "[::1]:8443"}, {directory, "[::1]:8443/"}}},
               Row{"https://h/a", {{host, "h"}, {directory, "h/"}}},
               Row{"https://h/a/", {{host, "h"}, {directory, "h/"}, {directory, "h/a/"}}},
               Row{"https://h/a/b/c.js",
                   {{host, "h"}, {directory, "h/"}, {directory, "h/a/"}, {directory, "h/a/b/"}}},
               Row{"https://h/a?q=/b/c", {{host, "h"}, {directory, "h/"}, {url, "h/a"}}},
               Row{"https://h/?", {{host, "h"}, {directory, "h/"}, {url, "h/"}}},
               Row{"https://h/a\nx-device: mobile/x?y",
                   {{host, "h"}, {directory, "h/"}, {url, "h/a"}, {target, "https://h/a"}}},
               Row{"https://h/a?q\nx-device: m",
                   {{host, "h"}, {directory, "h/"}, {url, "h/a"}, {target, "https://h/a?q"}}},
               Row{"https://h", {{host, "h"}}}, Row{"no URL at all", {}}, Row{"", {}});
  CAPTURE(row.key);
  PurgeIndex index;
  Tags tags;
  add_place_tags(index, row.key, tags);
  CHECK(tags == tags_of(index, row.expected));
}

TEST_CASE("directories are noted to a bounded depth", "[cache][purge]") {
  PurgeIndex index;
  std::string deepest = "h/";
  for (std::size_t i = 0; i < kMaxDirectories; ++i) deepest += "d/";
  const std::string key = "https://" + deepest + "e/f/g.js?q";
  Tags tags;
  add_place_tags(index, key, tags);
  CHECK(tags.size() == 3 + kMaxDirectories); // with host, root and path
  const auto has = [&](TagKind kind, std::string_view name) {
    return std::find(tags.begin(), tags.end(), index.intern(kind, name)) != tags.end();
  };
  CHECK(has(TagKind::directory, deepest));
  CHECK_FALSE(has(TagKind::directory, deepest + "e/"));
  CHECK(has(TagKind::url, deepest + "e/f/g.js"));
}

TEST_CASE("a purge takes what has its kind and name, and nothing else", "[cache][purge]") {
  struct Row {
    TagKind kind;
    std::string name;
    bool takes_page;
    bool takes_script;
  };
  using enum TagKind;
  const auto row = GENERATE(
      Row{key, "red", true, false}, Row{key, "blue", false, true}, Row{key, "all", true, true},
      Row{key, "Red", false, false}, Row{key, "re", false, false}, Row{group, "red", false, false},
      Row{group, "https://h all", true, true}, // RFC 9875, 2: of one origin
      Row{group, "https://other all", false, false}, Row{host, "h", true, true},
      Row{host, "h:8443", false, false}, Row{directory, "h/", true, true},
      Row{directory, "h/a/", false, true}, Row{directory, "h/a", false, false},
      Row{directory, "h/b/", false, false}, Row{url, "h/a/c.js", false, true},
      Row{url, "h/a/", false, false}, Row{key, "", false, false});
  const auto mode = GENERATE(PurgeMode::hard, PurgeMode::soft);
  CAPTURE(static_cast<int>(row.kind), row.name);
  PurgeIndex index;
  const Name everyone{group, "https://h all"};
  PurgeState page = response(index, {{key, "red"}, {key, "all"}, everyone});
  add_place_tags(index, "https://h/page", page.tags);
  PurgeState script = response(index, {{key, "blue"}, {key, "all"}, everyone});
  add_place_tags(index, "https://h/a/c.js?v=1", script.tags);
  index.note_stored(page);
  index.note_stored(script);

  const auto purged = index.purge(row.kind, row.name, mode, kStart);
  const Standing taken = mode == PurgeMode::hard ? Standing::purged : Standing::soft_purged;
  CHECK(index.standing(page) == (row.takes_page ? taken : Standing::valid));
  CHECK(index.standing(script) == (row.takes_script ? taken : Standing::valid));
  CHECK(purged.matched == std::size_t{row.takes_page} + std::size_t{row.takes_script});
  CHECK(purged.epoch == index.epoch());
}

TEST_CASE("a hard purge wins over a soft one, in either order", "[cache][purge]") {
  struct Row {
    std::vector<std::pair<std::string, PurgeMode>> purges; // "*" is everything
    Standing expected;
  };
  using enum Standing;
  const auto hard = PurgeMode::hard;
  const auto soft = PurgeMode::soft;
  const auto row = GENERATE_COPY(
      Row{{}, valid}, Row{{{"red", soft}}, soft_purged}, Row{{{"red", hard}}, purged},
      Row{{{"red", soft}, {"red", hard}}, purged}, Row{{{"red", hard}, {"red", soft}}, purged},
      Row{{{"red", soft}, {"blue", hard}}, purged},
      Row{{{"red", soft}, {"other", hard}}, soft_purged}, Row{{{"other", hard}}, valid},
      Row{{{"*", soft}}, soft_purged}, Row{{{"*", hard}}, purged},
      Row{{{"*", hard}, {"red", soft}}, purged}, Row{{{"red", soft}, {"*", hard}}, purged});
  const bool is_asked_between = GENERATE(false, true); // then its mark knows earlier verdicts
  PurgeIndex index;
  const PurgeState before = response(index, {kRed, kBlue});
  const PurgeState untagged = response(index, {});
  for (const auto& [name, mode] : row.purges) {
    if (name == "*") {
      index.purge_everything(mode, 2, kStart);
    } else {
      purge(index, name, mode);
    }
    if (is_asked_between) static_cast<void>(index.standing(before));
  }
  CHECK(index.standing(before) == row.expected);
  CHECK(index.standing(before) == row.expected); // by its mark
  const PurgeState after = response(index, {kRed, kBlue});
  CHECK(index.standing(after) == valid);
  CHECK(index.epoch() == row.purges.size());
}

TEST_CASE("a purge wins over fills that began before it", "[cache][purge]") {
  const auto mode = GENERATE(PurgeMode::hard, PurgeMode::soft);
  const Standing taken = mode == PurgeMode::hard ? Standing::purged : Standing::soft_purged;
  PurgeIndex index;
  const PurgeEpoch asked = index.epoch();

  SECTION("whose tags are known already") {
    const PurgeState filling{.born = asked, .tags = tags_of(index, {kRed})};
    CHECK(purge(index, "red", mode).matched == 0); // it is not stored yet
    CHECK(index.standing(filling) == taken);
  }
  SECTION("whose head has not come yet, when nothing else has the tag") {
    purge(index, "red", mode);
    const PurgeState late{.born = asked, .tags = tags_of(index, {kRed})};
    CHECK(index.standing(late) == taken);
  }
  SECTION("even if the last response with the tag goes in between") {
    {
      const PurgeState stored = response(index, {kRed});
      purge(index, "red", mode);
    }
    const PurgeState late{.born = asked, .tags = tags_of(index, {kRed})};
    CHECK(index.standing(late) == taken);
  }
  SECTION("and over none that begins after it, or has other tags") {
    purge(index, "red", mode);
    CHECK(index.standing(response(index, {kRed})) == Standing::valid);
    const PurgeState other{.born = asked, .tags = tags_of(index, {kBlue})};
    CHECK(index.standing(other) == Standing::valid);
  }
}

TEST_CASE("purges are remembered for a while, and those forgotten still win", "[cache][purge]") {
  const auto mode = GENERATE(PurgeMode::hard, PurgeMode::soft);
  const Standing taken = mode == PurgeMode::hard ? Standing::purged : Standing::soft_purged;
  PurgeIndex index;
  const PurgeState stored = response(index, {{TagKind::key, "old"}});
  const PurgeEpoch first_asked = index.epoch();
  purge(index, "red", mode, kStart);
  const PurgeEpoch second_asked = index.epoch();
  purge(index, "other", mode, kStart + PurgeIndex::kRemembered);
  CHECK(index.stats().remembered == 2);
  CHECK(index.stats().tags == 3);
  const PurgeState unconcerned{.born = first_asked, .tags = tags_of(index, {kBlue})};
  CHECK(index.standing(unconcerned) == Standing::valid);

  purge(index, "other", mode, kStart + PurgeIndex::kRemembered + base::Millis{1});
  CHECK(index.stats().remembered == 1);
  CHECK(index.stats().tags == 3); // blue, old, other
  SECTION("what was asked for before the forgotten purge and makes a new tag") {
    const PurgeState late{.born = first_asked, .tags = tags_of(index, {kRed})};
    CHECK(index.standing(late) == taken);
    const PurgeState unlucky{.born = first_asked, .tags = tags_of(index, {{TagKind::key, "new"}})};
    CHECK(index.standing(unlucky) == taken); // nothing is known of that name any more
  }
  SECTION("what was asked for after it") {
    const PurgeState later{.born = second_asked, .tags = tags_of(index, {kRed})};
    CHECK(index.standing(later) == Standing::valid);
  }
  SECTION("what was stored before") {
    CHECK(index.standing(stored) == Standing::valid);
  }
  SECTION("what has a tag that lived on") {
    const PurgeState late{.born = first_asked, .tags = tags_of(index, {kBlue})};
    CHECK(index.standing(late) == Standing::valid);
  }
}

TEST_CASE("the memory of purges is bounded, and none is lost by it", "[cache][purge]") {
  PurgeIndex index;
  const PurgeEpoch asked = index.epoch();
  purge(index, "red");
  const PurgeEpoch after_red = index.epoch();
  for (std::size_t i = 0; i < PurgeIndex::kMaxRemembered; ++i) purge(index, std::to_string(i));
  CHECK(index.stats().remembered == PurgeIndex::kMaxRemembered);
  CHECK(index.stats().tags == PurgeIndex::kMaxRemembered);
  const PurgeState late{.born = asked, .tags = tags_of(index, {kRed})};
  CHECK(index.standing(late) == Standing::purged);
  const PurgeState later{.born = after_red, .tags = tags_of(index, {kRed})};
  CHECK(index.standing(later) == Standing::valid);
  // A name that is purged again and again takes one place.
  for (int i = 0; i < 10; ++i) purge(index, "5");
  CHECK(index.stats().remembered == PurgeIndex::kMaxRemembered);
  const PurgeState with_zero{.born = after_red, .tags = tags_of(index, {{TagKind::key, "0"}})};
  CHECK(index.standing(with_zero) == Standing::purged);
}

TEST_CASE("receipts count the stored responses concerned", "[cache][purge]") {
  PurgeIndex index;
  const PurgeState one = response(index, {kRed});
  const PurgeState two = response(index, {kRed, kBlue});
  index.note_stored(one);
  index.note_stored(two);

  SECTION("all that are there, and once") {
    CHECK(purge(index, "red").matched == 2);
    CHECK(purge(index, "red").matched == 0);
  }
  SECTION("those that left are not counted") {
    index.note_removed(one);
    CHECK(purge(index, "red").matched == 1);
    index.note_removed(two);
    CHECK(purge(index, "red").matched == 0);
    CHECK(purge(index, "blue").matched == 0);
  }
  SECTION("a soft purge leaves them there") {
    CHECK(purge(index, "red", PurgeMode::soft).matched == 2);
    CHECK(purge(index, "red", PurgeMode::soft).matched == 2);
    CHECK(purge(index, "red", PurgeMode::hard).matched == 2);
  }
  SECTION("those that leave after their purge do not spoil the count of those that came later") {
    CHECK(purge(index, "red").matched == 2);
    const PurgeState three = response(index, {kRed, kBlue});
    index.note_stored(three);
    index.note_removed(one);
    index.note_removed(two);
    CHECK(purge(index, "red").matched == 1);
    CHECK(purge(index, "blue").matched == 1);
  }
  SECTION("what was purged on its way is not counted") {
    const PurgeState filling = response(index, {kRed});
    purge(index, "red");
    index.note_stored(filling);
    CHECK(purge(index, "red").matched == 0);
    index.note_removed(filling);
    index.note_stored(response(index, {kRed}));
    CHECK(purge(index, "red").matched == 1);
  }
  SECTION("what went with everything is not counted again") {
    CHECK(index.purge_everything(PurgeMode::hard, 2, kStart).matched == 2);
    const PurgeState three = response(index, {kBlue});
    index.note_stored(three);
    CHECK(purge(index, "red").matched == 0);
    index.note_removed(two);
    CHECK(purge(index, "blue").matched == 1);
  }
  SECTION("a soft purge of everything leaves all of it") {
    CHECK(index.purge_everything(PurgeMode::soft, 2, kStart).matched == 2);
    CHECK(purge(index, "red").matched == 2);
  }
}

TEST_CASE("a tag lives as long as a response has it, and is charged for", "[cache][purge]") {
  MemoryLedger ledger;
  PurgeIndex index(&ledger);
  {
    const PurgeState one = response(index, {kRed, kBlue});
    CHECK(index.stats().tags == 2);
    const std::size_t two_tags = ledger.bytes();
    CHECK(two_tags > 2 * 64);
    CHECK(two_tags < 2 * 256);
    {
      const PurgeState other = response(index, {kRed, {TagKind::host, "red"}});
      CHECK(other.tags[0] == one.tags[0]);
      CHECK(other.tags[1] != one.tags[0]);
      CHECK(index.stats().tags == 3);
      CHECK(ledger.bytes() == two_tags / 2 * 3);
    }
    CHECK(index.stats().tags == 2);
    CHECK(ledger.bytes() == two_tags);
  }
  CHECK(index.stats().tags == 0);
  CHECK(ledger.bytes() == 0);
}

TEST_CASE("copies that left the origin before a purge are known as such", "[cache][purge]") {
  struct Row {
    base::Seconds generated; // after the purge
    bool expected;
  };
  const auto row = GENERATE(Row{base::Seconds{-3600}, true}, Row{base::Seconds{-1}, true},
                            Row{base::Seconds{0}, false}, Row{base::Seconds{1}, false});
  const auto mode = GENERATE(PurgeMode::hard, PurgeMode::soft);
  CAPTURE(row.generated.count());
  const base::Steady generated = kStart + row.generated;
  PurgeIndex index;
  CHECK_FALSE(index.predates_purge(response(index, {kRed, kBlue}), generated));
  SECTION("of one of its tags") {
    purge(index, "blue", mode, kStart);
    // Of the fill that the purge caused: it is born after it, but a cache upstream answered.
    CHECK(index.predates_purge(response(index, {kRed, kBlue}), generated) == row.expected);
    CHECK_FALSE(index.predates_purge(response(index, {kRed}), generated));
  }
  SECTION("of everything") {
    index.purge_everything(mode, 0, kStart);
    CHECK(index.predates_purge(response(index, {kRed}), generated) == row.expected);
    CHECK(index.predates_purge(response(index, {}), generated) == row.expected);
  }
  SECTION("the last of several decides, though clocks of workers differ a little") {
    purge(index, "red", mode, kStart - base::Seconds{100});
    purge(index, "red", mode, kStart);
    purge(index, "red", mode, kStart - base::Millis{2});
    CHECK(index.predates_purge(response(index, {kRed}), generated) == row.expected);
  }
}

TEST_CASE("one response can be marked stale for good", "[cache][purge]") {
  PurgeIndex index;
  const PurgeState marked = response(index, {kRed});
  const PurgeState same_tag = response(index, {kRed});
  PurgeIndex::mark_stale(marked);
  CHECK(index.standing(marked) == Standing::soft_purged);
  CHECK(index.standing(same_tag) == Standing::valid);
  purge(index, "other");
  CHECK(index.standing(marked) == Standing::soft_purged);
  purge(index, "red");
  CHECK(index.standing(marked) == Standing::purged);
  PurgeIndex::mark_stale(marked);
  CHECK(index.standing(marked) == Standing::purged);
}

TEST_CASE("what the purge index tells of itself", "[cache][purge]") {
  PurgeIndex index;
  CHECK(index.epoch() == 0);
  purge(index, "red");
  purge(index, "red");
  purge(index, "blue", PurgeMode::soft);
  index.purge_everything(PurgeMode::hard, 7, kStart);
  const PurgeIndex::Stats stats = index.stats();
  CHECK(stats.purges == 4);
  CHECK(stats.remembered == 2);
  CHECK(stats.tags == 2);
}
