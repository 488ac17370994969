// What a route does to the fields of a message that leaves: takes some away, sets and adds others.
// Made with the routing, immutable. Thread: any, once made.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/downstream/stream.hpp>
#include <selvedge/http/head_block.hpp>
#include <selvedge/proxy/options.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace selvedge::proxy {

class HeaderRules {
public:
  explicit HeaderRules(const HeaderRuleOptions& options);

  // To be put behind what is left: names in lower case.
  std::span<const http::Field> added() const { return added_.fields(); }
  // Whether a field goes: it is to be removed, or set to something else.
  bool drops(const http::Field& field) const;

  void apply(http::FieldList& fields) const;

  // The answer by these rules: its fields are in the arena where they are not those it had.
  // `untouched`: a set of known names that the rules leave alone this time.
  downstream::Response applied(const downstream::Response& response, std::uint64_t untouched,
                               base::Arena& arena) const;

private:
  http::HeadBlock added_;
  http::HeadBlock dropped_;         // by their names
  std::uint64_t dropped_names_ = 0; // those that are known, and `unknown` for all others
};

// Null where there are none, so that a route without rules costs a comparison.
std::shared_ptr<const HeaderRules> make_header_rules(const HeaderRuleOptions& options);

} // namespace selvedge::proxy
