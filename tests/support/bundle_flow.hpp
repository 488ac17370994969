// What flow tests of bundles share: a route of bundles, its indexes, the answers of its origin.
#pragma once

#include "catch.hpp"
#include "flow.hpp"

#include <string>

namespace selvedge::test {

inline const Fields kPlain{{"content-type", "text/javascript"}};
inline const Fields kMinute{{"cache-control", "max-age=60"}};
inline const char* const kIndex =
    R"({"name": "acme-ui", "channels": {"latest": "2.3.1", "beta": "3.0.0-b.1"},
  "versions": {"1.9.0": {}, "2.3.0": {}, "2.3.1": {}, "2.4.0": {"yanked": true}, "3.0.0-b.1": {}}})";
inline const char* const kNewer = R"({"name": "acme-ui", "channels": {"latest": "2.5.0"},
  "versions": {"2.3.1": {}, "2.5.0": {}}})";

inline Flow::Options bundles() {
  Flow::Options options;
  options.route.bundles.enabled = true;
  // So that no manifest is asked for.
  options.route.bundles.integrity = proxy::Integrity::off;
  options.route.bundles.releases.follow = false;
  options.route.early_hints = false;
  return options;
}

// The index, and then whatever is asked for.
inline void answer_index(Flow& flow, const char* index = kIndex, const Fields& fields = kMinute) {
  REQUIRE(flow.origin().last().target == "/acme-ui/index.json");
  flow.origin().answer(200, fields, index);
  flow.settle();
}

inline Answer get(Flow& flow, Client& client, const std::string& target) {
  const std::size_t before = flow.origin().fetches();
  client.get(target);
  if (flow.origin().fetches() > before)
    flow.origin().answer(200, kPlain, flow.origin().last().target);
  return client.answer();
}

} // namespace selvedge::test
