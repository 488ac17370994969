#include <selvedge/http/cache_control.hpp>
#include <selvedge/http/cache_status.hpp>
#include <tests/support/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace selvedge::http;
using namespace std::chrono_literals;
using std::chrono::seconds;

namespace {

CacheControl parse(std::string_view value) {
  FieldList fields;
  fields.add(FieldName::cache_control, value);
  return parse_cache_control(fields);
}

constexpr seconds kMost{2147483648};

} // namespace

TEST_CASE("RFC 9111, 1.2.2: delta-seconds", "[http][cache_control]") {
  using Row = std::tuple<const char*, std::optional<seconds>>;
  const auto [text, expected] = GENERATE(table<const char*, std::optional<seconds>>({
      Row{"0", 0s},
      Row{"60", 60s},
      Row{"007", 7s},
      Row{"2147483647", 2147483647s},
      Row{"2147483648", kMost},
      Row{"4294967296", kMost},
      Row{"99999999999999999999999999999999999999", kMost},
      Row{"", std::nullopt},
      Row{"-1", std::nullopt},
      Row{"+1", std::nullopt},
      Row{"1.5", std::nullopt},
      Row{" 1", std::nullopt},
      Row{"1s", std::nullopt},
      Row{"0x10", std::nullopt},
  }));
  CAPTURE(text);
  CHECK(parse_delta_seconds(text) == expected);
}

TEST_CASE("RFC 9111, 4.2.1 and 5.2: max-age", "[http][cache_control]") {
  using Row = std::tuple<const char*, std::optional<seconds>>;
  const auto [value, expected] = GENERATE(table<const char*, std::optional<seconds>>({
      Row{"max-age=60", 60s},
      Row{"Max-AGE=60", 60s},
      Row{"max-age=\"60\"", 60s}, // 5.2: both forms of an argument
      Row{"public, max-age=60", 60s},
      Row{"max-age=60, max-age=5", 60s}, // 4.2.1: the first occurrence
      Row{"max-age=abc, max-age=5", 0s}, // 4.2.1: invalid is stale
      Row{"max-age", 0s},
      Row{"max-age=", 0s},
      Row{"max-age=-5", 0s},
      Row{"max-age=1.5", 0s},
      Row{"max-age=60 5", 0s},
      Row{"max-age=\"6\\0\"", 60s}, // RFC 9110, 5.6.4: a quoted-pair
      Row{"max-age=\"\"", 0s},
      Row{"max-age=\"60", 0s},
      Row{"max-age=60\"", 0s},
      Row{"max-age=\"60\"0", 0s},
      Row{"max-age='60'", 0s},
      Row{"max-age=60, MAX-AGE=5", 60s},
      Row{"max-age, max-age=60", 0s},
      Row{",, max-age=60 ,", 60s}, // RFC 9110, 5.6.1.2: empty elements
      Row{"max-age=60;public", 0s},
      Row{"a=\"\\\", max-age=5\", max-age=60", 60s}, // an escaped quote ends nothing
      Row{"max-age=99999999999", kMost},
      Row{"max-age = 60", 60s},             // lenient about a common mistake
      Row{"x=\"max-age=5\"", std::nullopt}, // inside another's argument
      Row{"max-agee=5", std::nullopt},
      Row{"", std::nullopt},
  }));
  CAPTURE(value);
  CHECK(parse(value).max_age == expected);
}

TEST_CASE("RFC 9111, 5.2: flags", "[http][cache_control]") {
  using Row = std::tuple<const char*, bool CacheControl::*>;
  const auto [value, flag] = GENERATE(table<const char*, bool CacheControl::*>({
      Row{"no-store", &CacheControl::no_store}, Row{"NO-STORE", &CacheControl::no_store},
      Row{"no-cache", &CacheControl::no_cache}, Row{"private", &CacheControl::is_private},
      Row{"public", &CacheControl::is_public},
      Row{"must-revalidate", &CacheControl::must_revalidate},
      Row{"proxy-revalidate", &CacheControl::proxy_revalidate},
      Row{"must-understand", &CacheControl::must_understand},
      Row{"only-if-cached", &CacheControl::only_if_cached},
      Row{"no-transform", &CacheControl::no_transform},
      Row{"immutable", &CacheControl::immutable}, // RFC 8246
  }));
  CAPTURE(value);
  const CacheControl control = parse(value);
  CHECK(control.*flag);
  int flags = 0;
  for (bool CacheControl::*each :
       {&CacheControl::no_store, &CacheControl::no_cache, &CacheControl::is_private,
        &CacheControl::is_public, &CacheControl::must_revalidate, &CacheControl::proxy_revalidate,
        &CacheControl::must_understand, &CacheControl::only_if_cached, &CacheControl::no_transform,
        &CacheControl::immutable}) {
    flags += control.*each ? 1 : 0;
  }
  CHECK(flags == 1);
  CHECK(control.is_present);
}

TEST_CASE("RFC 9111, 5.2.2.4 and 5.2.2.7: lists of field names", "[http][cache_control]") {
  using Names = std::vector<std::string>;
  struct Row {
    const char* argument;
    bool is_whole;
    Names names;
  };
  const Row rows[] = {
      {"", true, {}}, // without an argument: the whole response
      {"=\"set-cookie\"", false, {"set-cookie"}},
      {"=\"Set-Cookie, x-a\"", false, {"Set-Cookie", "x-a"}},
      {"=\" a ,, b \"", false, {"a", "b"}},   // RFC 9110, 5.6.1.2
      {"=set-cookie", false, {"set-cookie"}}, // a token is understood too
      {" = \"a\"", false, {"a"}},
      {"=\"\"", true, {}},
      {"=", true, {}},
      {"=\" , \"", true, {}},
      {"=\"a b\"", true, {}},
      {"=\"a, b c\"", true, {}},
      {"=\"a, \\b\"", true, {}}, // no name has an escape in it
      {"=\"a", true, {}},
      {"=\"a\"b", true, {}},
      {"=\"a\", x=\"b\"", false, {"a"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.argument);
    const std::string no_cache = std::string("No-Cache") + row.argument;
    const CacheControl one = parse(no_cache);
    CHECK(one.no_cache == row.is_whole);
    CHECK(Names(one.no_cache_fields.begin(), one.no_cache_fields.end()) == row.names);
    CHECK_FALSE(one.is_private);
    CHECK(one.private_fields.empty());
    const std::string private_ = std::string("private") + row.argument;
    const CacheControl two = parse(private_);
    CHECK(two.is_private == row.is_whole);
    CHECK(Names(two.private_fields.begin(), two.private_fields.end()) == row.names);
    CHECK_FALSE(two.no_cache);
  }
}

TEST_CASE("repeated lists of field names all count", "[http][cache_control]") {
  const CacheControl lists = parse("private=\"a\", private=\"b\"");
  CHECK_FALSE(lists.is_private);
  CHECK(lists.private_fields.size() == 2);
  CHECK(parse("private=\"a\", private").is_private);
  CHECK(parse("no-cache, no-cache=\"a\"").no_cache);
}

TEST_CASE("RFC 9111, 5.2 and RFC 5861: durations", "[http][cache_control]") {
  const CacheControl control = parse("s-maxage=1, max-age=2, stale-while-revalidate=3, "
                                     "stale-if-error=4, min-fresh=5, max-stale=6");
  CHECK(control.s_maxage == 1s);
  CHECK(control.max_age == 2s);
  CHECK(control.stale_while_revalidate == 3s);
  CHECK(control.stale_if_error == 4s);
  CHECK(control.min_fresh == 5s);
  CHECK(control.max_stale == 6s);
  CHECK(parse("max-stale").max_stale == seconds::max()); // 5.2.1.2: any staleness
  CHECK(parse("max-stale=x").max_stale == 0s);
}

TEST_CASE("several fields of one name are one list", "[http][cache_control]") {
  FieldList fields;
  fields.add("Cache-Control", "max-age=10");
  fields.add("CDN-Cache-Control", "no-store");
  fields.add("cache-control", "public, max-age=20");
  const CacheControl control = parse_cache_control(fields);
  CHECK(control.max_age == 10s);
  CHECK(control.is_public);
  CHECK_FALSE(control.no_store);
  CHECK(parse_cache_control(fields, FieldName::cdn_cache_control).no_store);
  CHECK_FALSE(parse_cache_control(FieldList()).is_present);
}

TEST_CASE("every cache outcome has its own word", "[http][cache_status]") {
  std::set<std::string_view> words;
  for (std::uint8_t i = 0; i < kCacheOutcomes; ++i) {
    words.insert(text_of(static_cast<CacheOutcome>(i)));
  }
  CHECK(words.size() == kCacheOutcomes);
  CHECK(text_of(CacheOutcome::hit) == "hit");
  CHECK(text_of(CacheOutcome::synthetic) == "synthetic");
}
