#include <selvedge/http/cache_control.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using namespace selvedge::http;
using namespace std::chrono_literals;
using std::chrono::seconds;

namespace {

constexpr FieldName kTarget = FieldName::cdn_cache_control;

FieldList fields_with(FieldName name, std::string_view value) {
  FieldList fields;
  fields.add(name, value);
  return fields;
}

std::optional<CacheControl> parse(std::string_view value) {
  return parse_targeted_control(fields_with(kTarget, value), kTarget);
}

std::optional<CacheControl> parse_surrogate(std::string_view value) {
  return parse_surrogate_control(fields_with(FieldName::surrogate_control, value));
}

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("RFC 9213, 2.1: what is no Dictionary is ignored", "[http][targeted_control]") {
  const char* const values[] = {
      "", // empty: RFC 9213, 2.1
      "  ",
      "max-age=60,", // RFC 9651, 4.2.2
      "max-age=60, &",
      "max-age=60 public",
      "max-age = 60",
      "Max-Age=60",               // RFC 9651, 4.2.3.3: keys are in lower case
      "max-age=9999999999999999", // RFC 9651, 4.2.4: 16 digits
      "private=\"set-cookie",     // RFC 9651, 4.2.5
  };
  for (const char* value : values) {
    CAPTURE(value);
    CHECK_FALSE(parse(value));
  }
}

TEST_CASE("RFC 9213, 2.1: a value of another type", "[http][targeted_control]") {
  const char* const values[] = {
      // Integers (RFC 9111, 5.2.2.1 and 5.2.2.10; RFC 5861)
      "max-age",
      "max-age=?1",
      "max-age=\"60\"",
      "max-age=1.5",
      "max-age=-1",
      "max-age=(60)",
      "max-age=a60",
      "s-maxage=\"60\"",
      "stale-if-error=1.0",
      "max-stale=\"5\"",
      // Booleans (RFC 9111, 5.2.2)
      "no-store=5",
      "no-store=\"x\"",
      "public=1",
      "must-revalidate=yes",
      "immutable=()",
      // Booleans or Strings (RFC 9111, 5.2.2.4 and 5.2.2.7)
      "private=5",
      "private=a",
      "no-cache=(\"a\")",
      // One such directive is enough
      "max-age=60, no-store=5",
      "max-age=60, s-maxage=-1",
      // RFC 9651, 4.2.2: of a repeated key the last value counts
      "max-age=60, max-age=x",
  };
  for (const char* value : values) {
    CAPTURE(value);
    CHECK_FALSE(parse(value));
  }
}

TEST_CASE("RFC 9213, 2.1: durations", "[http][targeted_control]") {
  const std::pair<const char*, std::optional<seconds>> rows[] = {
      {"max-age=60", 60s},
      {"max-age=0", 0s},
      {"max-age=-0", 0s},
      {"max-age=60;a=b;c", 60s}, // parameters are ignored
      {"public, max-age=60", 60s},
      {"max-age=60\t,\tpublic", 60s},                         // RFC 9651, 4.2.2
      {"max-age=60, max-age=5", 5s},                          // RFC 9651, 4.2.2: the last one
      {"max-age=999999999999999", 2147483648s},               // RFC 9111, 1.2.2
      {"unknown=1.5, other=\"x\", list=(1 2)", std::nullopt}, // they decide, and say nothing
      {"none", std::nullopt},                                 // RFC 9213, 3.1
  };
  for (const auto& [value, expected] : rows) {
    CAPTURE(value);
    const auto control = parse(value);
    REQUIRE(control);
    CHECK(control->max_age == expected);
    CHECK(control->is_present);
  }
}

TEST_CASE("RFC 9213, 2.1: every directive has its own member", "[http][targeted_control]") {
  const auto control = parse("s-maxage=1, max-age=2, stale-while-revalidate=3, stale-if-error=4, "
                             "min-fresh=5, max-stale=6, no-store, no-cache, private, public=?1, "
                             "must-revalidate, proxy-revalidate, must-understand, "
                             "only-if-cached, no-transform, immutable");
  REQUIRE(control);
  CHECK(control->s_maxage == 1s);
  CHECK(control->max_age == 2s);
  CHECK(control->stale_while_revalidate == 3s);
  CHECK(control->stale_if_error == 4s);
  CHECK(control->min_fresh == 5s);
  CHECK(control->max_stale == 6s);
  for (bool CacheControl::*flag :
       {&CacheControl::no_store, &CacheControl::no_cache, &CacheControl::is_private,
        &CacheControl::is_public, &CacheControl::must_revalidate, &CacheControl::proxy_revalidate,
        &CacheControl::must_understand, &CacheControl::only_if_cached, &CacheControl::no_transform,
        &CacheControl::immutable}) {
    CHECK((*control).*flag);
  }
  CHECK(parse("max-stale")->max_stale == seconds::max()); // RFC 9111, 5.2.1.2
}

TEST_CASE("RFC 9213, 2.1: a directive set to false is not there", "[http][targeted_control]") {
  const auto control = parse("no-store=?0, private=?0, no-cache=?0, max-stale=?0, max-age=1");
  REQUIRE(control);
  CHECK_FALSE(control->no_store);
  CHECK_FALSE(control->is_private);
  CHECK_FALSE(control->no_cache);
  CHECK_FALSE(control->max_stale);
  CHECK(control->max_age == 1s);
}

TEST_CASE("RFC 9213, 2.1: lists of field names", "[http][targeted_control]") {
  struct Row {
    const char* value;
    bool is_whole;
    Names names;
  };
  const Row rows[] = {
      {"private=\"Set-Cookie, x\"", false, {"Set-Cookie", "x"}},
      {"private=\"a\";p, max-age=5", false, {"a"}},
      {"private=\"\"", true, {}},
      {"private=\"a b\"", true, {}},
      {"private=\"a\\\\b\"", true, {}},
      {"private", true, {}},
      {"private=\"a\", private", true, {}}, // RFC 9651, 4.2.2: the last one
      {"private, private=\"a\"", false, {"a"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    // The names are views of the field values, which outlive the call.
    const FieldList fields = fields_with(kTarget, row.value);
    const auto control = parse_targeted_control(fields, kTarget);
    REQUIRE(control);
    CHECK(control->is_private == row.is_whole);
    CHECK(Names(control->private_fields.begin(), control->private_fields.end()) == row.names);
    CHECK_FALSE(control->no_cache);
  }
}

TEST_CASE("RFC 9651, 4.2: the lines of a field are one Dictionary", "[http][targeted_control]") {
  FieldList fields = fields_with(kTarget, "max-age=60");
  fields.add(FieldName::cache_control, "no-store");
  fields.add(kTarget, "public, no-cache=\"a\"");
  const auto control = parse_targeted_control(fields, kTarget);
  REQUIRE(control);
  CHECK(control->max_age == 60s);
  CHECK(control->is_public);
  CHECK_FALSE(control->no_store);
  REQUIRE(control->no_cache_fields.size() == 1);
  CHECK(control->no_cache_fields[0] == "a");
  fields.add(kTarget, "&");
  CHECK_FALSE(parse_targeted_control(fields, kTarget)); // one bad line spoils all of them
}

TEST_CASE("Edge Architecture 1.0, 2.2: Surrogate-Control", "[http][targeted_control]") {
  struct Row {
    const char* value;
    bool decides;
    std::optional<seconds> max_age;
    std::optional<seconds> stale_while_revalidate;
    bool no_store;
  };
  const Row rows[] = {
      {"max-age=60", true, 60s, {}, false},
      {"Max-Age=60", true, 60s, {}, false},
      {"max-age=60+30", true, 60s, 30s, false},
      {"max-age=60 + 30", true, 60s, 30s, false},
      {"max-age=60+", true, 60s, {}, false},
      {"max-age=x", true, 0s, {}, false}, // as in Cache-Control: stale
      {"max-age=-1", true, 0s, {}, false},
      {"max-age", true, 0s, {}, false},
      {"max-age=60, max-age=5", true, 60s, {}, false},
      {"no-store", true, {}, {}, true},
      {"no-store-remote, max-age=60", true, 60s, {}, true}, // an edge is a remote surrogate
      {"content=\"ESI/1.0\", max-age=60", true, 60s, {}, false},
      {"max-age=5;other, max-age=60", true, 60s, {}, false}, // for another surrogate
      {"no-store;other, max-age=60", true, 60s, {}, false},
      {"no-store;other", false, {}, {}, false},
      {"content=\"ESI/1.0\"", false, {}, {}, false}, // nothing of storing
      {"x=\"no-store, max-age=60\"", false, {}, {}, false},
      {"", false, {}, {}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    const auto control = parse_surrogate(row.value);
    CHECK(control.has_value() == row.decides);
    if (!control) continue;
    CHECK(control->max_age == row.max_age);
    CHECK(control->stale_while_revalidate == row.stale_while_revalidate);
    CHECK(control->no_store == row.no_store);
    CHECK(control->is_present);
  }
  CHECK_FALSE(parse_surrogate_control(FieldList()));
}

TEST_CASE("RFC 9213, 2.2: the first valid field of the target list", "[http][targeted_control]") {
  constexpr FieldName kTargets[] = {FieldName::selvedge_cache_control, FieldName::cdn_cache_control,
                                    FieldName::surrogate_control};
  FieldList fields = fields_with(FieldName::cache_control, "max-age=1");
  const auto decided = [&fields, &kTargets] { return effective_control(fields, kTargets); };

  CHECK(decided().source == FieldName::cache_control);
  CHECK(decided().control.max_age == 1s);
  CHECK_FALSE(decided().is_targeted());

  fields.add(FieldName::surrogate_control, "max-age=2");
  CHECK(decided().source == FieldName::surrogate_control);
  CHECK(decided().control.max_age == 2s);

  fields.add(FieldName::cdn_cache_control, "max-age=3");
  CHECK(decided().source == FieldName::cdn_cache_control);
  CHECK(decided().control.max_age == 3s);
  CHECK(decided().is_targeted());

  fields.add(FieldName::selvedge_cache_control, "max-age=\"4\""); // invalid: the next one
  CHECK(decided().source == FieldName::cdn_cache_control);
  fields.remove(FieldName::selvedge_cache_control);
  fields.add(FieldName::selvedge_cache_control, "public"); // its max-age does not come from others
  CHECK(decided().source == FieldName::selvedge_cache_control);
  CHECK_FALSE(decided().control.max_age);

  CHECK(effective_control(fields, {}).source == FieldName::cache_control);
  CHECK_FALSE(effective_control(FieldList(), kTargets).control.is_present);
}
