#include <src/policy/glob.hpp>
#include <tests/support/catch.hpp>

#include <random>
#include <string>

using namespace selvedge::policy;

namespace {

bool matches(std::string_view pattern, std::string_view text) {
  return Glob(pattern).matches(GlobSubject(text));
}

// By definition, one character at a time.
bool model_matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*') {
    return !text.empty() && pattern.front() == text.front() &&
           model_matches(pattern.substr(1), text.substr(1));
  }
  for (std::size_t taken = 0; taken <= text.size(); ++taken) {
    if (model_matches(pattern.substr(1), text.substr(taken))) return true;
  }
  return false;
}

class Random {
public:
  std::string text(std::string_view letters, std::size_t longest) {
    std::string result(below(longest + 1), ' ');
    for (char& c : result) c = letters[below(letters.size())];
    return result;
  }

private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(source_);
  }
  std::mt19937_64 source_{11};
};

} // namespace

TEST_CASE("a star stands for any text, all else for itself", "[policy][glob]") {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const auto row = GENERATE(values<Row>({
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "/a/b", true},
      {"/a", "/a", true},
      {"/a", "/a/", false},
      {"/a/*", "/a/", true},
      {"/a/*", "/a", false},
      {"/a/*", "/a/b/c.js", true},
      {"*.js", ".js", true},
      {"*.js", "/a.jss", false},
      {"*.js", "/x/a.js", true},
      {"ab*ba", "aba", false}, // the ends do not overlap
      {"ab*ba", "abba", true},
      {"*a*b*", "xaxbx", true},
      {"*a*b*", "xbxax", false},
      {"a**b", "ab", true},
      {"/static/long/prefix/*", "/static/long/prefix/x", true},
      {"/static/long/prefix/*", "/static/long/prefiX/x", false},
      {"/static/*", "/stat", false},
      {"*/chunk-names.js", "/a/chunk-names.js", true},
      {"*/chunk-names.js", "/a/chUnk-names.js", false},
      {"/a?b", "/a?b", true},
      {"/a?b", "/axb", false},
      {"/A", "/a", false},
  }));
  CAPTURE(row.pattern, row.text);
  CHECK(matches(row.pattern, row.text) == row.matches);
}

TEST_CASE("bytes of zero are not the end of a text", "[policy][glob]") {
  const std::string zeros(3, '\0');
  CHECK_FALSE(matches("a", std::string("a") + zeros));
  CHECK_FALSE(matches(std::string("a") + zeros, "a"));
  CHECK_FALSE(matches(zeros + "*", ""));
  CHECK(matches(zeros + "*", zeros));
}

TEST_CASE("patterns match as by definition", "[policy][glob]") {
  Random random;
  int matched = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::string pattern = random.text("aab*", 12);
    const std::string text = random.text("aaab", 14);
    CAPTURE(pattern, text);
    const bool expected = model_matches(pattern, text);
    REQUIRE(matches(pattern, text) == expected);
    matched += expected ? 1 : 0;
  }
  CHECK(matched > 1000);
}

TEST_CASE("a pattern covers another only if it matches all that the other does", "[policy][glob]") {
  CHECK(Glob("*").covers(Glob("/a/*")));
  CHECK(Glob("/a/*").covers(Glob("/a/b*c")));
  CHECK(Glob("/a*").covers(Glob("/a")));
  CHECK_FALSE(Glob("/a/*").covers(Glob("/a*")));
  CHECK_FALSE(Glob("/a").covers(Glob("/a*")));
  CHECK_FALSE(Glob("*b*").covers(Glob("*")));

  Random random;
  int shown = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::string wide = random.text("ab**", 5);
    const std::string narrow = random.text("ab*", 5);
    const std::string text = random.text("ab", 6);
    if (!Glob(wide).covers(Glob(narrow)) || !matches(narrow, text)) continue;
    CAPTURE(wide, narrow, text);
    REQUIRE(matches(wide, text));
    ++shown;
  }
  CHECK(shown > 1000);
}

TEST_CASE("lists of patterns", "[policy][glob]") {
  const Globs globs = globs_of({"*.js", "/a/*"});
  CHECK(matches_any(globs, GlobSubject("/x.js")));
  CHECK(matches_any(globs, GlobSubject("/a/x.css")));
  CHECK_FALSE(matches_any(globs, GlobSubject("/x.css")));
  CHECK_FALSE(matches_any({}, GlobSubject("/x.css")));
  CHECK(covers_all(globs, globs_of({"/b/*.js", "/a/b"})));
  CHECK_FALSE(covers_all(globs, globs_of({"/b/*.js", "/b"})));
}
