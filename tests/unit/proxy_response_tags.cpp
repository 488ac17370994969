// By which purges a response with these fields is concerned.
#include <src/proxy/response_tags.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::proxy;
using cache::Standing;
using cache::TagKind;
using test::Fields;

namespace {

constexpr const char* kKey = "https://a.example/dir/page?q";
constexpr base::Steady kNow{std::chrono::hours{1}};

// Whether a response with those fields is gone after a purge of that name.
bool is_purged_by(Fields fields, TagKind kind, std::string_view name) {
  cache::PurgeIndex index;
  http::RequestHead request;
  request.scheme = "https";
  request.authority = "a.example";
  cache::PurgeState state;
  const auto tags = response_tags(index, request, test::fields(fields), kKey);
  REQUIRE(tags);
  state.tags = *tags;
  index.note_stored(state);
  index.purge(kind, name, cache::PurgeMode::hard, kNow);
  const bool is_purged = index.standing(state) == Standing::purged;
  index.note_removed(state);
  return is_purged;
}

} // namespace

TEST_CASE("the fields that name tags", "[proxy][tags]") {
  struct Row {
    const char* field;
    const char* value;
    const char* tag;
    bool expected;
  };
  const Row rows[] = {
      {"Surrogate-Key", "a b  c", "a", true},
      {"Surrogate-Key", "a b  c", "c", true},
      {"Surrogate-Key", "a b", "a b", false},
      {"Surrogate-Key", "a,b", "a,b", true}, // spaces alone separate
      {"Surrogate-Key", "a", "A", false},
      {"xkey", "a b", "b", true},
      {"xkey", "a, b", "a", true},
      {"Cache-Tag", "a,b , c", "b", true},
      {"Cache-Tag", "a,b , c", "c", true},
      {"Cache-Tag", ",,a,", "a", true},
      {"Cache-Tags", "a", "a", false},
      {"Surrogate-Key", "", "", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.field, row.value, row.tag);
    CHECK(is_purged_by({{row.field, row.value}}, TagKind::key, row.tag) == row.expected);
  }
  CHECK(is_purged_by({{"xkey", "a"}, {"xkey", "b"}, {"Cache-Tag", "c"}}, TagKind::key, "b"));
}

TEST_CASE("RFC 9875, 2: cache groups belong to an origin", "[proxy][tags]") {
  const auto is_in = [](const char* value, const char* name) {
    return is_purged_by({{"Cache-Groups", value}}, TagKind::group, name);
  };
  CHECK(is_in("\"one\", \"two three\"", "https://a.example one"));
  CHECK(is_in("\"one\", \"two three\"", "https://a.example two three"));
  CHECK_FALSE(is_in("\"one\"", "https://b.example one"));
  CHECK_FALSE(is_in("\"one\"", "http://a.example one"));
  CHECK_FALSE(is_in("\"One\"", "https://a.example one")); // 2.1: compared as they are
  // RFC 9651, 4.2: what is no List of Strings is ignored
  CHECK_FALSE(is_in("one", "https://a.example one"));
  CHECK_FALSE(is_in("\"one\", 5", "https://a.example one"));
  CHECK_FALSE(is_purged_by({{"Cache-Groups", "\"one\""}}, TagKind::key, "one"));
}

TEST_CASE("a response has the places of its key", "[proxy][tags]") {
  CHECK(is_purged_by({}, TagKind::host, "a.example"));
  CHECK(is_purged_by({}, TagKind::directory, "a.example/"));
  CHECK(is_purged_by({}, TagKind::directory, "a.example/dir/"));
  CHECK(is_purged_by({}, TagKind::url, "a.example/dir/page"));
  CHECK_FALSE(is_purged_by({}, TagKind::directory, "a.example/di"));
  CHECK_FALSE(is_purged_by({}, TagKind::host, "b.example"));
}

TEST_CASE("what cannot be purged by all its names is refused", "[proxy][tags]") {
  cache::PurgeIndex index;
  const auto tags_of = [&index](std::size_t count) {
    std::string names;
    for (std::size_t i = 0; i < count; ++i) names.append("t").append(std::to_string(i)).append(" ");
    return response_tags(index, {}, test::fields({{"xkey", names}}), "");
  };
  REQUIRE(tags_of(kMaxTags));
  CHECK(tags_of(kMaxTags)->size() == kMaxTags);
  CHECK_FALSE(tags_of(kMaxTags + 1));
}
