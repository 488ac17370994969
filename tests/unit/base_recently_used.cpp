#include <tests/support/catch.hpp>

#include <selvedge/base/recently_used.hpp>

#include <string>

using namespace selvedge;

namespace {

base::Fingerprint print_of(int number) {
  return base::fingerprint(std::to_string(number));
}

} // namespace

TEST_CASE("of too many values the least recently used is forgotten", "[base]") {
  base::RecentlyUsed<std::string> names(3);
  for (int i = 0; i < 3; ++i) names.put(print_of(i), std::to_string(i));
  REQUIRE(names.find(print_of(0)) != nullptr); // used
  names.put(print_of(3), "3");
  CHECK(names.find(print_of(1)) == nullptr);
  REQUIRE(names.find(print_of(0)) != nullptr);
  CHECK(*names.find(print_of(0)) == "0");
  names.put(print_of(0), "again");
  CHECK(*names.find(print_of(0)) == "again");
  CHECK(names.find(print_of(2)) != nullptr);
  names.erase(print_of(2));
  names.erase(print_of(2));
  CHECK(names.find(print_of(2)) == nullptr);
  names.put(print_of(4), "4");
  CHECK(names.find(print_of(0)) != nullptr);
  CHECK(names.find(print_of(3)) != nullptr);
}
