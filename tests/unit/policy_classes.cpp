#include <selvedge/policy/policy_set.hpp>
#include <src/policy/content_classes.hpp>
#include <tests/support/catch.hpp>

#include <string>

using namespace selvedge::policy;

namespace {

ContentClassOptions class_of(ContentClass is) {
  ContentClassOptions options;
  options.is = is;
  return options;
}

PolicySet policy_with(std::vector<ContentClassOptions> classes) {
  PolicyOptions options;
  options.classes = std::move(classes);
  return PolicySet(std::move(options));
}

} // namespace

TEST_CASE("the bundle is read from the path", "[policy][classes]") {
  struct Row {
    const char* path;
    const char* bundle;
  };
  const auto row = GENERATE(values<Row>({
      {"/acme-ui@2.3.1/a/b.js", "acme-ui"},
      {"/acme-ui@^2.1/", "acme-ui"},
      {"/acme-ui@latest", "acme-ui"},
      {"/@acme/ui@2.3.1/a.js", "@acme/ui"},
      {"/@acme/ui@~2.3", "@acme/ui"},
      {"/acme-ui/a.js", "acme-ui"}, // no selector means the latest, with a scope too
      {"/@acme/ui/a.js", "@acme/ui"},
      {"/@acme/ui", "@acme/ui"},
      {"/@acme/", "@acme"},
      {"/@acme//x", "@acme"},
      {"/@acme", "@acme"},
      {"/main.js", "main.js"},
      {"/", ""},
      {"//a", ""},
      {"", ""},
      {"*", ""},
  }));
  CAPTURE(row.path);
  CHECK(PolicySet::bundle_of(row.path) == row.bundle);
}

TEST_CASE("a type is guessed by the ending", "[policy][classes]") {
  CHECK(guessed_type("/a/main.3f9c.js") == "text/javascript");
  CHECK(guessed_type("/a/x.MJS") == "text/javascript");
  CHECK(guessed_type("/x.woff2") == "font/woff2");
  CHECK(guessed_type("/x.js.map") == "application/json");
  for (const std::string path : {"/x", "/x.", "/a.js/x", "/x.jsx", "", "."}) {
    CAPTURE(path);
    CHECK(guessed_type(path).empty());
  }
  for (const std::string ending :
       {"js",  "mjs",  "css",   "html", "json", "svg",  "png", "jpg", "jpeg", "webp", "avif",
        "gif", "woff", "woff2", "ttf",  "map",  "wasm", "ico", "mp4", "txt",  "xml"}) {
    CAPTURE(ending);
    CHECK_FALSE(guessed_type("/x." + ending).empty());
  }
}

TEST_CASE("the first class whose conditions hold is it", "[policy][classes]") {
  ContentClassOptions entry = class_of(ContentClass::critical);
  entry.paths = {"/", "/index.html", "*/entry-*.js"};
  ContentClassOptions code = class_of(ContentClass::core);
  code.types = {"text/*", "application/JSON"};
  ContentClassOptions media = class_of(ContentClass::secondary);
  media.types = {"image/*"};
  media.bundles = {"acme-*", "@acme/*"};
  const PolicySet policy = policy_with({entry, code, media});
  CHECK(policy.classes_need_content());

  struct Row {
    const char* path;
    const char* type;
    ContentClass is;
  };
  const auto row = GENERATE(values<Row>({
      {"/", "", ContentClass::critical},
      {"/acme-ui@1/entry-main.js", "", ContentClass::critical},
      {"/acme-ui@1/main.js", "", ContentClass::core},
      {"/acme-ui@1/main.js", "image/png", ContentClass::secondary}, // what it is, not its name
      {"/acme-ui@1/a.png", "", ContentClass::secondary},
      {"/@acme/ui@1/a.png", "", ContentClass::secondary},
      {"/other@1/a.png", "", ContentClass::standard}, // not of that bundle
      {"/acme-ui@1/a", "IMAGE/png;x=y", ContentClass::secondary},
      {"/acme-ui@1/a", " text/html ; charset=utf-8", ContentClass::core},
      {"/acme-ui@1/a.json", "", ContentClass::core},
      {"/acme-ui@1/a", "", ContentClass::standard},
      {"/acme-ui@1/a.png", "application/octet-stream", ContentClass::standard},
  }));
  CAPTURE(row.path, row.type);
  CHECK(policy.class_of(row.path, {.type = row.type, .size = {}}) == row.is);
}

TEST_CASE("sizes hold only of what is known", "[policy][classes]") {
  ContentClassOptions small = class_of(ContentClass::core);
  small.max_size = 100;
  ContentClassOptions large = class_of(ContentClass::secondary);
  large.min_size = 1000;
  const PolicySet policy = policy_with({small, large});
  CHECK(policy.classes_need_content());
  CHECK(policy.class_of("/a", {.type = {}, .size = {}}) == ContentClass::standard);
  CHECK(policy.class_of("/a", {.type = {}, .size = 0}) == ContentClass::core);
  CHECK(policy.class_of("/a", {.type = {}, .size = 100}) == ContentClass::core);
  CHECK(policy.class_of("/a", {.type = {}, .size = 101}) == ContentClass::standard);
  CHECK(policy.class_of("/a", {.type = {}, .size = 1000}) == ContentClass::secondary);
}

TEST_CASE("an absurd type is none", "[policy][classes]") {
  ContentClassOptions any = class_of(ContentClass::core);
  any.types = {"*/*"};
  const PolicySet policy = policy_with({any});
  const std::string longest = "a/" + std::string(126, 'b');
  CHECK(policy.class_of("/a", {.type = longest, .size = {}}) == ContentClass::core);
  CHECK(policy.class_of("/a", {.type = longest + "b", .size = {}}) == ContentClass::standard);
}

TEST_CASE("without conditions on content it need not be looked for", "[policy][classes]") {
  CHECK_FALSE(policy_with({}).classes_need_content());
  CHECK(policy_with({}).class_of("/a", {}) == ContentClass::standard);
  ContentClassOptions named = class_of(ContentClass::core);
  named.paths = {"/a"};
  ContentClassOptions rest = class_of(ContentClass::secondary);
  const PolicySet policy = policy_with({named, rest});
  CHECK_FALSE(policy.classes_need_content());
  CHECK(policy.class_of("/a", {}) == ContentClass::core);
  CHECK(policy.class_of("/b", {}) == ContentClass::secondary);
}
