// What is given up before anybody is turned away, by load and by how much the request matters: the
// ladder that holds without any rule. Pure.
#pragma once

#include <selvedge/overload/importance.hpp>
#include <selvedge/overload/load_level.hpp>

namespace selvedge::proxy {

struct Degradation {
  bool serves_stale = false; // past its lifetime, within the policy's stale_window
  bool hits_only = false;    // no origin is asked
  bool revalidates = true;   // stale responses behind the answer
};

// | load     | premium | standard       | free                       | background              |
// | calm     | -       | -              | -                          | -                       |
// | elevated | -       | -              | -                          | not revalidated         |
// | high     | -       | -              | stale                      | stale, not revalidated  |
// | critical | -       | stale          | stale, hits only           | stale, hits only, not   |
constexpr Degradation degradation(overload::LoadLevel load, overload::Importance importance) {
  using overload::Importance;
  using overload::LoadLevel;
  Degradation result;
  if (importance == Importance::premium) return result;
  const bool is_low = importance != Importance::standard;
  result.serves_stale = load == LoadLevel::critical || (is_low && load == LoadLevel::high);
  result.hits_only = is_low && load == LoadLevel::critical;
  result.revalidates = importance != Importance::background || load == LoadLevel::calm;
  return result;
}

} // namespace selvedge::proxy
