#include <src/cache/canonical_value.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <random>
#include <string>

using namespace selvedge;
using http::FieldName;

namespace {

std::string canonical(FieldName id, const std::string& value) {
  http::FieldList request;
  request.add(id, value);
  std::array<char, cache::kCanonicalBytes> scratch;
  const auto found = cache::canonical_value(request, id, scratch);
  return found ? std::string(*found) : "none";
}

// A list as clients write them, and as they should not.
std::string random_list(std::mt19937& random) {
  constexpr const char* kNames[] = {"gzip",     "a\"", "",     "b c", "GZip",  "x-gzip", "br",
                                    "identity", "*",   "zstd", "de",  "de-AT", "EN",     "en-gb"};
  constexpr const char* kWeights[] = {"",           ";q=1",   ";q=0",     ";q=0.5", ";Q=0.50",
                                      " ; q=0.125", ";q=1.0", ";q=0.000", ";q=x",   ";x",
                                      ";x=\"",      ";q=",    ";q=0.9999"};
  constexpr const char* kSeparators[] = {",", ", ", " ,\t", ",,"};
  std::string list;
  for (std::size_t i = random() % 8; i > 0; --i) {
    list.append(kNames[random() % std::size(kNames)]);
    list.append(kWeights[random() % std::size(kWeights)]);
    list.append(kSeparators[random() % std::size(kSeparators)]);
  }
  return list;
}

} // namespace

TEST_CASE("RFC 9110, 12.5.3: Accept-Encoding in one form", "[cache][canonical]") {
  struct Row {
    const char* section;
    const char* value;
    const char* expected;
  };
  const Row rows[] = {
      {"as it is", "gzip", "gzip"},
      {"8.4.1: case-insensitive", "GZIP, Br", "br, gzip"},
      {"8.4.1.3: alias", "x-gzip", "gzip"},
      {"8.4.1.1: alias", "X-Compress", "compress"},
      {"8.4.1.3: alias of another member", "x-gzip, gzip", "gzip"},
      {"12.4.2: by weight", "gzip;q=0.5, br", "br, gzip;q=0.5"},
      {"12.4.2: full weight is not written", "gzip;q=1.000", "gzip"},
      {"12.4.2: zeros at the end", "gzip;q=0.500", "gzip;q=0.5"},
      {"12.4.2: case and space", "gzip ; Q=0.5", "gzip;q=0.5"},
      {"12.4.2: what is no weight", "gzip;q=2", "none"},
      {"12.4.2: nor is that", "gzip;q=0x", "none"},
      {"12.4.2: nor that", "gzip;q=1.001", "none"},
      {"12.4.2: nor nothing", "gzip;q=", "none"},
      {"12.5.3: refused", "gzip, br;q=0", "gzip"},
      {"12.5.3: all refused", "gzip;q=0", ""},
      {"12.5.3: refused beside a star", "br;q=0, *", "*, br;q=0"},
      {"12.5.3: identity refused", "gzip, identity;q=0", "gzip, identity;q=0"},
      {"12.5.3: star refused", "gzip, *;q=0", "gzip, *;q=0"},
      {"12.5.3: empty", "", ""},
      {"5.6.1.2: empty members", ",, gzip ,", "gzip"},
      {"the same twice", "gzip;q=0.5, gzip;q=0.50", "gzip;q=0.5"},
      {"two weights", "gzip;q=0.5, gzip", "none"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.section, row.value);
    CHECK(canonical(FieldName::accept_encoding, row.value) == row.expected);
  }
}

TEST_CASE("RFC 9110, 12.5.4: Accept-Language in one form", "[cache][canonical]") {
  struct Row {
    const char* value;
    const char* expected;
  };
  const Row rows[] = {
      {"de", "de"},
      {"de-AT, EN;q=0.50", "de-at, en;q=0.5"},
      {"en;q=0.5, de", "de, en;q=0.5"},
      {"en, de", "en, de"}, // equal weights: the order may be a preference
      {"en, de;q=0", "en, de;q=0"},
      {"*;q=0.1, fr", "fr, *;q=0.1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK(canonical(FieldName::accept_language, row.value) == row.expected);
  }
}

TEST_CASE("RFC 9110, 5.3: several lines are one list", "[cache][canonical]") {
  http::FieldList request;
  request.add("Accept-Encoding", "gzip");
  request.add("Accept-Language", "de");
  request.add("accept-encoding", "br");
  std::array<char, cache::kCanonicalBytes> scratch;
  CHECK(cache::canonical_value(request, FieldName::accept_encoding, scratch) == "br, gzip");
}

TEST_CASE("no canonical form where nothing is known or nothing fits", "[cache][canonical]") {
  std::array<char, cache::kCanonicalBytes> scratch;
  CHECK_FALSE(cache::canonical_value({}, FieldName::accept_encoding, scratch));
  CHECK(canonical(FieldName::cookie, "a=b") == "none");
  CHECK(canonical(FieldName::accept_encoding, std::string(cache::kCanonicalBytes, 'a')) ==
        std::string(cache::kCanonicalBytes, 'a'));
  CHECK(canonical(FieldName::accept_encoding, std::string(cache::kCanonicalBytes + 1, 'a')) ==
        "none");
  // RFC 9110, 12.5.3: nothing but a weight may follow a coding.
  for (const char* value : {"gzip;level=1;q=0", "gzip;q=0.5;x=1", "gzip;x", ";q=1", "\"gzip\"",
                            "a\", b;q=0.5", "gzip, a b"}) {
    CAPTURE(value);
    CHECK(canonical(FieldName::accept_encoding, value) == "none");
  }
  std::string many;
  for (int i = 0; i < 100; ++i) many.append("c").append(std::to_string(i)).append(",");
  CHECK(canonical(FieldName::accept_encoding, many) == "none");
}

TEST_CASE("the canonical form of a canonical form is itself", "[cache][canonical][property]") {
  std::mt19937 random(9110);
  for (int i = 0; i < 20000; ++i) {
    const std::string list = random_list(random);
    for (const FieldName id : {FieldName::accept_encoding, FieldName::accept_language}) {
      const std::string once = canonical(id, list);
      if (canonical(id, once) == once) continue;
      CAPTURE(list, once);
      CHECK(canonical(id, once) == once);
    }
  }
}
