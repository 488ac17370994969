#include <selvedge/base/fingerprint.hpp>
#include <tests/support/catch.hpp>

#include <set>
#include <string>
#include <utility>

using selvedge::base::Fingerprint;
using selvedge::base::fingerprint;

TEST_CASE("a text has one fingerprint", "[base][fingerprint]") {
  const std::string a = "https://example.com/";
  const std::string b = "https://example.com/";
  CHECK(fingerprint(a) == fingerprint(b));
}

TEST_CASE("similar texts have different fingerprints in both halves", "[base][fingerprint]") {
  std::set<std::uint64_t> low;
  std::set<std::uint64_t> high;
  for (int i = 0; i < 10000; ++i) {
    const Fingerprint print = fingerprint("https://example.com/" + std::to_string(i));
    low.insert(print.low);
    high.insert(print.high);
  }
  CHECK(low.size() == 10000);
  CHECK(high.size() == 10000);
}

TEST_CASE("the halves that choose stripe and slot spread evenly", "[base][fingerprint]") {
  int stripes[64] = {};
  for (int i = 0; i < 64000; ++i) ++stripes[fingerprint("/" + std::to_string(i)).high % 64];
  for (int count : stripes) {
    CHECK(count > 750);
    CHECK(count < 1250);
  }
}
