// What scripts and styles import, whatever stands around it, and which assets that is.
#include <selvedge/bundle/imports.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace selvedge::bundle;

namespace {

using Found = std::vector<std::string_view>;

Found script(std::string_view content) {
  return find_imports(content, ImportSyntax::script);
}
Found style(std::string_view content) {
  return find_imports(content, ImportSyntax::style);
}

Manifest ui() {
  Manifest manifest;
  manifest.name = "@acme/ui";
  for (const char* path : {"a b.js", "button.js", "c:d.js", "css/base.css", "css/ui.css",
                           "dist/button.js", "dist/parts/icon.js", "reset.css"}) {
    Asset asset;
    asset.path = path;
    manifest.assets.push_back(std::move(asset));
  }
  for (const char* name : {"@acme/tokens", "lit"}) {
    manifest.dependencies.push_back({name, "*", *VersionRange::parse("*")});
  }
  manifest.entry = {"dist/button.js", "button.js"};
  return manifest;
}

std::string resolved(std::string_view specifier, std::string_view from) {
  const auto reference = resolve_import(specifier, from, ui());
  return reference ? reference->text() : "none";
}

} // namespace

TEST_CASE("ECMA-262, 16.2: every form of a static import is found", "[bundle]") {
  for (const char* content : {"import \"s\"",
                              "import's'",
                              "import x from 's';",
                              "import x from\n's'",
                              "import {x} from 's'",
                              "import{x as y,}from's'",
                              "import * as x from 's'",
                              "import x, {y} from 's'",
                              "import x, * as y from 's'",
                              "import {'a b' as x} from 's'",
                              "import {} from 's'",
                              "import from from 's'",
                              "import from, {x} from 's'",
                              "import * as from from 's'",
                              "import {from} from 's'",
                              "import as from 's'",
                              "import defer * as x from 's'",
                              "import x from 's' with {type: 'json'}",
                              "import/**/x/* 'no' */from//'no'\n's'",
                              "export * from 's'",
                              "export*from's'",
                              "export * as x from 's'",
                              "export * as 'a b' from 's'",
                              "export * as import from 's'",
                              "export * as from from 's'",
                              "export {x} from 's'",
                              "export {x as default} from 's'",
                              "export {'a' as 'b'} from 's'",
                              "\xef\xbb\xbfimport 's'",
                              "#!/bin/x 'no'\nimport 's'",
                              "let x = 1\nimport 's'",
                              "export {x}\nimport 's'",
                              "export let x\nimport 's'"}) {
    CAPTURE(content);
    CHECK(script(content) == Found{"s"});
  }
}

TEST_CASE("what is no static import is not told", "[bundle]") {
  for (const char* content : {"import('s')",
                              "import ( 's' )",
                              "import.meta.url, 's'",
                              "import.meta\n's'",
                              "x.import 's'",
                              "x?.import\n's'",
                              "f(...import('s'))",
                              "const from = 's'",
                              "export const from = 's'",
                              "export {x}; from = 's'",
                              "export {x}\nlet from = 's'",
                              "export default 's'",
                              "export {from}\n's'",
                              "export default {from: 's'}",
                              "require('s')",
                              "// import 's'",
                              "/* import 's' */",
                              "`import 's'`",
                              "\"import 's'\"",
                              "'\\'; import \"s\"'",
                              "if (x) { import 's' }",
                              "import '\\x73'",
                              "import 's",
                              "import 's\n'",
                              "import ''",
                              "import",
                              "export",
                              "export *",
                              "import {",
                              "import x from",
                              "import x from `s`"}) {
    CAPTURE(content);
    CHECK(script(content).empty());
  }
}

TEST_CASE("code is told from regular expressions and templates", "[bundle]") {
  const auto before = GENERATE(values<const char*>({
      "x = /'/;",
      "x = /[/']/g;",
      "x = /\\/'/u;",
      "f(/`/);",
      "if (x) /'/.test(y);",
      "while(x)/`/.test(y);",
      "x => /'/;",
      "() => {}\n/'/.test(y);",
      "function f() {}\n/'/.test(y);",
      "switch (x) { case 1: {} /'/.test(y) }",
      "function f() { return /'/ }",
      "x = typeof /`/;",
      "x = [/'/, /\"/, !/`/];",
      "for (x of /'/[y]) z;",
      "x = `'`;",
      "x = `${`${'}'}`}'`;",
      "x = `${{a: '}'}}\"`;",
      "x = `\\`'`;",
      "x = `\\${'`;",
      "x = `$'$`;",
      "x = `${/[`}]/}'`;",
      "x = a / b; y = \"/'\";",
      "x = (a) / b; y = '/\"';",
      "x = a[0] / b; y = '/\"';",
      "x = {} / b; y = '/\"';",
      "x = a++ / b; y = '/\"';",
      "x = 1. / b; y = '/\"';",
      "x = .5 / b; y = '/\"';",
      "x = a.return / b; y = '/\"';",
      "x = a.if(b) / c; y = '/\"';",
      "x = `` / b; y = '/\"';",
      "x = '\\\r\n\"';",
      "x = \"\\\\\";",
      "x = { import: 1, export: 2 };",
      "class A { static { x = 1 } 'import' = 1 }",
      "}",
  }));
  CAPTURE(before);
  CHECK(script(std::string(before) + "\nimport 's'") == Found{"s"});
}

TEST_CASE("CSS Cascading, 2: imports of a style stand before its rules", "[bundle]") {
  for (const char* content :
       {"@import 's';", "@import \"s\"", "@IMPORT's' screen;", "@import url(s);",
        "@import URL( s )print;", "@import url( 's' ) layer(x) supports(display: grid);",
        "@import/**/'s';", "/* @import 'no'; */@import 's';", "@charset 'no'; @import 's';",
        "@layer a, b;\n<!-- -->@import 's';", "\xef\xbb\xbf@import 's';", "@import url(s",
        "@x url(data:a;b,c'd); @import 's';", "@x (;) ';' \\; ; @import 's'; a {}",
        "@import 's'; a { } @import 'no';"}) {
    CAPTURE(content);
    CHECK(style(content) == Found{"s"});
  }
  for (const char* content :
       {"a {} @import 's';", "@layer x { } @import 's';", "@import-x 's';", "@import s;",
        "a; @import 's';", "@import 's", "@import '\\73';", "@import url(a\\)b);",
        "@import url(a b);", "@import url('a' b);", "@import url(a'b);", "@import '';", "@import",
        "@", "", "a { background: url(s) }", "@font-face { src: url(s) }"}) {
    CAPTURE(content);
    CHECK(style(content).empty());
  }
  CHECK(style("@import 'a';@import url(b?c);@import \"a\";") == Found{"a", "b?c", "a"});
}

TEST_CASE("hostile content costs no more than its size, and is bounded", "[bundle]") {
  const auto repeated = [](std::string_view text) {
    std::string content;
    while (content.size() + text.size() <= kLargestScanned) content += text;
    return content;
  };
  for (const char* text : {"=/[", "/", "=/\\", "(", "{", "`${", "/*", "'\n", "@", "@import ",
                           "@import url(", "@x(", "\\", "import ", "export {", "a/", "\xff"}) {
    CAPTURE(text);
    const std::string content = repeated(text);
    CHECK(script(content).empty());
    CHECK(style(content).empty());
  }
  CHECK(script(repeated("import 's';")).size() == kMostImports);
  CHECK(style(repeated("@import 's';")).size() == kMostImports);
  CHECK(script("import 's';" + std::string(kLargestScanned, ' ')).empty());
}

TEST_CASE("a specifier stands for an asset, of this bundle or another", "[bundle]") {
  struct Row {
    const char* from;
    const char* specifier;
    const char* reference;
  };
  const auto row = GENERATE(values<Row>({
      {"dist/button.js", "./parts/icon.js", "dist/parts/icon.js"},
      {"dist/button.js", "./parts/../parts/./icon.js?v=1#x", "dist/parts/icon.js"},
      {"dist/parts/icon.js", "../button.js", "dist/button.js"},
      {"dist/parts/icon.js", "../../button.js", "button.js"},
      {"button.js", "./a b.js", "a b.js"},
      {"dist/parts/icon.js", "../../../button.js", "none"},
      {"dist/button.js", "./gone.js", "none"},
      {"dist/button.js", "./parts/icon", "none"},
      {"dist/button.js", "./parts//icon.js", "none"},
      {"dist/button.js", "./parts/", "none"},
      {"button.js", "./c:d.js", "none"}, // would be read as an asset of c
      {"button.js", ".", "none"},
      {"button.js", "..", "none"},
      {"button.js", "", "none"},
      {"button.js", "lit", "lit:"},
      {"button.js", "lit/", "lit:"},
      {"button.js", "lit/html.js", "lit:html.js"},
      {"button.js", "lit/a:b.js", "lit:a:b.js"},
      {"button.js", "lit/../x.js", "none"},
      {"button.js", "lit/\xff.js", "none"},
      {"button.js", "@acme/tokens", "@acme/tokens:"},
      {"button.js", "@acme/tokens/dist/x.js", "@acme/tokens:dist/x.js"},
      {"button.js", "@acme", "none"},
      {"button.js", "react", "none"},
      {"button.js", "lit@3/html.js", "none"},
      {"button.js", "@acme/ui", "dist/button.js"},
      {"button.js", "@acme/ui/dist/parts/icon.js", "dist/parts/icon.js"},
      {"button.js", "@acme/ui/gone.js", "none"},
      {"button.js", "button.js", "none"},
      {"button.js", "/button.js", "none"},
      {"button.js", "//lit/button.js", "none"},
      {"button.js", "https://example.com/button.js", "none"},
      {"button.js", "data:text/javascript,1", "none"},
      {"button.js", "node:fs", "none"},
      {"button.js", "#internal", "none"},
      {"css/ui.css", "base.css", "css/base.css"},
      {"css/ui.css", "../reset.css", "reset.css"},
      {"css/ui.css", "reset.css", "none"},
      {"css/ui.css", "@acme/tokens/tokens.css", "@acme/tokens:tokens.css"},
  }));
  CAPTURE(row.from, row.specifier);
  CHECK(resolved(row.specifier, row.from) == row.reference);
}

TEST_CASE("an asset requires each of its imports once, and not itself", "[bundle]") {
  const std::string content = "import 'lit'; import './parts/icon.js'; import './button.js';\n"
                              "export * from 'lit'; export * from '@acme/ui/dist/parts/icon.js';\n"
                              "import 'react'; import('@acme/tokens')";
  const std::vector<AssetReference> wanted{{"lit", ""}, {"", "dist/parts/icon.js"}};
  CHECK(required_by("dist/button.js", content, ui()) == wanted);
  CHECK(required_by("dist/button.cjs", content, ui()).empty());
  CHECK(required_by("dist/button.js.map", content, ui()).empty());
  const std::vector<AssetReference> sheet{{"", "css/base.css"}};
  CHECK(required_by("css/ui.css", "@import 'base.css'; @import 'ui.css';", ui()) == sheet);
}
