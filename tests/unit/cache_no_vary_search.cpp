#include <selvedge/cache/stored_response.hpp>
#include <src/cache/no_vary_search.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using cache::NoVarySearch;
using cache::parse_no_vary_search;
using Names = std::vector<std::string>;

namespace {

bool matches(const char* value, const char* first, const char* second) {
  std::string line = cache::query_line(parse_no_vary_search(value), first);
  REQUIRE(line.ends_with('\n'));
  line.pop_back();
  CHECK(cache::matches_query_line(line, first));
  return cache::matches_query_line(line, second);
}

} // namespace

TEST_CASE("draft-ietf-httpbis-no-vary-search, 4.1: the field as a value",
          "[cache][no_vary_search]") {
  struct Row {
    const char* value;
    bool ignores_order;
    bool ignores_all;
    Names names;
  };
  const Row rows[] = {
      {"key-order", true, false, {}},
      {"key-order=?1", true, false, {}},
      {"params", false, true, {}},
      {"params, key-order", true, true, {}},
      {"params=(\"a\" \"b\")", false, false, {"a", "b"}},
      {"params, except=(\"a\")", false, true, {"a"}},
      {"except=(\"a\"), params", false, true, {"a"}},
      {"params=(\"%C3%A9+x\")", false, false, {"\xc3\xa9 x"}},
      {"key-order, unknown=5", true, false, {}},
      // As if the field were not there:
      {"", false, false, {}},
      {"params=?0", false, false, {}},
      {"params=()", false, false, {}},
      {"params=\"a\"", false, false, {}},
      {"params=5", false, false, {}},
      {"params=(a b)", false, false, {}}, // tokens are no strings
      {"params=(\"a\" 5)", false, false, {}},
      {"key-order=1", false, false, {}},
      {"key-order, params=5", false, false, {}}, // one bad member spoils all
      {"except=(\"a\")", false, false, {}},      // exceptions from nothing
      {"params=(\"a\"), except=(\"b\")", false, false, {}},
      {"params, except=\"a\"", false, false, {}},
      {"key-order,", false, false, {}}, // RFC 9651, 4.2.2
      {"Key-Order", false, false, {}},  // RFC 9651, 4.2.3.3
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    const NoVarySearch rule = parse_no_vary_search(row.value);
    CHECK(rule.ignores_order == row.ignores_order);
    CHECK(rule.ignores_all == row.ignores_all);
    CHECK(rule.names == row.names);
    CHECK(rule.is_default() == (!row.ignores_order && !row.ignores_all && row.names.empty()));
  }
}

TEST_CASE("draft-ietf-httpbis-no-vary-search, 6: which queries are equivalent",
          "[cache][no_vary_search]") {
  struct Row {
    const char* value;
    const char* first;
    const char* second;
    bool expected;
  };
  const Row rows[] = {
      {"params", "/?a=1", "/?b=2", true},
      {"params", "/?a=1", "/", true},
      {"params=(\"a\")", "/?a=1&b=2", "/?b=2", true},
      {"params=(\"a\")", "/?a=1&b=2", "/?b=2&a=9&a=8", true},
      {"params=(\"a\")", "/?a=1&b=2", "/?b=3", false},
      {"params=(\"a\")", "/?a=1&b=2", "/?A=1&b=2", false}, // names keep their case
      {"params, except=(\"id\")", "/?id=1&x=2", "/?y=3&id=1", true},
      {"params, except=(\"id\")", "/?id=1&x=2", "/?id=2&x=2", false},
      {"key-order", "/?a=1&b=2", "/?b=2&a=1", true},
      {"key-order", "/?a=1&a=2", "/?a=2&a=1", false}, // of one name the order counts
      {"key-order", "/?a=1&b=2", "/?a=1", false},
      {"params=(\"x\")", "/?a=1&b=2", "/?b=2&a=1", false}, // the order counts
      // As application/x-www-form-urlencoded:
      {"params=(\"x\")", "/?a=%41", "/?a=A", true},
      {"params=(\"x\")", "/?a=1+2", "/?a=1%202", true},
      {"params=(\"x\")", "/?a=1%2B2", "/?a=1+2", false},
      {"params=(\"x\")", "/?a", "/?a=", true},
      {"params=(\"x\")", "/?&a=1&&", "/?a=1", true},
      {"params=(\"x\")", "/?a=1%26b=2", "/?a=1&b=2", false},
      {"params=(\"a b\")", "/?a+b=1", "/?a%20b=2", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value, row.first, row.second);
    CHECK(matches(row.value, row.first, row.second) == row.expected);
    CHECK(matches(row.value, row.second, row.first) == row.expected);
  }
}

TEST_CASE("the line about the query stands before the lines of Vary", "[cache][no_vary_search]") {
  const auto response = test::fields({{"No-Vary-Search", "params=(\"a\")"}, {"Vary", "x-a"}});
  http::RequestHead first = test::request({{"x-a", "1"}});
  first.target = "/p?a=1&b=2";
  const auto text = cache::vary_text(response, first);
  REQUIRE(text);
  CHECK(cache::is_query_free(*text));
  http::RequestHead second = first;
  second.target = "/p?b=2&a=3";
  CHECK(cache::selects(*text, second));
  second.target = "/p?b=3";
  CHECK_FALSE(cache::selects(*text, second));
  http::RequestHead other = test::request({{"x-a", "2"}});
  other.target = first.target;
  CHECK_FALSE(cache::selects(*text, other));
}

TEST_CASE("a field that says nothing leaves the query to the key", "[cache][no_vary_search]") {
  for (const char* value : {"", "params=?0", "params=5", "&"}) {
    CAPTURE(value);
    const auto text = cache::vary_text(test::fields({{"No-Vary-Search", value}}), test::request());
    REQUIRE(text);
    CHECK_FALSE(cache::is_query_free(*text));
  }
}
