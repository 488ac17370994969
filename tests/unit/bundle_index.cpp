// Which version a selector stands for.
#include <selvedge/bundle/index.hpp>
#include <tests/support/catch.hpp>

#include <string>

using namespace selvedge::bundle;

namespace {

BundleIndex index_of(const std::string& json) {
  auto parsed = BundleIndex::parse(json);
  CHECK(parsed.problem.empty());
  REQUIRE(parsed);
  return std::move(*parsed.value);
}

BundleIndex acme() {
  return index_of(R"({"name": "acme-ui",
      "channels": {"latest": "2.3.1", "beta": "3.0.0-beta.2", "old": "1.9.0"},
      "versions": {"1.9.0": {}, "2.3.0": {"released": "2026-10-01T00:00:00Z"}, "2.3.1": {},
                   "2.4.0": {}, "2.10.0": {"yanked": true}, "3.0.0-beta.2": {}}})");
}

} // namespace

TEST_CASE("a selector stands for a version, as npm chooses it", "[bundle]") {
  const BundleIndex index = acme();
  struct Row {
    const char* selector;
    const char* version; // "": there is none
    SelectorKind kind;
  };
  const auto row = GENERATE(values<Row>({
      {"", "2.3.1", SelectorKind::channel},
      {"latest", "2.3.1", SelectorKind::channel},
      {"beta", "3.0.0-beta.2", SelectorKind::channel},
      {"2.3.0", "2.3.0", SelectorKind::exact},
      {"2.10.0", "2.10.0", SelectorKind::exact}, // yanked, but asked for by its name
      {"^2.3", "2.3.1", SelectorKind::range},    // what is `latest` comes before greater ones
      {"2", "2.3.1", SelectorKind::range},
      {">=2.4", "2.4.0", SelectorKind::range}, // 2.10.0 was yanked
      {"1.x", "1.9.0", SelectorKind::range},
      {"*", "2.3.1", SelectorKind::range},
      {"v2.3.0", "2.3.0", SelectorKind::range}, // another text of a version is not its URL
      {">=3.0.0-beta.1", "3.0.0-beta.2", SelectorKind::range},
      {">=3", "", SelectorKind::range},
      {"2.9.9", "", SelectorKind::range},
      {"nightly", "", SelectorKind::range},
  }));
  CAPTURE(row.selector);
  const Resolution found = index.resolve(row.selector);
  CHECK((found.version == nullptr ? "" : found.version->text) == row.version);
  CHECK(found.kind == row.kind);
}

TEST_CASE("versions of an index are in order", "[bundle]") {
  const BundleIndex index = acme();
  std::string order;
  for (const IndexedVersion& one : index.versions()) order += one.text + ' ';
  CHECK(order == "1.9.0 2.3.0 2.3.1 2.4.0 2.10.0 3.0.0-beta.2 ");
  CHECK(index.find("2.3.0")->released == "2026-10-01T00:00:00Z");
  CHECK(index.find("2.3") == nullptr);
}

TEST_CASE("an index is made and written by tools", "[bundle]") {
  BundleIndex index = BundleIndex::of("acme-ui");
  for (const char* text : {"1.10.0", "1.9.0", "1.10.0"}) {
    index.add({*parse_version(text), text, "", false});
  }
  index.set_channel("latest", "1.9.0");
  index.set_channel("beta", "1.10.0");
  index.set_channel("latest", "1.10.0");
  CHECK(index.versions().size() == 2);
  CHECK(index.resolve("latest").version->text == "1.10.0");
  const std::string text = text_of(index);
  CHECK(text_of(index_of(text)) == text);
}

TEST_CASE("what is wrong in an index is said with its place", "[bundle]") {
  using Row = std::pair<const char*, const char*>;
  const auto [json, problem] = GENERATE(values<Row>({
      {R"({"versions": {}})", "'name' is missing"},
      {R"({"name": "A", "versions": {}})", "name: 'A' is no name of a bundle"},
      {R"({"name": "a"})", "'versions' is missing"},
      {R"({"name": "a", "versions": {"1.2": {}}})",
       "versions.1.2: '1.2' is no version such as 1.2.3"},
      {R"({"name": "a", "versions": {"1.2.0": 1}})", "versions.1.2.0: is not an object"},
      {R"({"name": "a", "versions": {"1.2.0": {"yanked": 1}}})",
       "versions.1.2.0.yanked: is not true or false"},
      {R"({"name": "a", "versions": {}, "channels": {"latest": "1.0.0"}})",
       "channels.latest: '1.0.0' is none of the versions"},
      {R"({"name": "a", "versions": {"1.0.0": {}}, "channels": {"1.x": "1.0.0"}})",
       "channels.1.x: '1.x' is no name of a channel"},
      {R"({"name": "a", "versions": {"1.0.0": {}}, "channels": {"a/b": "1.0.0"}})",
       "channels.a/b: 'a/b' is no name of a channel"},
      {"[", "it is no JSON at line 1, column 2"},
  }));
  CHECK(BundleIndex::parse(json).problem == problem);
}

// Time that grows with the square of them would be minutes.
TEST_CASE("an index of very many versions is read", "[bundle]") {
  std::string text = R"({"name": "ui", "channels": {"latest": "1.0.0"}, "versions": {)";
  for (int i = 0; i < 50'000; ++i) {
    text += (i > 0 ? ", \"1." : "\"1.") + std::to_string(i) + ".0\": {}";
  }
  const auto parsed = BundleIndex::parse(text + "}}");
  REQUIRE(parsed);
  CHECK(parsed.value->versions().size() == 50'000);
}
