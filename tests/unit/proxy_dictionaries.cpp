#include <tests/support/catch.hpp>

#include <src/proxy/dictionary_place.hpp>

using namespace selvedge;
using proxy::dictionary_place;

namespace {

std::string place_of(std::string_view key, std::string_view prefix = "/") {
  base::Arena arena;
  const auto place = dictionary_place(key, prefix, "@acme/ui", "1.2.3", arena);
  return place ? std::string(place->text) : "none";
}

std::string match_of(std::string_view key, std::string_view prefix = "/") {
  base::Arena arena;
  const auto place = dictionary_place(key, prefix, "@acme/ui", "1.2.3", arena);
  return place ? proxy::use_as_dictionary(*place) : "none";
}

http::FieldList
fields_of(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  http::FieldList fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  return fields;
}

} // namespace

TEST_CASE("versions of an asset have a place in common", "[dictionary]") {
  CHECK(place_of("https://h.test/@acme/ui/1.2.3/dist/a.js") ==
        "https://h.test/@acme/ui/*/dist/a.js");
  CHECK(place_of("https://h.test/lib/@acme/ui/1.2.3/a.js", "/lib/") ==
        "https://h.test/lib/@acme/ui/*/a.js");
  CHECK(place_of("https://h.test/@acme/ui/1.2.3/a.js\nx-theme: dark") ==
        "https://h.test/@acme/ui/*/a.js\nx-theme: dark");
  for (const char* other :
       {"http://h.test/@acme/ui/1.2.3/a.js", "https://h.test/@acme/ui/1.2.4/a.js",
        "https://h.test/@acme/ui-x/1.2.3/a.js", "https://h.test/@acme/ui/1.2.3/bundle.json",
        "https://h.test/@acme/ui/1.2.3/a.js?x", "https://h.test/@acme/ui/index.json",
        "https://h.test/x/@acme/ui/1.2.3/a.js", "https://h.test", "https://h.test/", ""}) {
    CAPTURE(other);
    CHECK(place_of(other) == "none");
  }
}

TEST_CASE("RFC 9842, 2.1.1: the pattern is of all versions, and of nothing else", "[dictionary]") {
  CHECK(match_of("https://h.test/@acme/ui/1.2.3/dist/a.js") == R"(match="/@acme/ui@*/dist/a.js")");
  CHECK(match_of("https://h.test/lib/@acme/ui/1.2.3/a.js", "/lib") ==
        R"(match="/lib/@acme/ui@*/a.js")");
  CHECK(match_of("https://h.test/@acme/ui/1.2.3/a\n") == R"(match="/@acme/ui@*/a")");
  // What means something in patterns; and in strings of structured fields.
  CHECK(match_of("https://h.test/@acme/ui/1.2.3/a+b(c)*:d") ==
        R"(match="/@acme/ui@*/a\\+b\\(c\\)\\*{\\:}d")");
  CHECK(match_of(R"(https://h.test/@acme/ui/1.2.3/a{b}"\)") ==
        R"(match="/@acme/ui@*/a\\{b\\}\"\\\\")");
}

TEST_CASE("RFC 9842, 2.2: what a client has", "[dictionary]") {
  const auto digest = proxy::available_dictionary(
      fields_of({{"Available-Dictionary", ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:"}}));
  REQUIRE(digest);
  CHECK((*digest)[0] == 0xa5);
  CHECK((*digest)[31] == 0x6e);
  CHECK_FALSE(proxy::available_dictionary({}));
  for (const char* bad : {"", "::", "pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4:",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG==:",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2f===4=:",
                          ": ZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG44:"}) {
    CAPTURE(bad);
    CHECK_FALSE(proxy::available_dictionary(fields_of({{"available-dictionary", bad}})));
  }
}

TEST_CASE("RFC 9842, 9.3.3: who may read an answer", "[dictionary]") {
  using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  const auto may = [](Pairs request, std::string_view allowed = {}) {
    return proxy::may_read(fields_of(request), allowed);
  };
  CHECK(may({}));
  CHECK(may({{"sec-fetch-site", "same-origin"}, {"sec-fetch-mode", "no-cors"}}));
  CHECK(may({{"sec-fetch-site", "cross-site"}}));
  CHECK(may({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}));
  CHECK(may({{"sec-fetch-site", "none"}, {"sec-fetch-mode", "same-origin"}}));
  CHECK_FALSE(may({{"sec-fetch-site", "same-site"}, {"sec-fetch-mode", "no-cors"}}, "*"));
  const Pairs cors = {
      {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "cors"}, {"origin", "https://a.test"}};
  CHECK_FALSE(may(cors));
  CHECK(may(cors, "*"));
  CHECK(may(cors, "https://a.test"));
  CHECK_FALSE(may(cors, "https://b.test"));
  CHECK_FALSE(may({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "cors"}}, "*"));
}
