// What origins write of their bundles: names, digests, manifests. Whatever is wrong has one answer
// that says where.
#include <selvedge/bundle/manifest.hpp>
#include <selvedge/bundle/name.hpp>
#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>

#include <string>

using namespace selvedge::bundle;
using nlohmann::json;

namespace {

// Of "abc" (FIPS 180-4, appendix).
const std::string kSha256 = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
const std::string kSha384 =
    "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn";

json good() {
  return {{"name", "@acme/ui"},
          {"version", "2.3.1"},
          {"assets",
           {{{"path", "button.js"},
             {"size", 3},
             {"type", "text/javascript"},
             {"integrity", kSha384},
             {"class", "core"},
             {"requires", {"base.js", "@acme/tokens:tokens.css", "@acme/tokens:"}}},
            {{"path", "base.js"}, {"size", 3}, {"integrity", kSha256}}}},
          {"dependencies", {{"@acme/tokens", "^1.4.0"}}},
          {"entry", {"button.js"}}};
}

std::string problem_of(const json& manifest) {
  return parse_manifest(manifest.dump()).problem;
}

} // namespace

TEST_CASE("names of bundles are npm's", "[bundle]") {
  for (const char* name : {"acme-ui", "@acme/ui", "a", "lodash.get", "x_y-z", "7zip"}) {
    CAPTURE(name);
    CHECK(is_bundle_name(name));
  }
  for (const char* name : {"", "Acme", "@acme", "@acme/", "@/ui", ".x", "_x", "a b", "a/b",
                           "@a/b/c", "@.a/b", "x~y", "a%20", "..", "\xc3\xa9"}) {
    CAPTURE(name);
    CHECK_FALSE(is_bundle_name(name));
  }
  CHECK(is_bundle_name(std::string(214, 'a')));
  CHECK_FALSE(is_bundle_name(std::string(215, 'a')));
}

TEST_CASE("paths of assets stay inside of their bundle", "[bundle]") {
  for (const char* path : {"a.js", "dist/a.js", ".well-known/x", "a..b", "...", "a b", "@x/y"}) {
    CAPTURE(path);
    CHECK(is_asset_path(path));
  }
  for (const char* path :
       {"", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "a\nb", "a\x7f"}) {
    CAPTURE(path);
    CHECK_FALSE(is_asset_path(path));
  }
  CHECK_FALSE(is_asset_path(std::string(1025, 'a')));
}

TEST_CASE("the path of a URL names a bundle, a selector and an asset", "[bundle]") {
  struct Row {
    const char* path;
    const char* name;
    const char* selector;
    const char* asset;
    bool is_folder;
  };
  const auto row = GENERATE(values<Row>({
      {"/acme-ui@2.3.1/dist/a.js", "acme-ui", "2.3.1", "dist/a.js", true},
      {"/@acme/ui@^2.1/a.js", "@acme/ui", "^2.1", "a.js", true},
      {"/@acme/ui@latest/", "@acme/ui", "latest", "", true},
      {"/@acme/ui@beta", "@acme/ui", "beta", "", false},
      {"/acme-ui/a@2/b.js", "acme-ui", "", "a@2/b.js", true},
      {"/acme-ui", "acme-ui", "", "", false},
      {"/acme-ui@/a.js", "acme-ui", "", "a.js", true},
      {"/a@1@2/x", "a", "1@2", "x", true},
  }));
  CAPTURE(row.path);
  const auto target = bundle_target(row.path);
  REQUIRE(target);
  CHECK(target->name == row.name);
  CHECK(target->selector == row.selector);
  CHECK(target->path == row.asset);
  CHECK(target->is_folder == row.is_folder);
}

TEST_CASE("other paths name no bundle", "[bundle]") {
  for (const char* path : {"", "acme-ui", "/", "//", "/@acme", "/@acme/", "/@acme//x", "/Acme/x",
                           "/@/ui@1/x", "/.git/config", "/../x"}) {
    CAPTURE(path);
    CHECK_FALSE(bundle_target(path));
  }
}

TEST_CASE("W3C SRI: the strongest digest counts", "[bundle]") {
  CHECK(parse_integrity(kSha256)->algorithm == DigestAlgorithm::sha256);
  CHECK(parse_integrity(kSha256 + " " + kSha384)->algorithm == DigestAlgorithm::sha384);
  CHECK(parse_integrity(" md5-abc\t" + kSha256 + "?ct=text/css ")->integrity() == kSha256);
  CHECK(parse_integrity(kSha256)->repr_digest() ==
        "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:");
  for (const char* text : {"", "md5-abc", "sha256", "sha256-", "sha256-abc=", "sha384 abc"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integrity(text));
  }
  // Not of its length, not base64, and with bits behind the last byte that say nothing.
  CHECK_FALSE(parse_integrity("sha384-" + kSha256.substr(7)));
  CHECK_FALSE(parse_integrity("sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa!="));
  CHECK_FALSE(parse_integrity("sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1="));
}

TEST_CASE("a digest is computed as content comes", "[bundle]") {
  DigestSum sum(DigestAlgorithm::sha384);
  sum.add("a");
  sum.add("");
  sum.add("bc");
  CHECK(sum.digest().integrity() == kSha384);
  DigestSum other(DigestAlgorithm::sha256);
  other.add("abc");
  CHECK(other.digest() == *parse_integrity(kSha256));
}

TEST_CASE("a manifest is read and written", "[bundle]") {
  const auto parsed = parse_manifest(good().dump());
  CHECK(parsed.problem.empty());
  REQUIRE(parsed);
  const Manifest& manifest = *parsed.value;
  CHECK(manifest.name == "@acme/ui");
  CHECK(manifest.version.text() == "2.3.1");
  REQUIRE(manifest.assets.size() == 2);
  CHECK(manifest.assets[0].path == "base.js"); // in order
  CHECK(manifest.assets[0].importance == AssetClass::standard);
  const Asset* button = manifest.find("button.js");
  REQUIRE(button != nullptr);
  CHECK(button->size == 3);
  CHECK(button->type == "text/javascript");
  CHECK(button->importance == AssetClass::core);
  CHECK(button->required == std::vector<AssetReference>{{"", "base.js"},
                                                        {"@acme/tokens", "tokens.css"},
                                                        {"@acme/tokens", ""}});
  CHECK(manifest.find("other.js") == nullptr);
  CHECK(manifest.dependency("@acme/tokens")->text == "^1.4.0");
  CHECK(manifest.entry == std::vector<std::string>{"button.js"});
  const std::string text = text_of(manifest);
  CHECK(text_of(*parse_manifest(text).value) == text);
}

TEST_CASE("what is wrong in a manifest is said with its place", "[bundle]") {
  json manifest = good();
  json& first = manifest["assets"][0];
  std::string expected;
  SECTION("name") {
    manifest["name"] = "Acme UI";
    expected = "name: 'Acme UI' is no name of a bundle";
  }
  SECTION("version") {
    manifest["version"] = "2.3";
    expected = "version: '2.3' is no version such as 1.2.3";
  }
  SECTION("a version in another form") {
    manifest["version"] = "v2.3.1";
    expected = "version: 'v2.3.1' is no version such as 1.2.3";
  }
  SECTION("missing") {
    first.erase("size");
    expected = "assets[0]: 'size' is missing";
  }
  SECTION("an escape") {
    first["path"] = "../../etc/passwd";
    expected = "assets[0].path: '../../etc/passwd' is no path inside of a bundle";
  }
  SECTION("size") {
    first["size"] = -1;
    expected = "assets[0].size: is not a whole number";
  }
  SECTION("digest") {
    first["integrity"] = "sha384-abc";
    expected = "assets[0].integrity: 'sha384-abc' is no digest such as sha384-...";
  }
  SECTION("class") {
    first["class"] = "big";
    expected = "assets[0].class: 'big' is not critical, core, standard or secondary";
  }
  SECTION("type") {
    first["type"] = "text/css\r\nX: y";
    expected = "assets[0].type: 'text/css\r\nX: y' is no media type";
  }
  SECTION("twice") {
    manifest["assets"][1]["path"] = "button.js";
    expected = "assets: 'button.js' is there twice";
  }
  SECTION("an asset that is not there") {
    first["requires"][0] = "gone.js";
    expected = "'button.js' requires 'gone.js', which is no asset of this bundle";
  }
  SECTION("a bundle that is no dependency") {
    first["requires"][0] = "lit:lit.js";
    expected = "'button.js' requires 'lit:lit.js', which is no dependency";
  }
  SECTION("the entry of no dependency") {
    first["requires"][0] = "lit:";
    expected = "'button.js' requires 'lit:', which is no dependency";
  }
  SECTION("the entry of no bundle") {
    first["requires"][0] = ":";
    expected = "assets[0].requires[0]: '' is no name of a bundle";
  }
  SECTION("no asset") {
    first["requires"][0] = "";
    expected = "assets[0].requires[0]: '' is no path inside of a bundle";
  }
  SECTION("too many dependencies") {
    for (int i = 0; i <= 1000; ++i) manifest["dependencies"]["d" + std::to_string(i)] = "1";
    expected = "dependencies: there are more than 1000";
  }
  SECTION("too many entries") {
    for (int i = 0; i <= 1000; ++i) manifest["entry"].push_back("button.js");
    expected = "entry: there are more than 1000";
  }
  SECTION("an entry that is there twice") {
    manifest["entry"].push_back("button.js");
    expected = "entry: 'button.js' is there twice";
  }
  SECTION("too much that is required") {
    for (int i = 0; i <= 1000; ++i) first["requires"].push_back("base.js");
    expected = "assets[0].requires: there are more than 1000";
  }
  SECTION("an export of nothing") {
    manifest["exports"] = {{"x", "gone.js"}};
    expected = "exports: 'gone.js' is no asset of this bundle";
  }
  SECTION("an export by no name") {
    manifest["exports"] = {{"../x", "button.js"}};
    expected = "exports: '../x' cannot be imported";
  }
  SECTION("entry") {
    manifest["entry"][0] = "gone.js";
    expected = "entry: 'gone.js' is no asset of this bundle";
  }
  SECTION("range") {
    manifest["dependencies"]["@acme/tokens"] = "git+https://example.com/x";
    expected = "dependencies.@acme/tokens: 'git+https://example.com/x' is no range of versions";
  }
  SECTION("a name of a dependency") {
    manifest["dependencies"]["../x"] = "1";
    expected = "dependencies.../x: '../x' is no name of a bundle";
  }
  SECTION("kind") {
    manifest["assets"] = "none";
    expected = "assets: is not a list";
  }
  CHECK(problem_of(manifest) == expected);
}

TEST_CASE("what is no JSON says where it stops to be", "[bundle]") {
  CHECK(parse_manifest("{\n  \"name\": ,\n}").problem == "it is no JSON at line 2, column 11");
  CHECK(parse_manifest("").problem == "it is no JSON at line 1, column 1");
  CHECK(parse_manifest("[]").problem == "is not an object");
  CHECK(parse_manifest(std::string(Manifest::kLargest + 1, ' ')).problem ==
        "it is larger than 33554432 bytes");
  CHECK(parse_manifest(std::string(1'000'000, '[')).problem == "it is nested too deeply");
  CHECK(parse_manifest(R"({"name": 1e999})").problem.starts_with("it is no JSON that can be used"));
}
