#include "src/proxy/degradation.hpp"

#include <tests/support/catch.hpp>

#include <tuple>

using namespace selvedge;
using overload::Importance;
using overload::LoadLevel;
using proxy::degradation;

TEST_CASE("what is given up before anybody is turned away", "[proxy][policy]") {
  // load, importance, stale answers, hits only, revalidates
  const auto [load, importance, stale, hits, revalidates] =
      GENERATE(table<LoadLevel, Importance, bool, bool, bool>({
          {LoadLevel::calm, Importance::premium, false, false, true},
          {LoadLevel::critical, Importance::premium, false, false, true},
          {LoadLevel::high, Importance::standard, false, false, true},
          {LoadLevel::critical, Importance::standard, true, false, true},
          {LoadLevel::elevated, Importance::free, false, false, true},
          {LoadLevel::high, Importance::free, true, false, true},
          {LoadLevel::critical, Importance::free, true, true, true},
          {LoadLevel::calm, Importance::background, false, false, true},
          {LoadLevel::elevated, Importance::background, false, false, false},
          {LoadLevel::critical, Importance::background, true, true, false},
      }));
  CAPTURE(text_of(load), static_cast<int>(importance));
  const proxy::Degradation found = degradation(load, importance);
  CHECK(found.serves_stale == stale);
  CHECK(found.hits_only == hits);
  CHECK(found.revalidates == revalidates);
}
