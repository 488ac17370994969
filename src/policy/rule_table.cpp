#include "rule_table.hpp"

#include <selvedge/base/assert.hpp>

#include <bit>
#include <utility>

namespace selvedge::policy {

namespace {

constexpr std::size_t kClasses = 4;

} // namespace

RuleTable::RuleTable(const PolicyOptions& options) : options_(options) {
  SELVEDGE_ASSERT(options.rules.size() < Verdict::kNoRule);
  for (const RuleOptions& rule : options.rules) {
    const auto priority = importance_named(rule.then.priority);
    rules_.push_back({&rule, aspects_of(rule.then),
                      priority.value_or(overload::Importance::standard),
                      Conditions(rule.when, options)});
  }
  rows_.push_back(0);
  for (std::size_t load = 0; load < overload::kLoadLevels; ++load) {
    for (std::size_t tier = 0; tier < options.tiers.size(); ++tier) {
      for (std::size_t content = 0; content < kClasses; ++content) {
        add_row(static_cast<overload::LoadLevel>(load), static_cast<std::uint8_t>(tier),
                static_cast<ContentClass>(content));
      }
    }
  }
}

std::size_t RuleTable::row_of(overload::LoadLevel load, std::uint8_t tier,
                              ContentClass content) const {
  const std::size_t tiers = options_.tiers.size();
  return (static_cast<std::size_t>(load) * tiers + tier) * kClasses +
         static_cast<std::size_t>(content);
}

void RuleTable::add_row(overload::LoadLevel load, std::uint8_t tier, ContentClass content) {
  unsigned open = kAllAspects;
  for (std::size_t i = 0; i < rules_.size() && open != 0; ++i) {
    const Rule& rule = rules_[i];
    const auto left = static_cast<Aspects>(rule.aspects & open);
    if (left == 0 || !rule.when.may_hold(load, tier, content)) continue;
    const bool has_rest = rule.when.has_rest();
    candidates_.push_back({static_cast<std::uint16_t>(i), left, has_rest});
    if (!has_rest) open &= ~unsigned{left};
  }
  rows_.push_back(static_cast<std::uint32_t>(candidates_.size()));
}

void RuleTable::decide(Verdict& verdict, std::uint16_t number, Aspects aspects) const {
  const Rule& rule = rules_[number];
  const RuleThen& then = rule.options->then;
  for (unsigned left = aspects; left != 0; left &= left - 1) {
    const auto at = static_cast<std::size_t>(std::countr_zero(left));
    verdict.decided_by[at] = number;
    switch (static_cast<Aspect>(at)) {
    case Aspect::priority:
      verdict.importance = rule.priority;
      break;
    case Aspect::rate_limit:
      verdict.rate_limit = &then;
      break;
    case Aspect::concurrency:
      verdict.concurrency = &then;
      break;
    case Aspect::serve_stale:
      verdict.serve_stale = then.serve_stale;
      break;
    case Aspect::origin:
      verdict.origin = then.origin;
      break;
    case Aspect::hits_only:
      verdict.hits_only = then.hits_only == Choice::yes;
      break;
    case Aspect::transforms:
      verdict.transforms = then.transforms == Choice::yes;
      break;
    case Aspect::redirect:
      verdict.redirect = &then.redirect;
      break;
    case Aspect::shed:
      verdict.shed = &then.shed;
      break;
    }
  }
}

Verdict RuleTable::verdict(const RequestFacts& facts) const {
  SELVEDGE_ASSERT(facts.identity.tier < options_.tiers.size());
  Verdict verdict;
  verdict.importance = options_.tiers[facts.identity.tier].priority;
  const std::size_t row = row_of(facts.load, facts.identity.tier, facts.content);
  const std::uint32_t begin = rows_[row];
  const std::uint32_t end = rows_[row + 1];
  if (begin == end) return verdict;

  const Question question(facts);
  unsigned open = kAllAspects;
  for (std::uint32_t i = begin; i < end; ++i) {
    const Candidate& candidate = candidates_[i];
    const auto left = static_cast<Aspects>(candidate.aspects & open);
    if (left == 0) continue;
    if (candidate.has_rest && !rules_[candidate.rule].when.rest_holds(question)) continue;
    decide(verdict, candidate.rule, left);
    open &= ~unsigned{left};
  }
  return verdict;
}

std::vector<RuleFinding> RuleTable::explain(const RequestFacts& facts) const {
  const Question question(facts);
  std::vector<RuleFinding> findings;
  unsigned open = kAllAspects;
  for (const Rule& rule : rules_) {
    const auto unmet = rule.when.unmet(question);
    RuleFinding finding;
    finding.rule = rule.options->name;
    finding.matches = !unmet;
    if (unmet) {
      finding.because = text_of(*unmet);
    } else {
      finding.decides = list_of(static_cast<Aspects>(rule.aspects & open));
      open &= ~unsigned{rule.aspects};
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

} // namespace selvedge::policy
