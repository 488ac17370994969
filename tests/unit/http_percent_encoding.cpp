#include <selvedge/http/percent_encoding.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge::http;

TEST_CASE("an encoded byte is read off the front", "[http]") {
  CHECK(encoded_byte("%41") == 'A');
  CHECK(encoded_byte("%fFrest") == '\xFF');
  CHECK(encoded_byte("%00") == '\0');
  for (const char* none : {"", "%", "%4", "41", "a%41", "%4g", "%g4", "%%41", "%+1", "% 1"}) {
    CAPTURE(none);
    CHECK(encoded_byte(none) == std::nullopt);
  }
}

TEST_CASE("what is no encoding stands for itself", "[http]") {
  CHECK(percent_decoded("/a%20b+c%2Fd%2f") == "/a b+c/d/");
  CHECK(percent_decoded("%2541") == "%41"); // decoded once
  CHECK(percent_decoded("%%41") == "%A");
  for (const char* broken : {"", "%", "%4", "%zz", "a%4g", "%%"}) {
    CHECK(percent_decoded(broken) == broken);
  }
}
