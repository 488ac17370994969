#include <selvedge/cache/cache_key.hpp>
#include <tests/support/catch.hpp>

#include <random>

using namespace selvedge;
using base::Arena;
using cache::KeyRules;
using cache::normal_path;
using cache::normal_query;
using cache::QueryRule;

namespace {

std::string random_text(std::mt19937& random, std::string_view alphabet) {
  std::string text;
  for (std::size_t i = random() % 16; i > 0; --i)
    text.push_back(alphabet[random() % alphabet.size()]);
  return text;
}

} // namespace

TEST_CASE("RFC 3986, 6.2.2: one spelling of a path", "[cache][key]") {
  struct Row {
    const char* section;
    const char* target;
    const char* expected;
  };
  const Row rows[] = {
      {"as it is", "/a/b.c?d", "/a/b.c?d"},
      {"6.2.2.1: digits in upper case", "/a%2fb", "/a%2Fb"},
      {"6.2.2.2: unreserved", "/%61%7E%2D%5f%39", "/a~-_9"},
      {"2.2: reserved stays", "/%3F%23%2F%25", "/%3F%23%2F%25"},
      {"2.4: decoded once", "/%2541", "/%2541"},
      {"not ASCII", "/%c3%a9", "/%C3%A9"},
      {"2.1: no percent-encoding", "/%zz%4", "/%zz%4"},
      {"2.1: nor does one come of it", "/%%341", "/%%341"},
      {"2.1: nor does one come of it", "/%4%31", "/%4%31"},
      {"2.1: no dot that is hidden so", "/a/%%32e%%32e/b", "/a/%%32e%%32e/b"},
      {"5.2.4: this directory", "/a/./b", "/a/b"},
      {"5.2.4: the one above", "/a/../b", "/b"},
      {"5.2.4: at the end", "/a/b/..", "/a/"},
      {"5.2.4: at the end", "/a/.", "/a/"},
      {"5.2.4: above the root", "/../../a", "/a"},
      {"5.2.4: the root", "/..", "/"},
      {"5.2.4: an example", "/a/b/c/./../../g", "/a/g"},
      {"5.2.4: names with dots", "/.../..a/.b", "/.../..a/.b"},
      {"5.2.4: empty segments count", "/a//../b", "/a/b"},
      {"6.2.2.3 behind 6.2.2.2", "/a/%2e%2E/b", "/b"},
      {"the query keeps its spelling", "/a?%61/../b", "/a?%61/../b"},
      {"RFC 9112, 3.2.4: asterisk-form", "*", "*"},
      {"empty", "", ""},
  };
  Arena arena;
  for (const Row& row : rows) {
    CAPTURE(row.section, row.target);
    CHECK(normal_path(row.target, arena) == row.expected);
  }
}

TEST_CASE("the query by the rules of a route", "[cache][key]") {
  struct Row {
    KeyRules rules;
    const char* target;
    const char* expected;
  };
  const auto rules = [](QueryRule query, std::vector<std::string> names, bool sort = false) {
    return KeyRules{query, std::move(names), sort, {}, {}};
  };
  const Row rows[] = {
      {{}, "/?b=1&a=2&", "/?b=1&a=2&"},
      {rules(QueryRule::keep, {}, true), "/?b=1&a=2", "/?a=2&b=1"},
      {rules(QueryRule::keep, {}, true), "/?b=2&a&b=1", "/?a&b=2&b=1"}, // equal names keep theirs
      {rules(QueryRule::keep, {}, true), "/?", "/"},
      {rules(QueryRule::keep, {}, true), "/?&&a", "/?a"},
      {rules(QueryRule::drop, {}), "/a?b=1", "/a"},
      {rules(QueryRule::drop, {}), "/a", "/a"},
      {rules(QueryRule::allow, {"id"}), "/?id=1&x=2&id=3", "/?id=1&id=3"},
      {rules(QueryRule::allow, {"id"}), "/?x=2", "/"},
      {rules(QueryRule::allow, {"id"}), "/?i%64=1&ID=2", "/?i%64=1"}, // by the decoded name
      {rules(QueryRule::allow, {}), "/?x=2", "/"},
      {rules(QueryRule::deny, {"utm_*"}), "/?utm_source=a&id=1&utm=2&utm_=3", "/?id=1&utm=2"},
      {rules(QueryRule::deny, {"*"}), "/?a=1", "/"},
      {rules(QueryRule::deny, {"x"}, true), "/?c&x=1&b&a=x", "/?a=x&b&c"},
      {rules(QueryRule::deny, {"x"}), "/?a=1?x=2", "/?a=1?x=2"}, // RFC 3986, 3.4: "?" is no end
  };
  Arena arena;
  for (const Row& row : rows) {
    CAPTURE(row.target, row.expected);
    CHECK(normal_query(row.target, row.rules, arena) == row.expected);
  }
}

TEST_CASE("the normal form of a path is its own", "[cache][key][property]") {
  std::mt19937 random(3986);
  Arena arena;
  for (int i = 0; i < 50000; ++i) {
    const std::string target = "/" + random_text(random, "/.%234562eEfFaA?1");
    const std::string once(normal_path(target, arena));
    const std::string twice(normal_path(once, arena));
    if (twice == once && once.starts_with('/')) continue;
    CAPTURE(target);
    CHECK(once == twice);
    CHECK(once.starts_with('/'));
  }
}

TEST_CASE("the normal form of a query is its own", "[cache][key][property]") {
  std::mt19937 random(3986);
  for (int i = 0; i < 20000; ++i) {
    KeyRules rules;
    rules.query = static_cast<QueryRule>(random() % 4);
    rules.sort_query = random() % 2 == 0;
    rules.parameters = {random_text(random, "ab").substr(0, 2), "b*"};
    Arena arena;
    const std::string target = "/" + random_text(random, "?&=ab%61+");
    const std::string once(normal_query(target, rules, arena));
    const std::string twice(normal_query(once, rules, arena));
    if (twice == once) continue;
    CAPTURE(target, static_cast<int>(rules.query), rules.sort_query, rules.parameters[0]);
    CHECK(once == twice);
  }
}
