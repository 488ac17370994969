// What package.json says that pages ask for first.
#include <tests/support/catch.hpp>

#include <selvedge/bundle/package_json.hpp>

using namespace selvedge::bundle;

namespace {

std::vector<std::string> entry_of(const std::string& rest) {
  const auto parsed = parse_package_json(R"({"name": "a", "version": "1.0.0")" + rest + "}");
  INFO(parsed.problem);
  REQUIRE(parsed);
  return parsed.value->entry;
}

} // namespace

TEST_CASE("of alternatives for scripts, browsers and modules go first", "[bundle]") {
  using Paths = std::vector<std::string>;
  CHECK(entry_of(R"(, "exports": {".": {"import": {"types": "./a.d.mts", "default": "./a.mjs"},
                     "types": "./a.d.ts", "module": "./a.esm.js", "default": "./a.umd.js"},
                     "./b": "./b.js"}, "main": "./a.umd.js", "module": "./a.esm.js")") ==
        Paths{"a.mjs"});
  CHECK(entry_of(R"(, "exports": {".": {"browser": {"default": "./web.js"}, "node": "./n.js",
                     "default": "./a.js"}})") == Paths{"web.js"});
  CHECK(entry_of(R"(, "exports": {"style": "./a.css", "default": "./a.js"})") ==
        Paths{"a.js", "a.css"});
  CHECK(entry_of(R"(, "module": "dist/a.esm.js", "main": "dist/a.js", "style": "a.css")") ==
        Paths{"dist/a.esm.js", "a.css"});
  CHECK(entry_of(R"(, "main": "./a.js")") == Paths{"a.js"});
  CHECK(entry_of(R"(, "browser": {"./a.js": "./b.js"}, "main": "a.js")") == Paths{"a.js"});
  CHECK(entry_of(R"(, "exports": "../../etc/passwd", "main": "a.js")") == Paths{"a.js"});
  CHECK(entry_of("").empty());
}

TEST_CASE("what is imported by another name than its path is said", "[bundle]") {
  const auto parsed = parse_package_json(R"({"name": "a", "version": "1.0.0", "exports": {
      ".": "./a.js", "./dom": {"types": "./d.ts", "import": "./dist/dom.mjs", "default": "./dom.js"},
      "./b.js": "./b.js", "./icons/*": "./dist/icons/*.js", "./package.json": "./package.json",
      "./../up": "./up.js"}})");
  REQUIRE(parsed);
  CHECK(parsed.value->exports == std::vector<Export>{{"dom", "dist/dom.mjs"}});
  CHECK(parsed.value->entry == std::vector<std::string>{"a.js"});
  CHECK(parse_package_json(R"({"exports": {"./b": "./b.js"}, "main": "m.js"})").value->entry ==
        std::vector<std::string>{"m.js"});
}
