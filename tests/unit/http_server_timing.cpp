#include <selvedge/http/server_timing.hpp>
#include <tests/support/catch.hpp>

#include <random>
#include <string>
#include <type_traits>

using namespace selvedge;
using namespace selvedge::http;

static_assert(std::is_trivially_copyable_v<ServerTimings>);

namespace {

ServerTimings read(std::string_view value) {
  ServerTimings timings;
  timings.add(value);
  return timings;
}

std::string written(const ServerTimings& timings, std::size_t room = 4096) {
  std::string text(room, '?');
  text.resize(timings.write({text.data(), text.size()}));
  return text;
}

} // namespace

TEST_CASE("metrics have a name, and may have a duration and a description", "[http][timing]") {
  const ServerTimings timings = read("miss, db;dur=53, app;dur=47.2;desc=\"the app\", dc;desc=atl");
  REQUIRE(timings.size() == 4);
  CHECK(timings[0].name == "miss");
  CHECK_FALSE(timings[0].duration);
  CHECK(timings[0].description.empty());
  CHECK(timings[1].name == "db");
  CHECK(timings[1].duration == 53.0);
  CHECK(timings[2].duration == 47.2);
  CHECK(timings[2].description == "the app");
  CHECK(timings[3].description == "atl");
}

TEST_CASE("what is malformed is passed over", "[http][timing]") {
  using Row = std::tuple<const char*, const char*>;
  const auto [value, expected] = GENERATE(table<const char*, const char*>({
      Row{"", ""},
      Row{" , ,;dur=1,=", ""},
      Row{"a", "a"},
      Row{"a;", "a"},
      Row{" a \t;\tdur = 1 ; desc = b ", "a;dur=1;desc=\"b\""},
      Row{"a;DUR=1;Desc=b", "a;dur=1;desc=\"b\""},
      Row{"a;desc=b;dur=1", "a;dur=1;desc=\"b\""},
      Row{"a;other=1;dur=2;flag;desc=c", "a;dur=2;desc=\"c\""},
      Row{"a b;dur=1", "a;dur=1"},
      Row{"a;dur=1 ms;desc=b c", "a;dur=1;desc=\"b\""},
      Row{"a=5;dur=1", "a;dur=1"},
      Row{"a;dur=1;dur=2;desc=x;desc=y", "a;dur=1;desc=\"x\""}, // the first counts
      Row{"a;dur;dur=2;desc;desc=y", "a;dur=0"},                // even if it says nothing
      Row{"a;dur=", "a;dur=0"},
      Row{"a;dur=x", "a;dur=0"},
      Row{"a;dur=-1", "a;dur=0"},
      Row{"a;dur=nan, b;dur=inf, c;dur=1e999", "a;dur=0, b;dur=0, c;dur=0"},
      Row{"a;dur=+1.5, b;dur=.5, c;dur=1e3", "a;dur=1.5, b;dur=0.5, c;dur=1000"},
      Row{"a;dur=\"2.5\"", "a;dur=2.5"},
      Row{R"(a;desc="x, y; \"z\" \\")", R"(a;desc="x, y; \"z\" \\")"},
      Row{"a;desc=\"\";dur=1", "a;dur=1"},
      Row{"a;desc=\"open, b;dur=1", "a;desc=\"open, b;dur=1\""},
      Row{"a;desc=\"x\" y;dur=1", "a;dur=1;desc=\"x\""},
      Row{"a;dur=1, a;dur=2", "a;dur=1, a;dur=2"}, // names may come again
  }));
  CAPTURE(value);
  CHECK(written(read(value)) == expected);
}

TEST_CASE("all lines of the field count", "[http][timing]") {
  FieldList fields;
  fields.add("server-timing", "a;dur=1");
  fields.add("x", "b;dur=2");
  fields.add("Server-Timing", "c;dur=3, d");
  ServerTimings timings;
  timings.add(fields);
  CHECK(written(timings) == "a;dur=1, c;dur=3, d");
  timings.add("late;dur=4");
  CHECK(written(timings) == "a;dur=1, c;dur=3, d, late;dur=4");
}

TEST_CASE("what is beyond the bounds is left out", "[http][timing]") {
  std::string many;
  for (int i = 0; i < 40; ++i) many += "m" + std::to_string(i) + ";dur=1, ";
  CHECK(read(many).size() == ServerTimings::kMetrics);

  const std::string longest(ServerTimings::kName, 'n');
  const ServerTimings names = read(longest + "n;dur=1, " + longest + ";dur=2");
  REQUIRE(names.size() == 1);
  CHECK(names[0].name == longest);
  CHECK(names[0].duration == 2.0);

  const ServerTimings described = read("a;desc=\"" + std::string(200, 'd') + "\";dur=1");
  CHECK(described[0].description == std::string(ServerTimings::kDescription, 'd'));
  CHECK(described[0].duration == 1.0);

  std::string large; // 128 bytes each
  for (int i = 0; i < 8; ++i) large += longest + ";desc=" + std::string(64, 'd') + ", ";
  CHECK(read(large + "small").size() == ServerTimings::kText / 128);
}

TEST_CASE("only whole metrics are written", "[http][timing]") {
  const ServerTimings timings = read("first;dur=1, second;dur=2, third;dur=3");
  CHECK(written(timings, 0).empty());
  CHECK(written(timings, 10).empty());
  CHECK(written(timings, 11) == "first;dur=1");
  CHECK(written(timings, 24) == "first;dur=1");
  CHECK(written(timings, 25) == "first;dur=1, second;dur=2");
}

TEST_CASE("any text is read within the bounds, and what is written reads back to the same",
          "[http][timing][property]") {
  std::mt19937 random(5);
  const std::string_view pieces[] = {"a",   "db", ";",  ",", "=",  "\"",   "\\",       " ",
                                     "dur", "1",  ".5", "-", "e9", "\xff", ";desc=\"", ";dur="};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    const std::size_t count = random() % 60;
    for (std::size_t i = 0; i < count; ++i) text += pieces[random() % std::size(pieces)];
    CAPTURE(text);
    const ServerTimings timings = read(text);
    REQUIRE(timings.size() <= ServerTimings::kMetrics);
    const std::string once = written(timings);
    const ServerTimings again = read(once);
    REQUIRE(again.size() == timings.size());
    for (std::size_t i = 0; i < timings.size(); ++i) {
      REQUIRE(is_token(timings[i].name));
      REQUIRE(again[i].name == timings[i].name);
      REQUIRE(again[i].duration == timings[i].duration);
      REQUIRE(again[i].description == timings[i].description);
    }
  }
}
