// The rules of a policy by what is known of every request: load, tier and class. Each row has only
// the rules that may decide something there, so that a calm request passes rules of a busy node
// without a look. Thread: any, once made.
#pragma once

#include "aspects.hpp"
#include "conditions.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace selvedge::policy {

class RuleTable {
public:
  // `options` stay where they are: verdicts point into them.
  explicit RuleTable(const PolicyOptions& options);

  Verdict verdict(const RequestFacts& facts) const;
  std::vector<RuleFinding> explain(const RequestFacts& facts) const;

private:
  struct Rule {
    const RuleOptions* options;
    Aspects aspects;
    overload::Importance priority; // when it says one
    Conditions when;
  };
  // A rule in a row.
  struct Candidate {
    std::uint16_t rule;
    Aspects aspects; // that no rule before it decides for all requests of the row
    bool has_rest;   // conditions that the row does not settle
  };

  std::size_t row_of(overload::LoadLevel load, std::uint8_t tier, ContentClass content) const;
  void add_row(overload::LoadLevel load, std::uint8_t tier, ContentClass content);
  void decide(Verdict& verdict, std::uint16_t rule, Aspects aspects) const;

  const PolicyOptions& options_;
  std::vector<Rule> rules_;
  std::vector<std::uint32_t> rows_; // where each begins; the next one ends it
  std::vector<Candidate> candidates_;
};

} // namespace selvedge::policy
