#include <src/proxy/normalize.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h1_feeding.hpp>
#include <tests/support/stored_responses.hpp>

#include <random>

using namespace selvedge;
using namespace selvedge::proxy;
using Keep = std::vector<std::string>;

namespace {

// The value of the field after normalisation; "none" where there is none.
std::string reduced(const char* field, const Keep& keep, std::initializer_list<const char*> lines) {
  Route route;
  route.normalize.push_back({field, keep});
  http::RequestHead request;
  request.target = "/";
  for (const char* line : lines) request.fields.add(field, line);
  base::Arena arena;
  normalize(request, route, arena);
  const http::Field* found = request.fields.find(std::string_view(field));
  CHECK(request.fields.size() <= 1);
  return found != nullptr ? std::string(found->value) : "none";
}

} // namespace

TEST_CASE("RFC 9110, 12.5.3: the codings that a route keeps", "[proxy][normalize]") {
  struct Row {
    const char* value;
    const char* expected;
  };
  const Row rows[] = {
      {"gzip, deflate, br", "br, gzip"}, // in the order of the route
      {"gzip", "gzip"},
      {"GZIP;q=0.1", "gzip"},
      {"gzip;q=0, br", "br"},
      {"gzip;q=0.000, br", "br"},
      {"gzip; q=0.001", "gzip"},
      {"*", "br, gzip"},
      {"*, gzip;q=0", "br"},
      {"*;q=0", "identity"},
      {"deflate", "identity"},
      {"identity", "identity"},
      {"gzip;q=0", "identity"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK(reduced("accept-encoding", {"br", "gzip"}, {row.value}) == row.expected);
  }
  CHECK(reduced("accept-encoding", {"br", "gzip"}, {"gzip", "br"}) == "br, gzip");
  CHECK(reduced("accept-encoding", {"br", "gzip"}, {}) == "none");
  CHECK(reduced("accept-encoding", {}, {"zstd"}) == "zstd");
}

TEST_CASE("RFC 9110, 12.5.4 and RFC 4647, 3.3.1: the best of what a route keeps",
          "[proxy][normalize]") {
  struct Row {
    const char* value;
    const char* expected;
  };
  const Row rows[] = {
      {"de", "de"},
      {"DE", "de"},
      {"de-AT", "de"}, // nothing closer is kept
      {"en", "en-gb"}, // the range admits what begins with it
      {"fr, de;q=0.5, en-GB;q=0.9", "en-gb"},
      {"de;q=0.5, en-GB;q=0.5", "de"}, // the first of equals that is kept
      {"fr", "de"},                    // none: the first
      {"*", "de"},
      {"de;q=0, *;q=0.1", "en-gb"},
      {"den", "de"}, // no prefix: "den" is another language, and the first stands in
      {"eng", "de"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK(reduced("accept-language", {"de", "en-gb"}, {row.value}) == row.expected);
  }
  CHECK(reduced("x-device", {"desktop", "phone"}, {"phone"}) == "phone");
  CHECK(reduced("x-device", {"desktop", "phone"}, {"fridge"}) == "desktop");
}

TEST_CASE("the query of what may be stored is reduced by the route", "[proxy][normalize]") {
  struct Row {
    http::Method method;
    bool is_cached;
    const char* expected;
  };
  const Row rows[] = {
      {http::Method::get, true, "/b?a=1"},
      {http::Method::head, true, "/b?a=1"},
      {http::Method::post, true, "/b?x=2&a=1"}, // its query is for the origin alone
      {http::Method::get, false, "/b?x=2&a=1"},
  };
  for (const Row& row : rows) {
    Route route;
    route.policy.enabled = row.is_cached;
    route.key.query = cache::QueryRule::allow;
    route.key.parameters = {"a"};
    http::RequestHead request;
    request.method = row.method;
    request.target = "/b?x=2&a=1";
    base::Arena arena;
    normalize(request, route, arena);
    CHECK(request.target == row.expected);
  }
}

TEST_CASE("what is normalised stays as it is", "[proxy][normalize][property]") {
  constexpr const char* kMembers[] = {"gzip", "br", "*", "identity", "de", "de-AT", "en-GB", "en"};
  constexpr const char* kWeights[] = {"", ";q=0", ";q=0.5", ";q=1", " ; q=0.25"};
  std::mt19937 random(9110);
  for (int i = 0; i < 3000; ++i) {
    std::string value;
    for (std::size_t n = 1 + random() % 5; n > 0; --n) {
      value.append(kMembers[random() % std::size(kMembers)]);
      value.append(kWeights[random() % std::size(kWeights)]).append(n > 1 ? ", " : "");
    }
    Route route;
    route.normalize = {{"accept-encoding", {"br", "gzip"}}, {"accept-language", {"de", "en-gb"}}};
    http::RequestHead request =
        test::request({{"accept-encoding", value}, {"accept-language", value}});
    request.target = "/";
    base::Arena arena;
    normalize(request, route, arena);
    const std::string once = test::text_of(request.fields);
    normalize(request, route, arena);
    CAPTURE(value);
    REQUIRE(test::text_of(request.fields) == once);
  }
}
